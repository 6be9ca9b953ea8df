# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node in a process of its own, as it runs on a robot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import os
from pathlib import Path
import subprocess
import sys
import threading
import time

from diagnostic_msgs.msg import DiagnosticArray
import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.duration import Duration
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from promptda_ros.messages.message_types import ros_types
from promptda_ros.messages.outgoing_images import image_of

ROS = ros_types()
LIMIT_SEC = 100.0  # far above what anything here takes


class NodeProcess:
    """A running node whose log can be waited for."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def wait_for(self, text: str) -> None:
        """Return when a line of stderr holds the text; fail when the process ends without."""
        with self._changed:
            seen = self._changed.wait_for(
                lambda: text in self.stderr or self._process.poll() is not None, LIMIT_SEC
            )
        assert seen, f'{text!r} did not come'
        assert text in self.stderr

    def signal(self, number: int) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def exit_code(self) -> int:
        """Wait for the end."""
        code = self._process.wait(LIMIT_SEC)
        self._reader.join(LIMIT_SEC)
        return code

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Tell whether the process has ended and all that it said is in `stderr`."""
        return not self._reader.is_alive()

    def kill(self) -> None:
        """End the process at any price."""
        self._process.kill()
        self._reader.join(LIMIT_SEC)

    @property
    def stdout(self) -> str:
        """Everything printed, once the process has ended."""
        assert self._process.stdout is not None
        return self._process.stdout.read()

    @property
    def stderr(self) -> str:
        """Everything said so far."""
        return ''.join(self._lines)

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._process.wait()
            self._changed.notify_all()


@pytest.fixture
def start_node(domain_id: int, tmp_path: Path) -> Iterator[Callable[..., NodeProcess]]:
    """Start `python ARGUMENTS` on the test's own domain; the default is the node's process."""
    environment = {
        **os.environ,
        'ROS_DOMAIN_ID': str(domain_id),
        'XDG_CACHE_HOME': str(tmp_path / 'cache'),
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
        'ROS_LOG_DIR': str(tmp_path / 'log'),
        'OMP_NUM_THREADS': '1',
    }
    processes = []

    def start(
        *parameters: str, python: tuple[str, ...] = ('-m', 'promptda_ros.main')
    ) -> NodeProcess:
        given = [argument for each in parameters for argument in ('-p', each)]
        command = [sys.executable, *python, *(['--ros-args', *given] if given else [])]
        processes.append(NodeProcess(command, environment))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()


class Camera:
    """A camera and a depth sensor that send as fast as the node is asked to work."""

    def __init__(self, context: Context) -> None:
        self._node = rclpy.create_node('camera', context=context)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self._node)
        self._image = self._node.create_publisher(Image, '/image', 5)
        self._depth = self._node.create_publisher(Image, '/depth', 5)
        self.depths: list[Image] = []
        self.ahead_sec = 0.0  # how far the clock was stepped that it stamps with
        self._results = self._node.create_subscription(
            Image, '/promptda/depth/image_rect', self.depths.append, 5
        )
        self._reports: list[DiagnosticArray] = []
        self._listening = self._node.create_subscription(
            DiagnosticArray, '/diagnostics', self._reports.append, 5
        )

    def is_served(self) -> bool:
        """Tell whether a node publishes depth."""
        return self._results.get_publisher_count() > 0

    def report_of(self, node: NodeProcess) -> DiagnosticArray:
        """Send nothing until the node has reported by the clock that this camera has now."""
        self._reports.clear()
        end_sec = time.monotonic() + LIMIT_SEC
        while not (self._reports and abs(self._behind_sec(self._reports[-1])) < 5):
            assert time.monotonic() < end_sec, 'no report came in time'
            assert not node.has_ended, node.stderr
            self._executor.spin_once(timeout_sec=0.02)
        return self._reports[-1]

    def _behind_sec(self, message: DiagnosticArray) -> float:
        return time.time() + self.ahead_sec - float(message.header.stamp.sec)

    def send_until(self, condition: Callable[[], bool], node: NodeProcess | None = None) -> None:
        """Send frame after frame until the condition holds; fail when the node ends without."""
        end_sec = time.monotonic() + LIMIT_SEC
        while not condition():
            assert time.monotonic() < end_sec, 'nothing came of it in time'
            assert node is None or not node.has_ended or condition(), node.stderr
            self._send()
            self._executor.spin_once(timeout_sec=0.02)

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self._node.destroy_node()

    def _send(self) -> None:
        now = self._node.get_clock().now() + Duration(seconds=self.ahead_sec)
        header = Header(stamp=now.to_msg(), frame_id='camera')
        slope_m = np.linspace(0.5, 1.5, 24 * 32, dtype=np.float32).reshape(24, 32)
        self._depth.publish(image_of(slope_m, header, '32FC1', ROS))
        grey = np.full((96, 128, 3), 90, np.uint8)
        self._image.publish(image_of(grey, header, 'rgb8', ROS))


@pytest.fixture
def camera(ros_context: Context) -> Iterator[Camera]:
    """A camera on the test's own domain."""
    camera = Camera(ros_context)
    yield camera
    camera.close()
