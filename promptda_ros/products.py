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
from promptda_ros.core.picture import colourise
from promptda_ros.core.result import Result
from promptda_ros.image_messages import encode_depth


@dataclass(frozen=True)
class Product:
    """A message that can be made of a result."""

    kind: type
    make: Callable[[Result, Header], Any]
    can_be_made: Callable[[Result], bool] = lambda _: True


def _depth(result: Result, header: Header) -> Image:
    return messages.depth_image(result.image_depth_m, header)


def _depth_mm(result: Result, header: Header) -> Image:
    return messages.depth_image_mm(result.image_depth_m, header)


def _depth_compressed(result: Result, header: Header) -> CompressedImage:
    return encode_depth(result.image_depth_m, header)


def _depth_mm_compressed(result: Result, header: Header) -> CompressedImage:
    return encode_depth(millimetres.from_metres(result.image_depth_m), header)


def _preview(result: Result, header: Header) -> Image:
    depth = result.image_depth
    picture = colourise(depth.depth_m, near_m=depth.near_m, far_m=depth.far_m)
    return messages.colour_image(picture, header)


def _validity(result: Result, header: Header) -> Image:
    return messages.grey_image(result.validity, header)


def _uncertainty(result: Result, header: Header) -> Image:
    return messages.depth_image(result.uncertainty_m, header)


def _camera_info(result: Result, header: Header) -> CameraInfo:
    assert result.frame.intrinsics is not None
    return messages.camera_info(result.frame.intrinsics, header)


def _points(result: Result, header: Header) -> PointCloud2:
    return messages.point_cloud(result.points, result.layout, header)


def _points_dense(result: Result, header: Header) -> PointCloud2:
    return messages.dense_cloud(result.dense, COMPACT_LAYOUT, header)


def _points_normals(result: Result, header: Header) -> PointCloud2:
    return messages.dense_cloud(result.with_normals, NORMALS_LAYOUT, header)


def _has_intrinsics(result: Result) -> bool:
    return result.frame.intrinsics is not None


def _may_show_points(result: Result) -> bool:
    return _has_intrinsics(result) and not result.frame.points_withheld


# In the order in which they are published: what planners wait for first, what takes long last.
PRODUCTS = {
    'depth/image_rect': Product(Image, _depth),
    'depth/camera_info': Product(CameraInfo, _camera_info, _has_intrinsics),
    'depth/image_mm': Product(Image, _depth_mm),
    'points': Product(PointCloud2, _points, _may_show_points),
    'points_dense': Product(PointCloud2, _points_dense, _may_show_points),
    'points_normals': Product(PointCloud2, _points_normals, _may_show_points),
    'validity': Product(Image, _validity),
    'uncertainty': Product(Image, _uncertainty),
    'depth/preview': Product(Image, _preview),
    'depth/image_rect/compressedDepth': Product(CompressedImage, _depth_compressed),
    'depth/image_mm/compressedDepth': Product(CompressedImage, _depth_mm_compressed),
}
