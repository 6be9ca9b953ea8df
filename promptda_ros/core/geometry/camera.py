# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Intrinsics: scale, crop, check, and the rays of their pixels."""

from __future__ import annotations

from dataclasses import replace
import math

import numpy as np

from promptda_ros.core.errors import PromptdaError
from promptda_ros.core.frame import FloatImage, Intrinsics

FIELD_DEG = (5.0, 170.0)  # of the wider side
# Half-frames of interlaced video have rows twice as high as their columns are wide.
MOST_ASKEW = 2.5

# Neighbours that differ by more than this share of the depth are on another surface: between
# two pixels of a camera of 640 px and 60 degrees this is a surface seen at 5 degrees.
SURFACE_STEP = 0.02


class BadIntrinsics(PromptdaError, ValueError):
    """Intrinsics that can't describe a camera; the text says why."""


def check(intrinsics: Intrinsics) -> Intrinsics:
    """Return the intrinsics if they can describe a camera.

    They must be those of the whole image sensor: a region of interest may lie anywhere.

    Raises:
        BadIntrinsics: a value is not finite, a focal length is not positive, the principal point
            lies outside the image, or the field of view is that of no camera.
    """
    fx, fy, cx, cy = intrinsics.fx, intrinsics.fy, intrinsics.cx, intrinsics.cy
    if not all(math.isfinite(value) for value in (fx, fy, cx, cy)):
        raise BadIntrinsics(f'fx {fx:g}, fy {fy:g}, cx {cx:g}, cy {cy:g} are not finite')
    if fx <= 0.0 or fy <= 0.0:
        raise BadIntrinsics(f'focal lengths fx {fx:g}, fy {fy:g} are not positive')
    width, height = intrinsics.width, intrinsics.height
    if not (-0.5 <= cx <= width - 0.5 and -0.5 <= cy <= height - 0.5):
        raise BadIntrinsics(
            f'principal point ({cx:g}, {cy:g}) lies outside the image of {width}x{height}'
        )
    field_deg = 2.0 * math.degrees(math.atan(max(width / fx, height / fy) / 2.0))
    least_deg, most_deg = FIELD_DEG
    if not least_deg <= field_deg <= most_deg:
        raise BadIntrinsics(
            f'fx {fx:g}, fy {fy:g} give {width}x{height} pixels a field of view of '
            f'{field_deg:.3g} degrees, not {least_deg:g} to {most_deg:g}'
        )
    if not 1.0 / MOST_ASKEW <= fx / fy <= MOST_ASKEW:
        raise BadIntrinsics(f'fx {fx:g} and fy {fy:g} differ by more than {MOST_ASKEW:g} times')
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


def along_axis(distance_m: FloatImage, intrinsics: Intrinsics) -> FloatImage:
    """Return depth along the optical axis (h, w) of distances along the rays.

    The intrinsics may be those of a picture of the same view and another size.
    """
    height, width = distance_m.shape
    across, down = rays(resize(intrinsics, width=width, height=height))
    depth_m: FloatImage = distance_m / np.sqrt(1.0 + across**2 + down**2)
    return depth_m
