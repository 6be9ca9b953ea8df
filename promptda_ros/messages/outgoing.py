# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Messages <-> stamps, intrinsics and outputs; pixels are the business of encodings.py."""

from __future__ import annotations

import sys
from typing import Any

from promptda_ros.core.cloud.cloud import PointLayout
from promptda_ros.core.frame import FloatImage, Intrinsics
from promptda_ros.messages.message_types import MessageTypes
from promptda_ros.messages.stamps import NANOSECONDS

FLOAT32 = 7  # of sensor_msgs/PointField


def stamp_of(stamp_ns: int, types: MessageTypes) -> Any:
    """Return the stamp of a moment in nanoseconds."""
    sec, nanosec = divmod(stamp_ns, NANOSECONDS)
    return types.stamp(sec=sec, nanosec=nanosec)


def camera_info(intrinsics: Intrinsics, header: Any, types: MessageTypes) -> Any:
    """Build the camera_info of a rectified image: K and P agree, nothing is left to undo."""
    fx, fy, cx, cy = intrinsics.fx, intrinsics.fy, intrinsics.cx, intrinsics.cy
    return types.camera_info(
        header=header,
        width=intrinsics.width,
        height=intrinsics.height,
        distortion_model='plumb_bob',
        d=types.numbers([0.0] * 5),
        k=types.numbers([fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0]),
        r=types.numbers([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]),
        p=types.numbers([fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0]),
    )


def point_cloud(
    cloud: FloatImage,
    layout: PointLayout,
    header: Any,
    types: MessageTypes,
    *,
    is_dense: bool = False,
) -> Any:
    """Build the organised cloud of a buffer (H, W, point_step / 4) made by core.cloud.cloud."""
    height, width = cloud.shape[:2]
    message = types.point_cloud(
        header=header,
        height=height,
        width=width,
        fields=[
            types.point_field(name=name, offset=offset, datatype=FLOAT32, count=1)
            for name, offset in layout.offsets.items()
        ],
        is_bigendian=sys.byteorder == 'big',
        point_step=layout.point_step,
        row_step=layout.point_step * width,
        is_dense=is_dense,
    )
    if cloud.size:  # a cropped cloud may have no point, and memory without a byte no view
        message.data = types.bytes_of(cloud)
    return message


def dense_cloud(points: FloatImage, layout: PointLayout, header: Any, types: MessageTypes) -> Any:
    """Build the cloud of points (N, point_step / 4), all of them known, as a single row."""
    return point_cloud(points[None], layout, header, types, is_dense=True)
