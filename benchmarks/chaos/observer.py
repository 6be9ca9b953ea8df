# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Listens to the node: keeps its outputs for the judges and its counters for the accounts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
import threading
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
import numpy as np
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from benchmarks.chaos.account import Counts, counts_of, without_pairs
from benchmarks.chaos.content import PATCH_PX
from benchmarks.chaos.fault import CAMERAS
from benchmarks.chaos.judge import CLOUD, DEPTH, INFO, Output
from promptda_ros.messages.stamps import stamp_ns_of

# Captures are latched and may be older than what the stream has come to; each has its own order.
TOPICS = {
    'depth/image_rect': Image,
    'depth/camera_info': CameraInfo,
    'points': PointCloud2,
    'capture/depth': Image,
}
KIND = {Image: DEPTH, CameraInfo: INFO, PointCloud2: CLOUD}
OUTPUT_QOS = QoSProfile(depth=500, durability=DurabilityPolicy.VOLATILE)
CALL_SEC = 60.0  # far above what an answer takes on a busy machine


class Observer:
    """A node in this process, spun by a thread from `open` to `close`; `node` is there between.

    Opened again it follows what the environment says of discovery by then.
    """

    def __init__(self, server: str) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._outputs: list[Output] = []
        self._counts: list[tuple[int, Counts]] = []  # by when they came, from the steady clock
        self.begun = (0, 0)  # how often all counters, and how often those of pairs, began anew

    def open(self) -> None:
        """Join the graph and listen."""
        self._context = Context()
        rclpy.init(context=self._context)
        self.node = rclpy.create_node('observer', context=self._context)
        self._subscriptions = {
            (camera, topic): self.node.create_subscription(
                kind,
                f'/{self._server}/{camera}/{topic}',
                partial(self._hear, camera, topic),
                OUTPUT_QOS,
            )
            for camera in CAMERAS
            for topic, kind in TOPICS.items()
        }
        self.node.create_subscription(DiagnosticArray, '/diagnostics', self._note, 100)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._is_open = True
        self._thread.start()

    def close(self) -> None:
        """Leave the graph."""
        self._is_open = False
        self._thread.join()
        self._executor.shutdown()
        self.node.destroy_node()
        self._context.try_shutdown()

    def take(self) -> list[Output]:
        """Return the outputs since the last call, in the order in which they came."""
        with self._lock:
            taken, self._outputs = self._outputs, []
        return taken

    def published(self) -> frozenset[tuple[str, int]]:
        """Return the topics and stamps of the outputs that wait to be taken."""
        with self._lock:
            return frozenset((each.topic, each.stamp_ns) for each in self._outputs)

    def depth_stamps(self, camera: str) -> list[int]:
        """Return the stamps of the depth of a camera that waits to be taken."""
        topic = f'{camera}/depth/image_rect'
        with self._lock:
            return [each.stamp_ns for each in self._outputs if each.topic == topic]

    def counts(self) -> Counts:
        """Return the last counters of every camera."""
        with self._lock:
            return self._counts[-1][1] if self._counts else {}

    def counts_since(self, since_ns: int) -> list[Counts]:
        """Return the counters that came since a moment."""
        with self._lock:
            return [each for when_ns, each in self._counts if when_ns >= since_ns]

    def forget_counts(self, *, drops: bool) -> None:
        """Forget counters, as those of pairs begin anew at activation, all where `drops`."""
        with self._lock:
            self.begun = (self.begun[0] + drops, self.begun[1] + 1)
            kept = without_pairs(self._counts[-1][1]) if self._counts and not drops else {}
            self._counts = [(time.monotonic_ns(), kept)]

    def is_served(self, camera: str) -> bool:
        """Tell whether a node offers the outputs of a camera."""
        return all(
            self._subscriptions[camera, topic].get_publisher_count() > 0 for topic in TOPICS
        )

    def call(self, kind: Any, service: str, request: Any, *, within_sec: float = CALL_SEC) -> Any:
        """Call a service and return its answer.

        Raises:
            TimeoutError: none came.
        """
        client = self.node.create_client(kind, service)
        try:
            if not client.wait_for_service(within_sec):
                raise TimeoutError(f'nobody offers {service}')
            done = threading.Event()
            future = client.call_async(request)
            future.add_done_callback(lambda _: done.set())
            if not done.wait(within_sec):
                raise TimeoutError(f'{service} did not answer')
            return future.result()
        finally:
            self.node.destroy_client(client)

    def _spin(self) -> None:
        while self._is_open:
            self._executor.spin_once(0.1)

    def _hear(self, camera: str, topic: str, message: Any) -> None:
        header, kind = message.header, KIND[type(message)]
        what: dict[str, Any] = {}
        if reader := READERS.get(kind):
            try:
                what = reader(message)
            except (ValueError, KeyError, IndexError) as error:
                what = {'broken': f'its pixels cannot be read: {error}'}
        output = Output(
            f'{camera}/{topic}', kind, camera, stamp_ns_of(header), header.frame_id,
            message.width, message.height, time.monotonic_ns(), **what,
        )  # fmt: skip
        with self._lock:
            self._outputs.append(output)

    def _note(self, message: DiagnosticArray) -> None:
        counts = counts_of(message.status)
        if counts:
            with self._lock:
                self._counts = [*self._counts[-1000:], (time.monotonic_ns(), counts)]


def _read_depth(message: Image) -> dict[str, Any]:
    if message.encoding != '32FC1':
        return {'broken': f'its encoding is {message.encoding}'}
    pixels = np.frombuffer(message.data, '<f4').reshape(message.height, message.width)
    return {'depth_m': pixels}


def _read_cloud(message: PointCloud2) -> dict[str, Any]:
    data = np.frombuffer(message.data, np.uint8)
    points = data.reshape(message.height, message.width, message.point_step)
    offsets = {field.name: field.offset for field in message.fields}
    depth_m = _floats(points, offsets['z'])
    blue, green, red = points[PATCH_PX // 2, PATCH_PX // 2, offsets['rgb'] :][:3].tolist()
    return {'depth_m': depth_m, 'colour': (red, green, blue)}


def _floats(points: np.ndarray, offset: int) -> Any:
    return np.ascontiguousarray(points[..., offset : offset + 4]).view('<f4')[..., 0]


READERS: dict[str, Callable[[Any], dict[str, Any]]] = {DEPTH: _read_depth, CLOUD: _read_cloud}
