# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a camera and its depth sensor send, for tests of the node and of its parts."""

from __future__ import annotations

import array
from typing import Any

from builtin_interfaces.msg import Time
import numpy as np
from rclpy.serialization import serialize_message
from rosbags.typesys import get_typestore, Stores
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

RECORDED = get_typestore(Stores.ROS2_JAZZY)
FRAME_ID = 'camera_color_optical_frame'
HEIGHT, WIDTH = 84, 112


def header_at(stamp_ns: int, frame_id: str = FRAME_ID) -> Header:
    """Return the header of a sensor's message."""
    sec, nanosec = divmod(stamp_ns, 1_000_000_000)
    return Header(stamp=Time(sec=sec, nanosec=nanosec), frame_id=frame_id)


def message_of(pixels: np.ndarray, encoding: str, header: Header, **fields: Any) -> Image:
    """Pack an array (H, W, ...) into an image message without padding."""
    height, width = pixels.shape[:2]
    message = Image(header=header, height=height, width=width, encoding=encoding)
    message.step = pixels.nbytes // height
    message.data = array.array('B', pixels.tobytes())
    for name, value in fields.items():
        setattr(message, name, value)
    return message


def as_recorded(message: Any) -> Any:
    """Return a message of ROS as rosbags reads it, whose arrays may not be written to."""
    type_name = f'sensor_msgs/msg/{type(message).__name__}'
    return RECORDED.deserialize_cdr(serialize_message(message), type_name)


class Sensors:
    """The messages of a camera that looks at a slope from 0.5 m to 1.5 m away."""

    def __init__(self, *, height: int = HEIGHT, width: int = WIDTH) -> None:
        self.height, self.width = height, width

    def image(self, stamp_ns: int, frame_id: str = FRAME_ID) -> Image:
        """Return a colour image with a bright square on a gradient."""
        pixels = np.zeros((self.height, self.width, 3), np.uint8)
        pixels[..., 0] = np.linspace(20, 220, self.width)
        pixels[..., 1] = np.linspace(40, 120, self.height)[:, None]
        pixels[self.height // 4 : self.height // 2, self.width // 4 : self.width // 2] = 230
        return message_of(pixels, 'rgb8', header_at(stamp_ns, frame_id))

    def depth(self, stamp_ns: int, frame_id: str = FRAME_ID) -> Image:
        """Return the slope as a 16-bit sensor of a quarter of the resolution sees it."""
        # A plane: its inverse depth is linear in the rows.
        rows = np.rint(1 / np.linspace(1 / 1500, 1 / 500, self.height // 4)).astype(np.uint16)
        pixels = np.repeat(rows[:, None], self.width // 4, axis=1)
        return message_of(pixels, '16UC1', header_at(stamp_ns, frame_id))

    def camera_info(self, stamp_ns: int, *, focal_px: float = 100.0, **fields: Any) -> CameraInfo:
        """Return the camera_info of an ideal camera."""
        cx, cy = (self.width - 1) / 2, (self.height - 1) / 2
        message = CameraInfo(
            header=header_at(stamp_ns),
            width=self.width,
            height=self.height,
            distortion_model='plumb_bob',
            d=[0.0] * 5,
            k=[focal_px, 0.0, cx, 0.0, focal_px, cy, 0.0, 0.0, 1.0],
            r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
            p=[focal_px, 0.0, cx, 0.0, 0.0, focal_px, cy, 0.0, 0.0, 0.0, 1.0, 0.0],
        )
        for name, value in fields.items():
            setattr(message, name, value)
        return message
