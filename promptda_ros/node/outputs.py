# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the node publishes: messages made of a result, of what someone listens to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
import time
from typing import Any

from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from std_msgs.msg import Header

from promptda_ros.core.cloud.cloud import COMPACT_LAYOUT, NORMALS_LAYOUT
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.messages import outgoing
from promptda_ros.messages.millimetres import counts_of_metres
from promptda_ros.messages.outgoing_images import encode_depth, image_of

# Reliable suits reliable and best-effort subscribers alike: a best-effort publisher would leave
# RViz and every plain subscriber without a message. Few are kept, so that old frames never queue.
OUTPUT_QOS = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=5, reliability=ReliabilityPolicy.RELIABLE
)


@dataclass(frozen=True)
class Product:
    """A message that can be made of a result."""

    kind: type
    make: Callable[[FrameOutputs, Header], Any]


IMAGES = (Image, CompressedImage)  # which need no intrinsics

# In the order in which they are published: what planners wait for first, what takes long last.
PRODUCTS = {
    'depth/image_rect': Product(
        Image, lambda made, header: image_of(made.image_depth.depth_m, header, '32FC1')
    ),
    'depth/camera_info': Product(
        CameraInfo, lambda made, header: outgoing.camera_info(made.intrinsics, header)
    ),
    'depth/image_mm': Product(
        Image,
        lambda made, header: image_of(counts_of_metres(made.image_depth.depth_m), header, '16UC1'),
    ),
    'points': Product(
        PointCloud2, lambda made, header: outgoing.point_cloud(made.points, made.layout, header)
    ),
    'points_dense': Product(
        PointCloud2, lambda made, header: outgoing.dense_cloud(made.dense, COMPACT_LAYOUT, header)
    ),
    'points_normals': Product(
        PointCloud2,
        lambda made, header: outgoing.dense_cloud(made.with_normals, NORMALS_LAYOUT, header),
    ),
    'validity': Product(Image, lambda made, header: image_of(made.validity, header, 'mono8')),
    'uncertainty': Product(
        Image, lambda made, header: image_of(made.uncertainty_m, header, '32FC1')
    ),
    'depth/preview': Product(Image, lambda made, header: image_of(made.preview, header, 'rgb8')),
    'depth/image_rect/compressedDepth': Product(
        CompressedImage, lambda made, header: encode_depth(made.image_depth.depth_m, header)
    ),
    'depth/image_mm/compressedDepth': Product(
        CompressedImage,
        lambda made, header: encode_depth(counts_of_metres(made.image_depth.depth_m), header),
    ),
}


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

    def published(self) -> dict[str, int]:
        """Return how many messages of each output were published."""
        return {output: self._published[output] for output in OUTPUTS}

    def subscribed(self) -> list[str]:
        """Return the outputs with subscribers, in the order to publish them."""
        return [
            output
            for output, publisher in self._publishers.items()
            if publisher.get_subscription_count() > 0
        ]

    def make(self, output: str, result: FrameOutputs) -> Any:
        """Make a message with the image's stamp and frame_id, even without subscribers."""
        return PRODUCTS[output].make(result, outgoing.header_of(result.frame))

    def publish(self, result: FrameOutputs) -> float:
        """Make and publish what has subscribers; return how many seconds publishing took.

        One after the other, so that a depth image does not wait until the cloud is built. Without
        intrinsics there is no camera_info and no cloud.
        """
        frame, publish_sec = result.frame, 0.0
        for output in self.subscribed():
            kind = OUTPUTS[output]
            if frame.intrinsics is None and kind not in IMAGES:
                continue
            if frame.points_withheld and kind is PointCloud2:
                continue
            message = self.make(output, result)
            made_sec = time.perf_counter()
            self._publishers[output].publish(message)
            self._published[output] += 1
            publish_sec += time.perf_counter() - made_sec
        return publish_sec
