# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda demo`: the recorded camera over real DDS through the real node, and what comes out.

The node runs in a process of its own, as on a robot. Written are preview.png, cloud.ply and
report.json.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import subprocess
import sys
import time

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs_py import point_cloud2
from tqdm import tqdm

from promptda_ros.core.errors import PromptdaError
from promptda_ros.core.frame import FloatImage
from promptda_ros.core.settings import model_setting
from promptda_ros.exit_codes import ExitCode
from promptda_ros.process import StopSignal
from promptda_ros.recording import read_recording, RecordedFrame
from promptda_ros.share import share_folder
from promptda_ros.tools.arguments import number_above, Parser
from promptda_ros.tools.figure import depth_panels, error_panels, Panel, save_figure
from promptda_ros.tools.listener import Listener
from promptda_ros.tools.play import CAMERA_INFO_TOPIC, DEPTH_TOPIC, IMAGE_TOPIC, Player, RECORDING
from promptda_ros.tools.ply import write_ply
from promptda_ros.tools.report import count_drops, make_report, Report, Sent

NODE_NAME = 'promptda'
START_TIMEOUT_SEC = 60.0
SETTLE_TIMEOUT_SEC = 20.0
STOP_TIMEOUT_SEC = 10.0
PRIVATE_DOMAINS = 100


class DemoError(PromptdaError):
    """The demo can't go on; the text says why."""

    exit_code = ExitCode.INTERNAL


def main(argv: list[str], stop: StopSignal) -> int:
    """Run the demo and print a table; 0 when every frame is accounted for."""
    arguments = _parser().parse_args(argv)
    frames = read_recording(arguments.recording)
    _enter_private_domain()
    rclpy.init()
    peer = Peer()
    try:
        with _running_node(arguments.model, arguments.device) as process:
            peer.wait_for(process)
            sent = peer.replay(frames, period_sec=1 / arguments.rate)
    except DemoError as error:
        print(f'promptda demo: {error}', file=sys.stderr)
        return 1
    finally:
        peer.close()
    report = make_report(sent, peer.listener)
    _write(arguments.out, sent, peer.listener, report)
    print(report.table())
    print(f'results    preview.png, cloud.ply and report.json in {arguments.out}/')
    return 0 if report.accounted() == report.frames_sent else 1


class Peer:
    """The demo's own node: it plays the camera and listens to the results."""

    def __init__(self) -> None:
        self._node = Node('demo')
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._player = Player(self._node)
        self.listener = Listener(self._node, name=NODE_NAME)

    def close(self) -> None:
        """Leave the graph."""
        self._executor.remove_node(self._node)
        self._node.destroy_node()
        rclpy.try_shutdown()

    def wait_for(self, process: subprocess.Popen[bytes]) -> None:
        """Return when the node listens and publishes.

        Raises:
            DemoError: it ended, or takes too long.
        """
        self._spin_until(
            lambda: self._is_connected() or process.poll() is not None, START_TIMEOUT_SEC
        )
        if process.poll() is not None:
            raise DemoError(f'the node ended at start with exit code {process.poll()}')
        if not self._is_connected():
            raise DemoError(f'the node did not connect within {START_TIMEOUT_SEC:.0f} s')

    def replay(self, frames: list[RecordedFrame], *, period_sec: float) -> Sent:
        """Send all frames at their pace and return them by the stamps they were sent with."""
        sent: Sent = {}
        begun_sec = time.monotonic()
        for number, frame in enumerate(tqdm(frames, desc='replaying', unit='frame'), start=1):
            sent[self._player.send(frame)] = frame
            self._spin_until_time(begun_sec + number * period_sec)
        self._spin_until(lambda: self._has_settled(len(sent)), SETTLE_TIMEOUT_SEC)
        return sent

    def _is_connected(self) -> bool:
        return self._player.heard() and self.listener.is_served()

    def _has_settled(self, frames_sent: int) -> bool:
        """Tell whether the node has said what became of every frame and its results are here."""
        listener = self.listener
        published = listener.count('published.depth/image_rect')
        return (
            listener.count('image.received') == frames_sent
            and published + sum(count_drops(frames_sent, listener).values()) == frames_sent
            and len(listener.depths) == published
        )

    def _spin_until(self, condition: Callable[[], bool], timeout_sec: float) -> bool:
        deadline_sec = time.monotonic() + timeout_sec
        while not condition() and time.monotonic() < deadline_sec:
            self._executor.spin_once(timeout_sec=0.05)
        return condition()

    def _spin_until_time(self, until_sec: float) -> None:
        while (left_sec := until_sec - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left_sec)


def _parser() -> argparse.ArgumentParser:
    parser = Parser('demo', __doc__)
    parser.add_argument('--recording', type=Path, default=share_folder() / RECORDING)
    parser.add_argument('--rate', type=number_above(0.0), default=10.0, help='frames per second')
    parser.add_argument('--model', default='promptda-tiny', help='name, or folder with a slash')
    parser.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    parser.add_argument('--out', type=Path, default=Path('demo_output'))
    return parser


def _enter_private_domain() -> None:
    """Keep the demo's topics away from every robot on the network."""
    os.environ['ROS_DOMAIN_ID'] = str(1 + os.getpid() % PRIVATE_DOMAINS)
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    if os.environ.get('ROS_DISTRO') == 'humble':
        os.environ['ROS_LOCALHOST_ONLY'] = '1'  # what Humble has in its place


@contextmanager
def _running_node(model: str, device: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the node in a process of its own."""
    parameters = (model_setting(model), model), ('device', device)
    remaps = ('image', IMAGE_TOPIC), ('camera_info', CAMERA_INFO_TOPIC), ('depth', DEPTH_TOPIC)
    command = [sys.executable, '-m', 'promptda_ros.main', '--ros-args']
    for name, topic in remaps:
        command += ['-r', f'{name}:={topic}']
    for name, value in parameters:
        command += ['-p', f'{name}:={value}']
    process = subprocess.Popen(command)
    try:
        yield process
    finally:
        process.terminate()
        try:
            exit_code = process.wait(timeout=STOP_TIMEOUT_SEC)
        except subprocess.TimeoutExpired:
            process.kill()
            exit_code = process.wait()
    if exit_code != 0:
        raise DemoError(f'the node ended with exit code {exit_code}')


def _write(folder: Path, sent: Sent, listener: Listener, report: Report) -> None:
    (folder / 'report.json').write_text(report.to_json())
    if listener.last_points is None:
        return
    stamp_ns = listener.points[-1]
    frame, points = sent[stamp_ns], listener.last_points
    positions = point_cloud2.read_points_numpy(points, ['x', 'y', 'z'])
    write_ply(folder / 'cloud.ply', positions.reshape(points.height, points.width, 3), frame.image)
    save_figure(
        folder / 'preview.png',
        frame.image,
        _panels(frame, listener.depths[stamp_ns].depth_m),
        title=f'{report.model["name"]} on the last frame of the recording',
    )


def _panels(frame: RecordedFrame, ours_m: FloatImage) -> list[Panel]:
    sensor_m, exact_m = frame.sensor_depth_m(), frame.exact_depth_m
    bilinear_m = frame.bilinear_depth_m()
    height, width = sensor_m.shape
    return [
        *depth_panels(
            (f'sensor depth, {width}x{height}', sensor_m),
            ('our depth', ours_m),
            ('exact depth', exact_m),
        ),
        *error_panels(
            (_error_title('bilinear', bilinear_m - exact_m), np.abs(bilinear_m - exact_m)),
            (_error_title('our depth', ours_m - exact_m), np.abs(ours_m - exact_m)),
        ),
    ]


def _error_title(name: str, error_m: FloatImage) -> str:
    return f'error of {name}: {np.nanmean(np.abs(error_m)) * 1e3:.1f} mm mean'
