# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How many cameras at which rate one process carries, and two: with the network and without.

Without the network is what remains for the processor where a card does the network's work and
never waits: Python, transport, the prompt and the clouds.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import Results, Table
from benchmarks.serving import measure

COLUMNS = (
    'cameras', 'processes', 'offered /s', 'answered /s', 'least of a camera', 'p50 ms',
    'p99 ms', 'processor ms a frame',
)  # fmt: skip
OUTPUTS = 'depth/image_rect,points'
WARM_UP_SEC = 3.0  # of sending, in which the network is compiled


def main() -> None:
    """Run the benchmark."""
    arguments = parse_arguments()
    tables, lost = [], []
    for network in (True, False):
        rows = []
        for cameras in arguments.cameras:
            for processes in (1, 2) if cameras > 1 else (1,):
                rows.append(run(cameras, processes, arguments, network=network))
                print(rows[-1], flush=True)
        title = 'With the bundled network at 252x336' if network else 'Without a network'
        tables.append(Table(title, COLUMNS, rows))
        lost += [
            f'{title}, {row[0]} cameras, {row[1]} processes: {1 - row[3] / row[2]:.0%} of the '
            'frames gave way to newer ones or were lost.'
            for row in rows
            if row[3] < row[2]
        ]
    settings = (
        f'640x480 rgb8 and a sensor of 64x48 at {arguments.rate:g} frames/s a camera for '
        f'{arguments.seconds:g} s, depth and cloud received, shipped profile, engine '
        f'{arguments.engine}.'
    )
    Results('Cameras', tables, settings, lost).report(arguments.out)


def run(
    cameras: int, processes: int, arguments: argparse.Namespace, *, network: bool
) -> list[Any]:
    """Return a row of the table."""
    names = [f'camera{number}' for number in range(cameras)]
    nodes = {f'promptda{number}': names[number::processes] for number in range(processes)}
    frames = round(arguments.rate * (arguments.seconds + WARM_UP_SEC))
    pace = ['--rate', str(arguments.rate), '--frames', str(frames)]
    traffic = ['--outputs', OUTPUTS, *pace]
    seen, noted = measure(nodes, traffic, network=network, engine=arguments.engine)
    every = [list(answer.values()) for _, answer in seen]
    begun_ns = min(begin for each in every for begin, _ in each) + WARM_UP_SEC * 1e9
    answers = [[frame for frame in each if frame[0] >= begun_ns] for each in every]
    span_sec = span_of([frame for answer in answers for frame in answer])
    latencies_ms = [(end - begin) / 1e6 for each in answers for begin, end in each]
    return [
        cameras,
        processes,
        arguments.rate * cameras,
        sum(map(len, answers)) / span_sec,
        min(map(len, answers)) / span_sec,
        *(float(np.percentile(latencies_ms, percent)) for percent in (50, 99)),
        1e3 * sum(note['cpu_sec'] for note in noted) / sum(map(len, every)),
    ]


def span_of(frames: list[tuple[int, int]]) -> float:
    """Return the seconds from the first frame sent to the last received."""
    return (max(end for _, end in frames) - min(begin for begin, _ in frames)) / 1e9


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--cameras', type=int, nargs='+', default=[1, 2, 4])
    parser.add_argument('--rate', type=float, default=10.0, help='frames/s of a camera')
    parser.add_argument('--engine', default='auto', help='auto, torch, openvino or tensorrt')
    parser.add_argument('--seconds', type=float, default=10.0)
    parser.add_argument('--out', type=Path, default=Path('benchmark_output/cameras.json'))
    return parser.parse_args()


if __name__ == '__main__':
    main()
