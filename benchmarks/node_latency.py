# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Times what the node adds to the engine's time at 1280x720, over DDS between two processes.

Per frame: from sending the image to receiving the last of its outputs, without the engine
(prepare, infer, restore) and without the two hops.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import Results, Table
from benchmarks.serving import ENGINE, measure

HEARD = {
    'depth': 'depth/image_rect',
    'depth and cloud': 'depth/image_rect,points',
}
WARM_UP_FRAMES = 12  # after the first one the network is compiled, which takes some frames' time
COLUMNS = (
    '', 'answered', 'total p50', 'engine p50', 'hop in p50', 'hop out p50',
    'node least ms', 'node p50 ms', 'node p99 ms', 'of it build p50',
)  # fmt: skip


def main() -> None:
    """Run the benchmark."""
    arguments = parse_arguments()
    frames: dict[str, list[dict[str, float]]] = {name: [] for name in HEARD}
    sent = dict.fromkeys(HEARD, 0)
    for _ in range(arguments.rounds):
        for name, outputs in HEARD.items():
            found, count = run(outputs, arguments)
            frames[name] += found
            sent[name] += count
    rows = [row(name, frames[name], sent[name]) for name in HEARD]
    lost = [f'{name}: {sent[name] - len(each)} frames' for name, each in frames.items()]
    settings = (
        f'1280x720 rgb8 and a sensor of 64x36 at {arguments.rate:g} frames/s, '
        f'{"the bundled network" if arguments.network else "without a network"}, shipped '
        f'profile on both sides, {arguments.rounds} interleaved rounds of {arguments.frames}.'
    )
    table = Table('', COLUMNS, rows)
    Results('What the node adds', [table], settings, lost, frames).report(arguments.out)


def run(outputs: str, arguments: argparse.Namespace) -> tuple[list[dict[str, float]], int]:
    """Return the parts of every answered frame in milliseconds, and how many were sent."""
    size = ['--width', '1280', '--height', '720']
    pace = ['--rate', str(arguments.rate), '--frames', str(arguments.frames + WARM_UP_FRAMES)]
    seen, (noted,) = measure(
        {'promptda': ['']}, ['--outputs', outputs, *size, *pace], network=arguments.network
    )
    ((sent, answers),) = seen
    parts = [
        parts_of(noted['frames'][str(stamp)], answers[str(stamp)])
        for stamp in sent[WARM_UP_FRAMES:]
        if str(stamp) in answers
    ]
    return parts, len(sent) - WARM_UP_FRAMES


def parts_of(noted: dict[str, float], answer: tuple[int, int]) -> dict[str, float]:
    """Divide the time from sending to receiving, in milliseconds."""
    sent_ns, received_ns = answer
    total_ms = (received_ns - sent_ns) / 1e6
    engine_ms = sum(noted[stage] for stage in ENGINE)
    in_ms = (noted['arrival_ns'] - sent_ns) / 1e6
    out_ms = (received_ns - noted['done_ns']) / 1e6 + noted['publish']
    node_ms = total_ms - engine_ms - in_ms - out_ms
    parts = {'total': total_ms, 'engine': engine_ms, 'in': in_ms, 'out': out_ms, 'node': node_ms}
    return {**parts, 'build': noted['build']}


def row(name: str, frames: list[dict[str, float]], sent: int) -> list[Any]:
    """Return a row of the table."""
    medians = [_percentile(frames, part, 50) for part in ('total', 'engine', 'in', 'out')]
    own = [_percentile(frames, 'node', percent) for percent in (0, 50, 99)]
    built = _percentile(frames, 'build', 50)
    return [name, f'{len(frames)} of {sent}', *medians, *own, built]


def _percentile(frames: list[dict[str, float]], part: str, percent: int) -> float:
    return float(np.percentile([frame[part] for frame in frames], percent))


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--rate', type=float, default=4.0)
    parser.add_argument('--frames', type=int, default=40, help='of a round')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--without-network', dest='network', action='store_false')
    parser.add_argument('--out', type=Path, default=Path('benchmark_output/node_latency.json'))
    return parser.parse_args()


if __name__ == '__main__':
    main()
