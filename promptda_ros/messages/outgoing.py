# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Messages <-> stamps, intrinsics and outputs; pixels are the business of encodings.py."""

from __future__ import annotations

import sys

from builtin_interfaces.msg import Time
from sensor_msgs.msg import CameraInfo, PointCloud2, PointField
from std_msgs.msg import Header

from promptda_ros.core.cloud.cloud import PointLayout
from promptda_ros.core.frame import FloatImage, Frame, Intrinsics
from promptda_ros.messages.outgoing_images import BY_REFERENCE, bytes_of
from promptda_ros.messages.stamps import NANOSECONDS


def stamp_of(stamp_ns: int) -> Time:
    """Return the stamp of a moment in nanoseconds."""
    sec, nanosec = divmod(stamp_ns, NANOSECONDS)
    return Time(sec=sec, nanosec=nanosec)


def header_of(frame: Frame) -> Header:
    """Return the header of everything made from a frame: the image's own stamp and frame id."""
    return Header(stamp=stamp_of(frame.stamp_ns), frame_id=frame.frame_id)


def camera_info(intrinsics: Intrinsics, header: Header) -> CameraInfo:
    """Build the camera_info of a rectified image: K and P agree, nothing is left to undo."""
    fx, fy, cx, cy = intrinsics.fx, intrinsics.fy, intrinsics.cx, intrinsics.cy
    return CameraInfo(
        header=header,
        width=intrinsics.width,
        height=intrinsics.height,
        distortion_model='plumb_bob',
        d=[0.0] * 5,
        k=[fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0],
        r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p=[fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0],
    )


def point_cloud(
    cloud: FloatImage, layout: PointLayout, header: Header, *, is_dense: bool = False
) -> PointCloud2:
    """Build the organised cloud of a buffer (H, W, point_step / 4) made by core.cloud.cloud."""
    height, width = cloud.shape[:2]
    message = PointCloud2(
        header=header,
        height=height,
        width=width,
        fields=[
            PointField(name=name, offset=offset, datatype=PointField.FLOAT32, count=1)
            for name, offset in layout.offsets.items()
        ],
        is_bigendian=sys.byteorder == 'big',
        point_step=layout.point_step,
        row_step=layout.point_step * width,
        is_dense=is_dense,
        **BY_REFERENCE,
    )
    if cloud.size:  # a cropped cloud may have no point, and memory without a byte no view
        message.data = bytes_of(cloud)
    return message


def dense_cloud(points: FloatImage, layout: PointLayout, header: Header) -> PointCloud2:
    """Build the cloud of points (N, point_step / 4), all of them known, as a single row."""
    return point_cloud(points[None], layout, header, is_dense=True)
