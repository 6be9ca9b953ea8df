# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Recordings of a rig before a board."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from test.recordings import MS, Recording
from test.rig.board import CAMERA, Rig
from test.sensors import header_at, message_of, Sensors


def record(rig: Rig, folder: Path, frames: int) -> Path:
    """Write frames of a rig to a bag, the depth in millimetres."""
    recording, sensors = Recording(), Sensors(height=CAMERA.height, width=CAMERA.width)
    for number in range(frames):
        frame = rig.frame(number)
        stamp_ns, header = frame.stamp_ns, header_at(frame.stamp_ns)
        info = sensors.camera_info(stamp_ns, focal_px=CAMERA.fx)
        depth_mm = np.rint(frame.sensor_depth_m * 1000).astype(np.uint16)
        recording.add('/camera/camera_info', info, stamp_ns + MS)
        recording.add('/camera/image', message_of(frame.image, 'rgb8', header), stamp_ns + 2 * MS)
        recording.add('/camera/depth', message_of(depth_mm, '16UC1', header), stamp_ns + 3 * MS)
    return recording.write(folder)
