# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the node can publish: the messages by the names of their topics, made of a result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from std_msgs.msg import Header

from promptda_ros import messages, millimetres
from promptda_ros.core.cloud import COMPACT_LAYOUT, NORMALS_LAYOUT
from promptda_ros.core.result import Result
from promptda_ros.image_messages import encode_depth


@dataclass(frozen=True)
class Product:
    """A message that can be made of a result."""

    kind: type
    make: Callable[[Result, Header], Any]

    def can_be_made(self, result: Result) -> bool:
        """Tell whether the frame has what the message needs."""
        if self.kind is PointCloud2 and result.frame.points_withheld:
            return False
        return self.kind in IMAGES or result.frame.intrinsics is not None


IMAGES = (Image, CompressedImage)  # which need no intrinsics

# In the order in which they are published: what planners wait for first, what takes long last.
PRODUCTS = {
    'depth/image_rect': Product(
        Image, lambda made, header: messages.depth_image(made.image_depth_m, header)
    ),
    'depth/camera_info': Product(
        CameraInfo, lambda made, header: messages.camera_info(made.intrinsics, header)
    ),
    'depth/image_mm': Product(
        Image, lambda made, header: messages.depth_image_mm(made.image_depth_m, header)
    ),
    'points': Product(
        PointCloud2, lambda made, header: messages.point_cloud(made.points, made.layout, header)
    ),
    'points_dense': Product(
        PointCloud2, lambda made, header: messages.dense_cloud(made.dense, COMPACT_LAYOUT, header)
    ),
    'points_normals': Product(
        PointCloud2,
        lambda made, header: messages.dense_cloud(made.with_normals, NORMALS_LAYOUT, header),
    ),
    'validity': Product(Image, lambda made, header: messages.grey_image(made.validity, header)),
    'uncertainty': Product(
        Image, lambda made, header: messages.depth_image(made.uncertainty_m, header)
    ),
    'depth/preview': Product(
        Image, lambda made, header: messages.colour_image(made.preview, header)
    ),
    'depth/image_rect/compressedDepth': Product(
        CompressedImage, lambda made, header: encode_depth(made.image_depth_m, header)
    ),
    'depth/image_mm/compressedDepth': Product(
        CompressedImage,
        lambda made, header: encode_depth(millimetres.from_metres(made.image_depth_m), header),
    ),
}
