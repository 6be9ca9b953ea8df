# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A picture of a point cloud, seen from beside the camera."""

from __future__ import annotations

import cv2
import numpy as np

from promptda_ros.core.frame import ByteImage, FloatImage, Intrinsics

TURN_DEG = 32.0, 14.0  # around the scene: to the right of the camera, and above it
FRAMED_PERCENT = 1, 99  # of the points along each side of the picture
MARGIN = 0.03
SPLAT_PX = 2
BACKGROUND = 255


def side_view(points_m: FloatImage, colours: ByteImage, camera: Intrinsics) -> ByteImage:
    """Draw the known points (H, W, 3) in their colours; the nearer ones cover the others."""
    known = np.isfinite(points_m).all(axis=-1)
    seen_m = _turned(points_m[known])
    across, down, depth_m = seen_m.T
    in_front = depth_m > 0
    columns = _framed(across[in_front] / depth_m[in_front], camera.width)
    rows = _framed(down[in_front] / depth_m[in_front], camera.height)
    order = np.argsort(-depth_m[in_front])
    picture = np.full((camera.height, camera.width, 3), BACKGROUND, np.uint8)
    colours_seen = colours[known][in_front][order]
    for row, column in np.ndindex(SPLAT_PX, SPLAT_PX):
        y, x = rows[order] + row, columns[order] + column
        inside = (y >= 0) & (y < camera.height) & (x >= 0) & (x < camera.width)
        picture[y[inside], x[inside]] = colours_seen[inside]
    return picture


def _turned(points_m: FloatImage) -> FloatImage:
    """Return points (N, 3) as seen from a place at the same distance of their middle."""
    middle_m = np.median(points_m, axis=0)
    yaw, pitch = np.deg2rad(TURN_DEG)
    aside, _ = cv2.Rodrigues(np.array([0.0, yaw, 0.0]))
    above, _ = cv2.Rodrigues(np.array([pitch, 0.0, 0.0]))
    return np.asarray((points_m - middle_m) @ (above @ aside).T + middle_m)


def _framed(places: FloatImage, size: int) -> np.ndarray:
    low, high = np.percentile(places, FRAMED_PERCENT)
    margin = MARGIN * size
    share = (places - low) / (high - low)
    return np.asarray(np.rint(margin + share * (size - 2 * margin)), int)
