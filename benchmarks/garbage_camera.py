# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Three cameras, one of which sends garbage of every kind: what the others lose by it.

The node runs in a process of its own, the drivers here. Exits 1 where a healthy camera loses
anything but `overrun`, or the node does not end with 0.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from itertools import cycle
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import Image

from benchmarks import garbage
from benchmarks.environment import private_environment
from benchmarks.results import REPOSITORY, Results, Table
from promptda_ros.bags.recording import read_recording
from promptda_ros.messages.message_types import ros_types
from promptda_ros.messages.outgoing import stamp_of
from promptda_ros.share import share_folder
from promptda_ros.tools.play import RECORDING, ros_message

HEALTHY, BAD = ('left', 'right'), 'bad'
COLUMNS = ('camera', 'sent', 'depth images', 'overrun', 'other drops', 'reasons')
START_SEC = 120.0
SETTLE_SEC = 3.0


class Drivers:
    """All three cameras, and who listens to the depth of the healthy ones."""

    def __init__(self, node: Node, *, server: str, seed: int) -> None:
        self.node = node
        self.rng = np.random.default_rng(seed)
        self.sent: Counter[str] = Counter()
        self.received: Counter[str] = Counter()
        self.drops: dict[str, dict[str, int]] = {}
        self._publishers: dict[str, Any] = {}
        self._frames = cycle(read_recording(share_folder() / RECORDING, ros_message)[:4])
        for name in (*HEALTHY, BAD):
            node.create_subscription(
                Image, f'/{server}/{name}/depth/image_rect', self._count(name), 10
            )
        node.create_subscription(DiagnosticArray, '/diagnostics', self._note, 10)

    def send(self, turn: int) -> None:
        """Send one frame of every camera."""
        frame, stamp = next(self._frames), stamp_of(time.time_ns(), ros_types())
        for name in HEALTHY:
            image = garbage_free(frame)
            for role, message in image.items():
                self._publish(f'/{name}/{role}', message, stamp)
            self.sent[name] += 1
        for topic, message in garbage.camera(turn, self.rng).items():
            self._publish(f'/{BAD}/{topic}', message, stamp)
        self.sent[BAD] += 1

    def end_turn(self) -> None:
        """Take the topics of the bad camera away, so that the next transport is found."""
        for topic in [each for each in self._publishers if each.startswith(f'/{BAD}/')]:
            self.node.destroy_publisher(self._publishers.pop(topic))

    def _publish(self, topic: str, message: Any, stamp: Any) -> None:
        if topic not in self._publishers:
            self._publishers[topic] = self.node.create_publisher(type(message), topic, 10)
        message.header.stamp = stamp
        self._publishers[topic].publish(message)

    def _count(self, name: str) -> Any:
        def count(_: Image) -> None:
            self.received[name] += 1

        return count

    def _note(self, message: DiagnosticArray) -> None:
        for status in message.status:
            name = status.name.rpartition(': ')[2].partition(' ')[0]
            drops = {
                each.key.removeprefix('drops.'): int(each.value)
                for each in status.values
                if each.key.startswith('drops.')
            }
            if drops:
                self.drops[name] = drops


def garbage_free(frame: Any) -> dict[str, Any]:
    """Return the messages of a healthy camera, so small that the network takes a short time."""
    pixels = np.ascontiguousarray(frame.image[::5, ::5])
    height, width = pixels.shape[:2]
    image = Image(height=height, width=width, encoding='rgb8', step=3 * width)
    image.data.frombytes(pixels.tobytes())
    image.header.frame_id = frame.frame_id
    return {'depth': frame.depth, 'image': image}


def main() -> int:
    """Run the node beside the drivers."""
    arguments = parse_arguments()
    environment = private_environment()
    os.environ.update(environment)
    parameters = [f'cameras:=[{", ".join((*HEALTHY, BAD))}]', 'device:=cpu', 'engine:=torch']
    parameters += ['model.resolution:=low', f'{BAD}.input.mask:=remove']
    parameters += [f'{BAD}.input.allow_frame_mismatch:=true', f'{BAD}.input.rectify:=true']
    flags = [word for each in parameters for word in ('-p', each)]
    command = [sys.executable, '-m', 'promptda_ros.main', '--ros-args', *flags]
    rclpy.init()
    drivers = Drivers(rclpy.create_node('drivers'), server='promptda', seed=arguments.seed)
    with tempfile.TemporaryFile() as log:  # a full pipe would stop the node
        node = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stderr=log)
        try:
            run(drivers, arguments)
        finally:
            node.terminate()
            node.wait()
        log.seek(0)
        said = log.read().decode(errors='replace')
    rclpy.try_shutdown()
    rows, bad = judge(drivers, node.returncode, said)
    settings = f'{arguments.rate:g} frames/s a camera for {arguments.seconds:g} s on the CPU.'
    found = {'drops': drivers.drops, 'exit_code': node.returncode}
    Results('One camera of garbage', [Table('', COLUMNS, rows)], settings, bad, found).report(
        arguments.out
    )
    return 1 if bad else 0


def run(drivers: Drivers, arguments: argparse.Namespace) -> None:
    """Send, once the node answers, until the time is over."""
    executor = SingleThreadedExecutor()
    executor.add_node(drivers.node)

    def spin(seconds: float) -> None:
        end_sec = time.monotonic() + seconds
        while (left_sec := end_sec - time.monotonic()) > 0:
            executor.spin_once(left_sec)

    begun_sec = time.monotonic()
    while not all(drivers.received[name] for name in HEALTHY):
        if time.monotonic() - begun_sec > START_SEC:
            raise SystemExit('the node did not answer')
        drivers.send(0)
        spin(1 / arguments.rate)
    spin(SETTLE_SEC)
    drivers.sent.clear()  # of the frames so far some came before the node listened
    drivers.received.clear()
    for turn in turns(arguments.seconds):
        if turn is None:
            drivers.end_turn()
            continue
        drivers.send(turn)
        spin(1 / arguments.rate)
    spin(SETTLE_SEC)


def turns(seconds: float) -> Iterator[int | None]:
    """Yield the transports that take turns until the time is over, None between them."""
    begun_sec = time.monotonic()
    for turn in range(len(garbage.TURNS)):
        while time.monotonic() - begun_sec < seconds * (turn + 1) / len(garbage.TURNS):
            yield turn
        yield None


def judge(drivers: Drivers, exit_code: int, said: str) -> tuple[list[list[Any]], list[str]]:
    """Return a row for each camera, and what is wrong in sentences."""
    rows, bad = [], []
    for name in (*HEALTHY, BAD):
        others = dict(drivers.drops.get(name, {}))
        overrun = others.pop('overrun', 0)
        reasons = ', '.join(f'{reason} {count}' for reason, count in sorted(others.items()))
        count = sum(others.values())
        rows.append([name, drivers.sent[name], drivers.received[name], overrun, count, reasons])
        if name in HEALTHY and count:
            bad.append(f'{name} lost {count} frames: {reasons}')
    if exit_code:
        bad.append(f'the node ended with {exit_code}: {said[-1000:]}')
    if 'Traceback' in said:
        bad.append('a traceback was printed')
    return rows, bad


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--seconds', type=float, default=60.0)
    parser.add_argument('--rate', type=float, default=5.0, help='frames/s of a camera')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--out', type=Path, default=Path('benchmark_output/garbage_camera.json'))
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
