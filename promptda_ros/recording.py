# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The recorded camera: a rosbag2 file with colour, sensor depth, camera_info and exact depth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rclpy.serialization import deserialize_message
from rosbags.rosbag2 import Reader
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from promptda_ros import millimetres
from promptda_ros.core.frame import ByteImage, FloatImage
from promptda_ros.core.prompt import condition
from promptda_ros.core.settings import PromptSettings
from promptda_ros.encodings import read_depth
from promptda_ros.messages import stamp_ns_of

COLOUR_TOPIC = '/camera/color/image_raw/compressed'
CAMERA_INFO_TOPIC = '/camera/color/camera_info'
DEPTH_TOPIC = '/camera/depth/image_raw'
EXACT_DEPTH_TOPIC = '/camera/exact_depth/compressed'
TYPES = {
    COLOUR_TOPIC: CompressedImage,
    CAMERA_INFO_TOPIC: CameraInfo,
    DEPTH_TOPIC: Image,
    EXACT_DEPTH_TOPIC: CompressedImage,
}


@dataclass(frozen=True)
class RecordedFrame:
    """One moment of the recording."""

    stamp_ns: int
    frame_id: str
    image: ByteImage  # (H, W, 3) RGB
    camera_info: CameraInfo
    depth: Image  # 16UC1 of the sensor, with its own stamp
    exact_depth_m: FloatImage  # (H, W), NaN unknown

    def sensor_depth_m(self) -> FloatImage:
        """Return what the sensor measured (h, w), NaN unknown."""
        return read_depth(self.depth, depth_scale=0.0, max_pixels=self.exact_depth_m.size)

    def bilinear_depth_m(self) -> FloatImage:
        """Return what comes without a network (H, W): the hole-filled prompt, interpolated."""
        prompt = condition(self.sensor_depth_m(), PromptSettings())
        height, width = self.exact_depth_m.shape
        depth_m: FloatImage = cv2.resize(
            prompt.depth_m, (width, height), interpolation=cv2.INTER_LINEAR
        )
        return depth_m


def read_recording(path: Path) -> list[RecordedFrame]:
    """Read all frames; they fit into memory (a few seconds of 640x480)."""
    messages: dict[str, list[Any]] = {topic: [] for topic in TYPES}
    with Reader(path) as reader:
        for connection, _, data in reader.messages():
            message = deserialize_message(bytes(data), TYPES[connection.topic])
            messages[connection.topic].append(message)
    return [_frame(*together) for together in zip(*messages.values(), strict=True)]


def _frame(
    colour: CompressedImage, info: CameraInfo, depth: Image, exact: CompressedImage
) -> RecordedFrame:
    bgr = cv2.imdecode(np.frombuffer(colour.data, np.uint8), cv2.IMREAD_COLOR)
    exact_counts = cv2.imdecode(np.frombuffer(exact.data, np.uint8), cv2.IMREAD_UNCHANGED)
    return RecordedFrame(
        stamp_ns=stamp_ns_of(colour.header),
        frame_id=colour.header.frame_id,
        image=cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB),
        camera_info=info,
        depth=depth,
        exact_depth_m=millimetres.to_metres(exact_counts),
    )
