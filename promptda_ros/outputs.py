# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Publishers; builds only what someone listens to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from promptda_ros import messages
from promptda_ros.core import cloud
from promptda_ros.core.frame import ByteImage, Depth, Frame, Intrinsics
from promptda_ros.core.picture import colourise
from promptda_ros.core.settings import OutputSettings

# Reliable suits reliable and best-effort subscribers alike: a best-effort publisher would leave
# RViz and every plain subscriber without a message. Few are kept, so that old frames never queue.
OUTPUT_QOS = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=5, reliability=ReliabilityPolicy.RELIABLE
)
OUTPUTS = {
    'depth/image_rect': Image,
    'depth/image_mm': Image,
    'depth/camera_info': CameraInfo,
    'depth/preview': Image,
    'points': PointCloud2,
}


@dataclass(frozen=True)
class Built:
    """A message ready to be published."""

    output: str
    message: Any


class Outputs:
    """The output topics of one camera; `prefix` begins every name, such as 'left/'."""

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
        """Tell whether anybody listens to anything."""
        return any(self._is_heard(output) for output in OUTPUTS)

    def published(self) -> dict[str, int]:
        """Return how many messages of each output were published."""
        return {output: self._published[output] for output in OUTPUTS}

    def build(
        self, frame: Frame, depth: Depth, intrinsics: Intrinsics | None, settings: OutputSettings
    ) -> list[Built]:
        """Build the messages that have listeners; without intrinsics no camera_info, no points."""
        makers = self._makers(frame, depth, intrinsics, settings)
        return [Built(output, make()) for output, make in makers.items() if self._is_heard(output)]

    def make(self, output: str, frame: Frame, depth: Depth, settings: OutputSettings) -> Any:
        """Build one message of a frame whose intrinsics are known, whoever listens."""
        return self._makers(frame, depth, frame.intrinsics, settings)[output]()

    def _makers(
        self, frame: Frame, depth: Depth, intrinsics: Intrinsics | None, settings: OutputSettings
    ) -> dict[str, Callable[[], Any]]:
        """Return what makes each output; all carry the stamp and the frame id of the image."""
        header = messages.header_of(frame)
        makers: dict[str, Callable[[], Any]] = {
            'depth/image_rect': lambda: messages.depth_image(depth.depth_m, header),
            'depth/image_mm': lambda: messages.depth_image_mm(depth.depth_m, header),
            'depth/preview': lambda: messages.colour_image(_picture(depth), header),
        }
        if intrinsics is not None:
            makers['depth/camera_info'] = lambda: messages.camera_info(intrinsics, header)
            makers['points'] = lambda: _points(frame, depth, intrinsics, settings)
        return makers

    def publish(self, built: list[Built]) -> None:
        """Publish what was built."""
        for each in built:
            self._publishers[each.output].publish(each.message)
            self._published[each.output] += 1

    def _is_heard(self, output: str) -> bool:
        return self._publishers[output].get_subscription_count() > 0


def _picture(depth: Depth) -> ByteImage:
    return colourise(depth.depth_m, near_m=depth.near_m, far_m=depth.far_m)


def _points(
    frame: Frame, depth: Depth, intrinsics: Intrinsics, settings: OutputSettings
) -> PointCloud2:
    depth_m = depth.depth_m
    if settings.edge_filter != 'off':
        depth_m = cloud.without_flying_pixels(depth_m, edge_step=settings.edge_step)
    layout = cloud.PCL_LAYOUT if settings.pcl_layout else cloud.COMPACT_LAYOUT
    points = cloud.build_cloud(depth_m, frame.image, intrinsics, layout)
    return messages.point_cloud(points, layout, messages.header_of(frame))
