# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Publishers; builds only what someone listens to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from promptda_ros import messages
from promptda_ros.core import cloud
from promptda_ros.core.frame import Depth, Frame, Intrinsics
from promptda_ros.core.picture import colourise
from promptda_ros.core.settings import OutputSettings

# Reliable suits reliable and best-effort subscribers alike: a best-effort publisher would leave
# RViz and every plain subscriber without a message. Few are kept, so that old frames never queue.
OUTPUT_QOS = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=5, reliability=ReliabilityPolicy.RELIABLE
)


@dataclass(frozen=True)
class Built:
    """A message ready to be published."""

    topic: str
    publisher: Publisher
    message: Any


class Outputs:
    """The node's output topics."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._depth = node.create_publisher(Image, '~/depth/image_rect', OUTPUT_QOS)
        self._depth_mm = node.create_publisher(Image, '~/depth/image_mm', OUTPUT_QOS)
        self._camera_info = node.create_publisher(CameraInfo, '~/depth/camera_info', OUTPUT_QOS)
        self._points = node.create_publisher(PointCloud2, '~/points', OUTPUT_QOS)
        self._preview = node.create_publisher(Image, '~/depth/preview', OUTPUT_QOS)

    def close(self) -> None:
        """Destroy the publishers."""
        for publisher in self._all():
            self._node.destroy_publisher(publisher)

    def wanted(self) -> bool:
        """Tell whether anybody listens to anything."""
        return any(publisher.get_subscription_count() for publisher in self._all())

    def build(
        self, frame: Frame, depth: Depth, intrinsics: Intrinsics | None, settings: OutputSettings
    ) -> list[Built]:
        """Build the messages that have listeners; without intrinsics no camera_info, no points.

        All carry the stamp and the frame id of the image.
        """
        header = messages.header_of(frame)
        built = []
        if _heard(self._depth):
            built.append(self._built(self._depth, messages.depth_image(depth.depth_m, header)))
        if _heard(self._depth_mm):
            image_mm = messages.depth_image_mm(depth.depth_m, header)
            built.append(self._built(self._depth_mm, image_mm))
        if intrinsics is not None and _heard(self._camera_info):
            info = messages.camera_info(intrinsics, header)
            built.append(self._built(self._camera_info, info))
        if intrinsics is not None and _heard(self._points):
            built.append(self._built(self._points, _points(frame, depth, intrinsics, settings)))
        if _heard(self._preview):
            picture = colourise(depth.depth_m, near_m=depth.near_m, far_m=depth.far_m)
            preview = messages.preview_image(picture, header)
            built.append(self._built(self._preview, preview))
        return built

    def _built(self, publisher: Publisher, message: Any) -> Built:
        return Built(publisher.topic_name, publisher, message)

    def _all(self) -> tuple[Publisher, ...]:
        return self._depth, self._depth_mm, self._camera_info, self._points, self._preview


def _heard(publisher: Publisher) -> bool:
    return publisher.get_subscription_count() > 0


def _points(
    frame: Frame, depth: Depth, intrinsics: Intrinsics, settings: OutputSettings
) -> PointCloud2:
    depth_m = depth.depth_m
    if settings.edge_filter:
        depth_m = cloud.without_flying_pixels(depth_m, edge_step=settings.edge_step)
    layout = cloud.PCL_LAYOUT if settings.pcl_layout else cloud.COMPACT_LAYOUT
    points = cloud.build_cloud(depth_m, frame.image, intrinsics, layout)
    return messages.point_cloud(points, layout, messages.header_of(frame))
