# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the page of `promptda view` costs the node: processor time of its process per frame.

In turns, an ordinary listener of the same topics and the page in a headless Chromium. Ends with 1
where the page costs more than 5 %.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
import os
from pathlib import Path
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from benchmarks.browser import opened_tab
from benchmarks.environment import private_environment
from benchmarks.processes import processor_sec
from benchmarks.results import REPOSITORY, Results, Table

MOST = 1.05
PORT = 8899
SETTLE_SEC = 3.0
START_SEC = 300.0  # with the compilation of the network
TOPICS = {
    'image': '/camera/camera/color/image_raw',
    'camera_info': '/camera/camera/color/camera_info',
    'depth': '/camera/camera/aligned_depth_to_color/image_raw',
}
HEARD = ('depth/image_rect', 'depth/uncertainty')  # as the page begins
TILE = "(document.querySelector('[data-pda-tile=depth] img')?.naturalWidth ?? 0) > 8"


def main() -> int:
    """Run the benchmark."""
    arguments = parse_arguments()
    if arguments.listen:
        listen()
        return 0
    found: dict[str, list[float]] = {'listener': [], 'page': []}
    with running_node(arguments.rate) as cost_of_frame:
        for number in range(arguments.rounds):
            looks = {'listener': listener, 'page': page}
            for name in sorted(looks, reverse=number % 2 == 1):
                with looks[name]():
                    found[name].append(cost_of_frame(arguments.seconds))
    medians = {name: statistics.median(each) for name, each in found.items()}
    ratio = medians['page'] / medians['listener']
    rows = [(name, medians[name], min(each), max(each)) for name, each in found.items()]
    table = Table('', ('', 'CPU ms a frame, median', 'least', 'most'), rows)
    settings = (
        f'The bundled recording at {arguments.rate:g} frames/s, {arguments.rounds} rounds of '
        f'{arguments.seconds:g} s each in turns, engine torch.'
    )
    said = [f'with the page {ratio - 1:+.1%}, at most {MOST - 1:.0%} is allowed']
    Results('The page and the node', [table], settings, said, found).report(arguments.out)
    return int(ratio > MOST)


@contextmanager
def running_node(rate: float) -> Iterator[Callable[[float], float]]:
    """Start the node and its camera; yields what measures CPU milliseconds a frame."""
    import rclpy

    remaps = [word for role, topic in TOPICS.items() for word in ('-r', f'{role}:={topic}')]
    parameters = ['-p', 'device:=cpu', '-p', 'engine:=torch']
    with (
        started('promptda_ros.main', '--ros-args', *remaps, *parameters) as node,
        started('promptda_ros.tools.main', 'play', '--loop', '--rate', str(rate)),
    ):
        rclpy.init()
        counter = Counter(rclpy.create_node('counter'))

        def cost_of_frame(seconds: float) -> float:
            begun = counter.published(), processor_sec(node.pid)
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                counter.spin()
            frames = counter.published() - begun[0]
            return 1e3 * (processor_sec(node.pid) - begun[1]) / max(1, frames)

        counter.wait_for_reports()
        yield cost_of_frame
        rclpy.try_shutdown()


class Counter:
    """Counts what the node has published, by its own reports."""

    def __init__(self, node: Any) -> None:
        from diagnostic_msgs.msg import DiagnosticArray

        self._node = node
        self._count = -1
        node.create_subscription(DiagnosticArray, '/diagnostics', self._take, 10)

    def spin(self) -> None:
        """Hear what has come."""
        import rclpy

        rclpy.spin_once(self._node, timeout_sec=0.2)

    def published(self) -> int:
        """Wait for the next report and return its number of depth images."""
        before, self._count = self._count, -1
        end = time.monotonic() + START_SEC
        while self._count < 0 and time.monotonic() < end:
            self.spin()
        return max(before, self._count)

    def wait_for_reports(self) -> None:
        """Wait until the node runs."""
        if self.published() < 0:
            raise SystemExit('the node does not report')

    def _take(self, message: Any) -> None:
        for status in message.status:
            for each in status.values:
                if each.key == 'published.depth/image_rect':
                    self._count = int(each.value)


@contextmanager
def listener() -> Iterator[None]:
    """Listen as any program does."""
    with started('benchmarks.page_cost', '--listen'):
        time.sleep(2 * SETTLE_SEC)
        yield


@contextmanager
def page() -> Iterator[None]:
    """Open the page and wait until it shows depth."""
    with (
        started(
            'promptda_ros.tools.main', 'view', '--port', str(PORT), stdout=subprocess.PIPE
        ) as view,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
    ):
        assert view.stdout is not None
        address = view.stdout.readline().split()[1]
        with opened_tab(Path(folder)) as tab:
            tab.open(address)
            tab.wait_for(TILE)
            time.sleep(SETTLE_SEC)
            yield


def listen() -> None:
    """Hear the topics of the page until the end."""
    import rclpy
    from rclpy.executors import ExternalShutdownException
    from rclpy.qos import qos_profile_sensor_data
    from sensor_msgs.msg import CameraInfo, Image

    rclpy.init()
    node = rclpy.create_node('listener')
    kinds = {'camera_info': CameraInfo}
    topics = {topic: kinds.get(role, Image) for role, topic in TOPICS.items()}
    topics |= {f'/promptda/{output}': Image for output in HEARD}
    for topic, kind in topics.items():
        node.create_subscription(kind, topic, lambda _: None, qos_profile_sensor_data)
    with suppress(ExternalShutdownException):  # the way to end it
        rclpy.spin(node)


@contextmanager
def started(module: str, *arguments: str, **pipes: Any) -> Iterator[subprocess.Popen[str]]:
    """Run a module in a process of its own until the end of the block."""
    command = [sys.executable, '-m', module, *arguments]
    with subprocess.Popen(command, cwd=REPOSITORY, text=True, **pipes) as process:
        try:
            yield process
        finally:
            process.terminate()


def enter_environment() -> None:
    """Use a ROS domain of its own and the shipped profile, as launch files do."""
    environment = private_environment()
    if environment != os.environ:  # the loader reads it only once
        command = [sys.executable, '-m', 'benchmarks.page_cost', *sys.argv[1:]]
        os.execve(sys.executable, command, environment)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--rate', type=float, default=1.0, help='frames per second')
    parser.add_argument('--seconds', type=float, default=30.0, help='of each measurement')
    parser.add_argument('--rounds', type=int, default=4)
    parser.add_argument('--out', type=Path, default=Path('benchmark_output/page_cost.json'))
    parser.add_argument('--listen', action='store_true', help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == '__main__':
    enter_environment()
    sys.exit(main())
