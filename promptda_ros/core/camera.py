# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Intrinsics: scale, crop, check, project, back-project."""

from __future__ import annotations

from dataclasses import replace
import math

import numpy as np
import numpy.typing as npt

from promptda_ros.core.errors import PromptdaError
from promptda_ros.core.frame import FloatImage, Intrinsics

Points = npt.NDArray[np.float64]


CALIBRATE = 'calibrate it: ros2 run camera_calibration cameracalibrator'


class BadIntrinsics(PromptdaError, ValueError):
    """Intrinsics that can't describe a camera; the text says why."""


def check(intrinsics: Intrinsics) -> Intrinsics:
    """Return the intrinsics if they can describe a camera.

    Raises:
        BadIntrinsics: a value is not finite, or a focal length is not positive.
    """
    values = (intrinsics.fx, intrinsics.fy, intrinsics.cx, intrinsics.cy)
    if not all(math.isfinite(value) for value in values):
        raise BadIntrinsics(f'camera_info is not finite (K[0]={intrinsics.fx:g}); {CALIBRATE}')
    if intrinsics.fx <= 0.0 or intrinsics.fy <= 0.0:
        raise BadIntrinsics(f'camera is uncalibrated (K[0]={intrinsics.fx:g}); {CALIBRATE}')
    return intrinsics


def crop(intrinsics: Intrinsics, *, left: int, top: int, width: int, height: int) -> Intrinsics:
    """Keep a window of the image; offsets and sizes in pixels."""
    cx, cy = intrinsics.cx - left, intrinsics.cy - top
    return replace(intrinsics, width=width, height=height, cx=cx, cy=cy)


def bin_pixels(intrinsics: Intrinsics, *, across: int, down: int) -> Intrinsics:
    """Join blocks of pixels as a sensor that bins does (sensor_msgs/CameraInfo: cx' = cx / n)."""
    return Intrinsics(
        width=intrinsics.width // across,
        height=intrinsics.height // down,
        fx=intrinsics.fx / across,
        fy=intrinsics.fy / down,
        cx=intrinsics.cx / across,
        cy=intrinsics.cy / down,
    )


def resize(intrinsics: Intrinsics, *, width: int, height: int) -> Intrinsics:
    """Describe the same view at another size; the half pixel keeps pixel centres at integers."""
    across, down = width / intrinsics.width, height / intrinsics.height
    return Intrinsics(
        width=width,
        height=height,
        fx=intrinsics.fx * across,
        fy=intrinsics.fy * down,
        cx=(intrinsics.cx + 0.5) * across - 0.5,
        cy=(intrinsics.cy + 0.5) * down - 0.5,
    )


def rays(intrinsics: Intrinsics) -> tuple[FloatImage, FloatImage]:
    """Return x/z of every column (1, W) and y/z of every row (H, 1) in the optical frame."""
    columns = (np.arange(intrinsics.width) - intrinsics.cx) / intrinsics.fx
    rows = (np.arange(intrinsics.height) - intrinsics.cy) / intrinsics.fy
    return columns.astype(np.float32)[None, :], rows.astype(np.float32)[:, None]


def project(intrinsics: Intrinsics, points_m: Points) -> Points:
    """Project points (N, 3) of the optical frame to pixels (N, 2)."""
    across = intrinsics.fx * points_m[:, 0] / points_m[:, 2] + intrinsics.cx
    down = intrinsics.fy * points_m[:, 1] / points_m[:, 2] + intrinsics.cy
    return np.stack((across, down), axis=1)


def back_project(intrinsics: Intrinsics, pixels: Points, depth_m: Points) -> Points:
    """Lift pixels (N, 2) with depths (N,) along the optical axis to points (N, 3)."""
    across = (pixels[:, 0] - intrinsics.cx) / intrinsics.fx * depth_m
    down = (pixels[:, 1] - intrinsics.cy) / intrinsics.fy * depth_m
    return np.stack((across, down, depth_m), axis=1)
