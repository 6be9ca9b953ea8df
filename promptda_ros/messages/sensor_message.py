# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What images, depth and camera_info arrive as: the classes of ROS, or those of rosbags."""

from __future__ import annotations

from typing import Any, Protocol

from promptda_ros.core.geometry import camera_info


class Header(Protocol):
    """The fields of std_msgs/Header."""

    stamp: Any  # with sec and nanosec
    frame_id: str


class SensorMessage(Protocol):
    """An Image, a CompressedImage or a PointCloud2; further fields are known to its decoder."""

    header: Header
    data: Any  # bytes: array.array of rclpy, numpy array of rosbags


class CameraInfo(camera_info.CameraInfo, Protocol):
    """The fields of sensor_msgs/CameraInfo, with its header."""

    header: Header
