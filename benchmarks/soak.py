# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Two nodes for hours, one with a camera and one with three: does anything grow?

The nodes, and the cameras with their listeners, run in processes of their own. A sample is written
to the disk every minute. Ends with 1 where memory grows by more than 1 MB/h, files or threads
become more, a node does not end with 0, or the run is cut short.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, ExitStack, suppress
from dataclasses import asdict
from itertools import cycle
import json
from pathlib import Path
import subprocess
import sys
import time
from typing import Any, TYPE_CHECKING

from benchmarks.environment import private_environment
from benchmarks.processes import mib, open_files, status_of
from benchmarks.results import REPOSITORY, Results, Table
from benchmarks.soak_judge import COLUMNS, cut_short, judged, Sample, WARM_UP_SHARE

if TYPE_CHECKING:
    from benchmarks.traffic import Camera

NODES = {'one': [''], 'three': ['left', 'right', 'wrist']}
OUTPUTS = ['depth/image_rect', 'points']
LATE_SEC = 20.0  # later answers count as lost
START_SEC = 900.0  # far above what a start takes on a busy machine
MEMORY = {'anon_mb': 'RssAnon', 'file_mb': 'RssFile', 'shared_mb': 'RssShmem'}


def main() -> int:
    """Run the benchmark."""
    arguments = parse_arguments()
    if arguments.drive:
        return drive(arguments)
    lines = arguments.out.with_suffix('.jsonl')
    lines.parent.mkdir(parents=True, exist_ok=True)
    samples: list[Sample] = []
    with running(arguments) as (nodes, driver), lines.open('w', encoding='utf-8') as file:
        for sample in watched(nodes, driver):
            samples.append(sample)
            print(json.dumps(asdict(sample)), file=file, flush=True)
    codes = {name: node.wait() for name, node in nodes.items()}
    rows, bad = judged(samples, codes)
    bad += cut_short(samples, list(nodes), wanted=int(60 * arguments.hours / arguments.minutes))
    settings = (
        f'{arguments.hours:g} h in one go, {arguments.rate:g} frames/s of 640x480 a camera, '
        f'depth and cloud received, bundled network on the CPU; figures without the first '
        f'{WARM_UP_SHARE:.0%} of the time. Memory is that of the process alone (RssAnon). Shared '
        'memory is told apart: pages of the segments of Fast DDS, whose size is fixed, count from '
        'the first message that reaches them.'
    )
    table = Table('', COLUMNS, rows)
    Results('Soak', [table], settings, bad, figures=[asdict(each) for each in samples]).report(
        arguments.out
    )
    return int(bool(bad))


@contextmanager
def running(
    arguments: argparse.Namespace,
) -> Iterator[tuple[dict[str, subprocess.Popen[str]], subprocess.Popen[str]]]:
    """Start the nodes and what sends to them; all are asked to end after the block."""
    environment = private_environment()

    def start(*words: str, **pipes: Any) -> subprocess.Popen[str]:
        command = [sys.executable, '-m', *words]
        return subprocess.Popen(command, cwd=REPOSITORY, env=environment, text=True, **pipes)

    with ExitStack() as stack:
        nodes = {}
        for name, cameras in NODES.items():
            flags = ['-r', f'__node:={name}', '-p', 'device:=cpu']
            flags += ['-p', f'cameras:=[{",".join(cameras)}]'] if any(cameras) else []
            nodes[name] = start('promptda_ros.main', '--ros-args', *flags)
            stack.callback(nodes[name].terminate)
        pace = [f'--{name}={getattr(arguments, name)}' for name in ('hours', 'rate', 'minutes')]
        driver = start('benchmarks.soak', '--drive', *pace, stdout=subprocess.PIPE)
        stack.callback(driver.terminate)
        yield nodes, driver


def watched(
    nodes: Mapping[str, subprocess.Popen[str]], driver: subprocess.Popen[str]
) -> Iterator[Sample]:
    """Yield samples of all nodes whenever the driver tells what came of its frames."""
    assert driver.stdout is not None
    begun_sec = time.monotonic()
    for line in driver.stdout:
        for name, (sent, latencies_ms) in json.loads(line).items():
            if nodes[name].poll() is not None:
                return  # its exit code tells
            at_sec = round(time.monotonic() - begun_sec, 1)
            held = held_by(nodes[name].pid)
            yield Sample(at_sec, name, sent=sent, latencies_ms=latencies_ms, **held)


def held_by(pid: int) -> dict[str, Any]:
    """Return the memory of a process in MB and the numbers of its threads and files."""
    status = status_of(pid)
    memory = {name: mib(status[line]) for name, line in MEMORY.items()}
    return {**memory, 'threads': int(status['Threads']), 'files': open_files(pid)}


def drive(arguments: argparse.Namespace) -> int:
    """Be the cameras and who listens; print what came of the frames of every interval."""
    import rclpy
    from rclpy.executors import ExternalShutdownException

    from benchmarks.traffic import Camera

    rclpy.init()
    node = rclpy.create_node('drivers')
    cameras = {
        server: [Camera(node, name, OUTPUTS, server) for name in names]
        for server, names in NODES.items()
    }
    with suppress(ExternalShutdownException):  # the way to end it
        send(node, cameras, arguments)
    node.destroy_node()
    rclpy.try_shutdown()
    return 0


def send(
    node: Any, cameras: Mapping[str, Sequence[Camera]], arguments: argparse.Namespace
) -> None:
    """Send and listen until the time is over."""
    import rclpy

    from benchmarks.traffic import read_frames

    frames = list(read_frames(640, 480, kept=None))
    every = [camera for each in cameras.values() for camera in each]
    limit_sec = time.monotonic() + START_SEC
    while not all(camera.is_served() for camera in every):
        rclpy.spin_once(node, timeout_sec=0.1)
        if time.monotonic() > limit_sec:
            raise SystemExit(f'no node listens to every camera after {START_SEC:g} s')
    sending = [(camera, cycle(frames)) for camera in every]
    due_sec = time.monotonic()
    told_sec, end_sec = due_sec, due_sec + 3600 * arguments.hours
    while due_sec < end_sec:
        for camera, own in sending:
            camera.send(next(own))
            due_sec += 1 / (arguments.rate * len(every))
            while (wait_sec := due_sec - time.monotonic()) > 0:
                rclpy.spin_once(node, timeout_sec=wait_sec)
        if due_sec - told_sec >= 60 * arguments.minutes:
            told_sec = due_sec
            print(
                json.dumps({server: taken(each) for server, each in cameras.items()}), flush=True
            )


def taken(cameras: Sequence[Camera]) -> tuple[int, list[float]]:
    """Return how many frames were sent and what the answered ones took in ms, and forget them."""
    late_ns = time.monotonic_ns() - LATE_SEC * 1e9
    sent, latencies_ms = 0, []
    for camera in cameras:
        for stamp_ns in [stamp for stamp in camera.received_ns if stamp not in camera.sent_ns]:
            del camera.received_ns[stamp_ns]  # it came too late
        answers = camera.answers()
        for stamp_ns in [stamp for stamp, at_ns in camera.sent_ns.items() if at_ns < late_ns]:
            sent += 1
            if stamp_ns in answers:
                begun_ns, ended_ns = answers[stamp_ns]
                latencies_ms.append(round((ended_ns - begun_ns) / 1e6, 1))
            del camera.sent_ns[stamp_ns]
            camera.received_ns.pop(stamp_ns, None)
    return sent, latencies_ms


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--hours', type=float, default=2.0)
    parser.add_argument('--rate', type=float, default=10.0, help='frames/s of a camera')
    parser.add_argument('--minutes', type=float, default=1.0, help='between samples')
    parser.add_argument('--out', type=Path, default=Path('benchmark_output/soak.json'))
    parser.add_argument('--drive', action='store_true', help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
