# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Publishers; builds only what someone listens to."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import PointCloud2

from promptda_ros import messages
from promptda_ros.core.result import Result
from promptda_ros.products import PRODUCTS

# Reliable suits reliable and best-effort subscribers alike: a best-effort publisher would leave
# RViz and every plain subscriber without a message. Few are kept, so that old frames never queue.
OUTPUT_QOS = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=5, reliability=ReliabilityPolicy.RELIABLE
)
OUTPUTS = {name: product.kind for name, product in PRODUCTS.items()}


class Outputs:
    """The output topics of one camera; the prefix is '' or its name and a slash."""

    def __init__(self, node: Node, prefix: str = '') -> None:
        self._node = node
        self._publishers = {
            name: node.create_publisher(kind, f'~/{prefix}{name}', OUTPUT_QOS)
            for name, kind in OUTPUTS.items()
        }
        self._published: Counter[str] = Counter()

    def close(self) -> None:
        """Destroy the publishers."""
        for publisher in self._publishers.values():
            self._node.destroy_publisher(publisher)

    def wanted(self) -> bool:
        """Tell whether any output has subscribers."""
        return any(self._is_heard(output) for output in OUTPUTS)

    def shows_points(self) -> bool:
        """Tell whether any cloud has subscribers."""
        return any(
            self._is_heard(output) for output, kind in OUTPUTS.items() if kind is PointCloud2
        )

    def published(self) -> dict[str, int]:
        """Return how many messages of each output were published."""
        return {output: self._published[output] for output in OUTPUTS}

    def heard(self, result: Result) -> list[str]:
        """Return the outputs of the result with subscribers, in the order to publish them.

        Without intrinsics there is no camera_info and no cloud.
        """
        return [
            output
            for output, product in PRODUCTS.items()
            if self._is_heard(output) and product.can_be_made(result)
        ]

    def make(self, output: str, result: Result) -> Any:
        """Make a message with the image's stamp and frame_id, even without subscribers."""
        return PRODUCTS[output].make(result, messages.header_of(result.frame))

    def publish(self, output: str, message: Any) -> None:
        """Publish what was made."""
        self._publishers[output].publish(message)
        self._published[output] += 1

    def _is_heard(self, output: str) -> bool:
        return bool(self._publishers[output].get_subscription_count() > 0)
