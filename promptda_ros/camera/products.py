# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The messages that can be made of a frame and its depth."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from promptda_ros.core.cloud.cloud import COMPACT_LAYOUT, NORMALS_LAYOUT
from promptda_ros.core.frame import Frame
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.messages import outgoing
from promptda_ros.messages.message_types import (
    CAMERA_INFO,
    COMPRESSED_IMAGE,
    IMAGE,
    MessageTypes,
    POINT_CLOUD,
)
from promptda_ros.messages.millimetres import counts_of_metres
from promptda_ros.messages.outgoing_images import encode_depth, encode_picture, image_of


@dataclass(frozen=True)
class Product:
    """A message that can be made of a result, with a header."""

    type_name: str
    make: Callable[[FrameOutputs, Any, MessageTypes], Any]


# In the order in which they are published: what planners wait for first, what takes long last.
PRODUCTS = {
    'depth/image_rect': Product(
        IMAGE,
        lambda made, header, types: image_of(made.image_depth.depth_m, header, '32FC1', types),
    ),
    'depth/camera_info': Product(
        CAMERA_INFO,
        lambda made, header, types: outgoing.camera_info(made.intrinsics, header, types),
    ),
    'depth/image_mm': Product(
        IMAGE,
        lambda made, header, types: image_of(
            counts_of_metres(made.image_depth.depth_m), header, '16UC1', types
        ),
    ),
    'points': Product(
        POINT_CLOUD,
        lambda made, header, types: outgoing.point_cloud(made.points, made.layout, header, types),
    ),
    'points_dense': Product(
        POINT_CLOUD,
        lambda made, header, types: outgoing.dense_cloud(
            made.dense, COMPACT_LAYOUT, header, types
        ),
    ),
    'points_normals': Product(
        POINT_CLOUD,
        lambda made, header, types: outgoing.dense_cloud(
            made.with_normals, NORMALS_LAYOUT, header, types
        ),
    ),
    'depth/validity': Product(
        IMAGE, lambda made, header, types: image_of(made.validity, header, 'mono8', types)
    ),
    'depth/uncertainty': Product(
        IMAGE, lambda made, header, types: image_of(made.uncertainty_m, header, '32FC1', types)
    ),
    'depth/preview': Product(
        IMAGE, lambda made, header, types: image_of(made.preview, header, 'rgb8', types)
    ),
    'depth/preview/compressed': Product(
        COMPRESSED_IMAGE, lambda made, header, types: encode_picture(made.preview, header, types)
    ),
    'depth/image_rect/compressedDepth': Product(
        COMPRESSED_IMAGE,
        lambda made, header, types: encode_depth(made.image_depth.depth_m, header, types),
    ),
    'depth/image_mm/compressedDepth': Product(
        COMPRESSED_IMAGE,
        lambda made, header, types: encode_depth(
            counts_of_metres(made.image_depth.depth_m), header, types
        ),
    ),
}
CLOUDS = frozenset(name for name, each in PRODUCTS.items() if each.type_name == POINT_CLOUD)
NEED_INTRINSICS = CLOUDS | {'depth/camera_info'}


def available(names: Iterable[str], frame: Frame) -> list[str]:
    """Return which of these products a frame has: some need its intrinsics, clouds its mask."""
    missing = frozenset() if frame.intrinsics is not None else NEED_INTRINSICS
    if frame.points_withheld:
        missing |= CLOUDS
    return [name for name in names if name not in missing]


def make(name: str, result: FrameOutputs, types: MessageTypes) -> Any:
    """Make a message with the image's stamp and frame_id."""
    frame = result.frame
    stamp = outgoing.stamp_of(frame.stamp_ns, types)
    header = types.header(stamp=stamp, frame_id=frame.frame_id)
    return PRODUCTS[name].make(result, header, types)
