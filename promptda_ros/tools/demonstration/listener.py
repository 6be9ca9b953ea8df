# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Subscribes to what the node publishes and keeps it for the demo's report."""

from __future__ import annotations

from dataclasses import dataclass

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from sensor_msgs.msg import Image, PointCloud2

from promptda_ros.core.frame import FloatImage
from promptda_ros.messages.encodings import read_depth
from promptda_ros.messages.stamps import stamp_ns_of

QUEUE = 50
PIXELS_AT_MOST = 16_000_000


@dataclass(frozen=True)
class Received:
    """The depth of one frame, and how long it took from the image's stamp to here."""

    depth_m: FloatImage
    latency_sec: float


class Listener:
    """What has arrived so far; depth by the stamp of its image."""

    def __init__(self, node: Node, *, name: str) -> None:
        self.depths: dict[int, Received] = {}
        self.points: list[int] = []  # stamps
        self.last_points: PointCloud2 | None = None
        self.figures: dict[str, str] = {}  # of /diagnostics, all parts of the node together
        self._node = node
        self._clock = node.get_clock()
        self._depth = node.create_subscription(
            Image, f'/{name}/depth/image_rect', self._on_depth, QUEUE
        )
        self._points = node.create_subscription(
            PointCloud2, f'/{name}/points', self._on_points, QUEUE
        )
        node.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, QUEUE)

    def close(self) -> None:
        """Listen to nothing any more, so that nothing is computed for this."""
        for subscription in (self._depth, self._points):
            self._node.destroy_subscription(subscription)

    def is_served(self) -> bool:
        """Return whether the node publishes."""
        return all(
            subscription.get_publisher_count() for subscription in (self._depth, self._points)
        )

    def count(self, figure: str) -> int:
        """Return one of the node's counters."""
        return int(self.figures.get(figure, '0'))

    def counts(self, prefix: str) -> dict[str, int]:
        """Return the node's counters below a prefix that are not zero."""
        found = {
            name.removeprefix(prefix): int(value)
            for name, value in self.figures.items()
            if name.startswith(prefix)
        }
        return {name: number for name, number in found.items() if number}

    def _on_depth(self, message: Image) -> None:
        stamp_ns = stamp_ns_of(message.header)
        depth_m = read_depth(message, depth_scale=0.0, max_pixels=PIXELS_AT_MOST)
        latency_sec = (self._clock.now().nanoseconds - stamp_ns) / 1e9
        self.depths[stamp_ns] = Received(depth_m, latency_sec)

    def _on_points(self, message: PointCloud2) -> None:
        self.points.append(stamp_ns_of(message.header))
        self.last_points = message

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            self.figures.update({each.key: each.value for each in status.values})
