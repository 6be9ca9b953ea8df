# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What images and depth arrive as."""

from __future__ import annotations

from typing import TypeAlias

from sensor_msgs.msg import CompressedImage, Image, PointCloud2

SensorMessage: TypeAlias = Image | CompressedImage | PointCloud2
