# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Messages of any transport -> RGB and metres, for the node and for recordings alike.

What decodes imports no ROS and takes whatever has the fields of the message, those of `rosbags`
too: its fields tell what a message is, such as the format of a compressed one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptda_ros.core.frame import ByteImage, FloatImage
from promptda_ros.core.settings.input import InputSettings
from promptda_ros.messages.compressed import read_compressed_image
from promptda_ros.messages.compressed_depth import decode_depth
from promptda_ros.messages.encodings import read_depth, read_image

if TYPE_CHECKING:
    from promptda_ros.messages.sensor_message import SensorMessage


def is_points(message: SensorMessage) -> bool:
    """Return whether depth arrives as the points of a cloud."""
    return hasattr(message, 'point_step')


def read_any_image(message: SensorMessage, settings: InputSettings) -> ByteImage:
    """Return the image of a message in any transport as RGB (H, W, 3).

    Raises:
        BadFrame: the message can't be read.
    """
    read = read_compressed_image if hasattr(message, 'format') else read_image
    return read(message, max_pixels=settings.max_pixels)


def read_any_depth(message: SensorMessage, settings: InputSettings) -> FloatImage:
    """Return the depth image (h, w) of a message in any transport in metres.

    Raises:
        BadFrame: the message can't be read.
    """
    read = decode_depth if hasattr(message, 'format') else read_depth
    return read(message, depth_scale=settings.depth_scale, max_pixels=settings.max_pixels)
