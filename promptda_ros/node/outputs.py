# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the node publishes: the products that someone listens to."""

from __future__ import annotations

from collections import Counter
import time

from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2

from promptda_ros.camera.products import available, make, PRODUCTS
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.messages.message_types import (
    CAMERA_INFO,
    COMPRESSED_IMAGE,
    IMAGE,
    POINT_CLOUD,
    ros_types,
)

# Reliable suits reliable and best-effort subscribers alike: a best-effort publisher would leave
# RViz and every plain subscriber without a message. Few are kept, so that old frames never queue.
OUTPUT_QOS = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=5, reliability=ReliabilityPolicy.RELIABLE
)


KINDS = {
    IMAGE: Image,
    COMPRESSED_IMAGE: CompressedImage,
    CAMERA_INFO: CameraInfo,
    POINT_CLOUD: PointCloud2,
}
OUTPUTS = {name: KINDS[product.type_name] for name, product in PRODUCTS.items()}
# Names of version 0.1, which stay for one version -> what is published on them
OLD_OUTPUTS = {'validity': 'depth/validity', 'uncertainty': 'depth/uncertainty'}


class Outputs:
    """The output topics of one camera; the prefix is '' or its name and a slash."""

    def __init__(self, node: Node, prefix: str = '') -> None:
        self._node = node
        kinds = OUTPUTS | {old: OUTPUTS[name] for old, name in OLD_OUTPUTS.items()}
        self._publishers = {
            name: node.create_publisher(kind, f'~/{prefix}{name}', OUTPUT_QOS)
            for name, kind in kinds.items()
        }
        self._published: Counter[str] = Counter()

    def close(self) -> None:
        """Destroy the publishers."""
        for publisher in self._publishers.values():
            self._node.destroy_publisher(publisher)

    def published(self) -> dict[str, int]:
        """Return how many messages of each output were published."""
        return {output: self._published[output] for output in self._publishers}

    def subscribed(self) -> list[str]:
        """Return the outputs with subscribers, in the order to publish them."""
        return [
            output
            for output, publisher in self._publishers.items()
            if publisher.get_subscription_count() > 0
        ]

    def heard_by_old_names(self) -> dict[str, str]:
        """Return the topics with subscribers that have another name now, and that name."""
        return {
            self._publishers[old].topic_name: self._publishers[name].topic_name
            for old, name in OLD_OUTPUTS.items()
            if self._publishers[old].get_subscription_count() > 0
        }

    def publish(self, result: FrameOutputs) -> float:
        """Make and publish what has subscribers; return how many seconds publishing took.

        One after the other, so that a depth image does not wait until the cloud is built.
        """
        publish_sec = 0.0
        for output in available(self.subscribed(), result.frame):
            message = make(OLD_OUTPUTS.get(output, output), result, ros_types())
            made_sec = time.perf_counter()
            self._publishers[output].publish(message)
            self._published[output] += 1
            publish_sec += time.perf_counter() - made_sec
        return publish_sec
