# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The classes that messages are built of: those of ROS, or of rosbags, which needs no ROS."""

from __future__ import annotations

import array
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

IMAGE = 'sensor_msgs/msg/Image'
COMPRESSED_IMAGE = 'sensor_msgs/msg/CompressedImage'
CAMERA_INFO = 'sensor_msgs/msg/CameraInfo'
POINT_CLOUD = 'sensor_msgs/msg/PointCloud2'


@dataclass(frozen=True)
class MessageTypes:
    """What makes each message of its fields, and the containers that some fields take.

    Messages with `data` are made without it, since it is assigned afterwards.
    """

    stamp: Callable[..., Any]
    header: Callable[..., Any]
    image: Callable[..., Any]
    compressed_image: Callable[..., Any]
    camera_info: Callable[..., Any]
    point_cloud: Callable[..., Any]
    point_field: Callable[..., Any]
    bytes_of: Callable[..., Any]  # `data`, of arrays one after the other
    numbers: Callable[[list[float]], Any]  # arrays of doubles


@cache
def ros_types() -> MessageTypes:
    """Return the classes of ROS, imported when a node or a player asks for them."""
    from builtin_interfaces.msg import Time
    from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2, PointField
    from std_msgs.msg import Header

    # Where fields are not checked, as from Jazzy on, assigning `data` copies the array that it is
    # given; a message made with this keeps it. Older ones always check and know no such argument.
    by_reference = {'check_fields': True} if '_check_fields' in Image.__slots__ else {}
    return MessageTypes(
        stamp=Time,
        header=Header,
        image=partial(Image, **by_reference),
        compressed_image=partial(CompressedImage, **by_reference),
        camera_info=CameraInfo,
        point_cloud=partial(PointCloud2, **by_reference),
        point_field=PointField,
        bytes_of=bytes_of,
        numbers=list,
    )


@cache
def rosbags_types() -> MessageTypes:
    """Return the classes with which rosbags writes messages; they have no defaults."""
    from rosbags.typesys import get_typestore, Stores

    types = get_typestore(Stores.ROS2_JAZZY).types
    nothing = np.empty(0, np.uint8)
    whole = types['sensor_msgs/msg/RegionOfInterest'](0, 0, 0, 0, False)
    return MessageTypes(
        stamp=types['builtin_interfaces/msg/Time'],
        header=types['std_msgs/msg/Header'],
        image=partial(types[IMAGE], data=nothing),
        compressed_image=partial(types[COMPRESSED_IMAGE], data=nothing),
        camera_info=partial(types[CAMERA_INFO], binning_x=0, binning_y=0, roi=whole),
        point_cloud=partial(types[POINT_CLOUD], data=nothing),
        point_field=types['sensor_msgs/msg/PointField'],
        bytes_of=numpy_bytes_of,
        numbers=partial(np.array, dtype=np.float64),
    )


def bytes_of(*arrays: np.ndarray) -> array.array[int]:
    """Return the bytes, copied once, as the one type that rclpy takes without a loop."""
    data = array.array('B')
    for each in arrays:
        data.frombytes(np.ascontiguousarray(each).data.cast('B'))
    return data


def numpy_bytes_of(*arrays: np.ndarray) -> np.ndarray:
    """Return the bytes, copied once, as rosbags has them."""
    parts = [np.ascontiguousarray(each).reshape(-1).view(np.uint8) for each in arrays]
    return np.concatenate(parts)
