# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Depth + colour -> organised point buffers, and the filter of flying pixels."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from promptda_ros.core.camera import rays
from promptda_ros.core.frame import ByteImage, FloatImage, Intrinsics, Mask


@dataclass(frozen=True)
class PointLayout:
    """Where the fields of a point lie, in bytes; x, y and z are at 0, 4 and 8."""

    point_step: int
    rgb_offset: int


COMPACT_LAYOUT = PointLayout(point_step=16, rgb_offset=12)
PCL_LAYOUT = PointLayout(point_step=32, rgb_offset=16)


def build_cloud(
    depth_m: FloatImage, image: ByteImage, intrinsics: Intrinsics, layout: PointLayout
) -> FloatImage:
    """Back-project every pixel into one buffer (H, W, point_step / 4); unknown points are NaN.

    depth_m is (H, W), image (H, W, 3) RGB. The colour is the bit pattern 0x00RRGGBB in a float32,
    as PCL and RViz read the field `rgb`.
    """
    across, down = rays(intrinsics)
    shape = (*depth_m.shape, layout.point_step // 4)
    # Bytes between the fields travel too: they must not carry old memory.
    cloud = (
        np.empty(shape, np.float32) if layout is COMPACT_LAYOUT else np.zeros(shape, np.float32)
    )
    np.multiply(depth_m, across, out=cloud[..., 0])
    np.multiply(depth_m, down, out=cloud[..., 1])
    cloud[..., 2] = depth_m
    cloud.view(np.uint32)[..., layout.rgb_offset // 4] = _pack_colour(image)
    return cloud


def without_flying_pixels(depth_m: FloatImage, *, edge_step: float) -> FloatImage:
    """Set pixels to NaN that float between a nearer and a farther surface beside them.

    A pixel floats when both the nearest and the farthest of its eight neighbours are more than
    `edge_step` (relative) away: a sharp edge has no such pixel, a smeared one consists of them.
    """
    kernel = np.ones((3, 3), np.uint8)
    known = np.isfinite(depth_m)
    nearest = cv2.erode(np.where(known, depth_m, np.float32(np.inf)), kernel)
    farthest = cv2.dilate(np.where(known, depth_m, np.float32(-np.inf)), kernel)
    step_m = depth_m * np.float32(edge_step)
    flying: Mask = (depth_m - nearest > step_m) & (farthest - depth_m > step_m)
    return np.where(flying, np.float32(np.nan), depth_m)


def _pack_colour(image: ByteImage) -> np.ndarray:
    bgra = cv2.cvtColor(image, cv2.COLOR_RGB2BGRA)
    packed: np.ndarray = bgra.view('<u4')[..., 0]
    packed &= 0x00FFFFFF
    return packed
