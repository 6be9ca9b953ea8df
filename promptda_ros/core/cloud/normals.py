# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Depth -> surface normals, only where the neighbours lie on the same surface."""

from __future__ import annotations

import numpy as np

from promptda_ros.core.frame import FloatImage, Intrinsics, Mask
from promptda_ros.core.geometry.camera import rays, SURFACE_STEP


def find_normals(depth_m: FloatImage, intrinsics: Intrinsics) -> FloatImage:
    """Return unit normals (H, W, 3) of depth (H, W), towards the camera, NaN unknown.

    The normal is the cross product of the ways from the left to the right and from the upper to
    the lower neighbour. It is unknown at the border of the image and wherever one of the four is
    unknown or on another surface.
    """
    across, down = rays(intrinsics)
    right_x, below_x = _ways(depth_m * across)
    right_y, below_y = _ways(depth_m * down)
    right_z, below_z = _ways(depth_m)
    # x right, y down, z forward: below x right looks back at the camera.
    normal = np.stack(
        (
            below_y * right_z - below_z * right_y,
            below_z * right_x - below_x * right_z,
            below_x * right_y - below_y * right_x,
        ),
        axis=-1,
    )
    length = np.sqrt(np.square(normal).sum(axis=-1))
    length[~_on_one_surface(depth_m)] = np.nan
    normals = np.full((*depth_m.shape, 3), np.nan, np.float32)
    normals[1:-1, 1:-1] = normal / length[..., None]
    return normals


def _ways(coordinate_m: FloatImage) -> tuple[FloatImage, FloatImage]:
    """Return the ways (H - 2, W - 2) from left to right and from above to below of a pixel."""
    to_right_m = coordinate_m[1:-1, 2:] - coordinate_m[1:-1, :-2]
    to_below_m = coordinate_m[2:, 1:-1] - coordinate_m[:-2, 1:-1]
    return to_right_m, to_below_m


def _on_one_surface(depth_m: FloatImage) -> Mask:
    """Mark the inner pixels (H - 2, W - 2) whose four neighbours are on their surface."""
    middle_m = depth_m[1:-1, 1:-1]
    neighbours_m = (depth_m[1:-1, :-2], depth_m[1:-1, 2:], depth_m[:-2, 1:-1], depth_m[2:, 1:-1])
    step_m = np.float32(SURFACE_STEP) * middle_m
    near = [np.abs(neighbour_m - middle_m) <= step_m for neighbour_m in neighbours_m]
    one_surface: Mask = np.logical_and.reduce(near)
    return one_surface
