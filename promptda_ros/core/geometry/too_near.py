# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where a camera may see what is too near for a sensor beside it.

Such a pixel tells a direction, and that something is there nearer than all that was measured. In
the camera it lies somewhere on a line, and whatever the sensor measured behind is hidden there.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from promptda_ros.core.frame import FloatImage, Intrinsics, Mask
from promptda_ros.core.geometry.inverse_depth import LEAST_DEPTH_M, project_pixels
from promptda_ros.core.geometry.reprojection import draw_squares
from promptda_ros.core.geometry.strays import find_strays
from promptda_ros.core.geometry.transform import Transform

NEAREST_M = 0.01  # lenses are larger
# A sample is drawn two pixels wide, so that steps along a line leave no gap.
STEP_PX = 1.5


def find_too_near(
    depth_m: FloatImage,
    sensor: Intrinsics,
    grid: Intrinsics,
    grid_from_sensor: Transform,
    *,
    block: int,
) -> Mask | None:
    """Mark the pixels (h, w) of a grid that depth (H, W) of -inf may cover; None: nowhere.

    Pixels of the sensor are taken in blocks of so many a side.
    """
    no_distance = (depth_m <= LEAST_DEPTH_M) & ((depth_m > 0) | np.isneginf(depth_m))
    if not no_distance.any():
        return None
    region = _join(no_distance, block)
    first, *others = _inverse_depths(depth_m, grid, grid_from_sensor)
    # A stray pixel is no thing: the lines of a few thousandths of all would cover the picture.
    things = _join(no_distance & ~find_strays(no_distance), block)
    # Whatever passes through a thing comes from its outline, or was in it from the first.
    outline = things & (cv2.erode(things.view(np.uint8), np.ones((3, 3), np.uint8)) == 0)
    covered = torch.zeros((grid.height, grid.width), dtype=torch.bool)
    for part, inverses in ((region, [first]), (outline, others)):
        rows, columns = np.nonzero(part)
        across, down = (
            torch.from_numpy((each * block + (block - 1) / 2).astype(np.float32))
            for each in (columns, rows)
        )
        for inverse in inverses:
            at_distance = torch.full_like(across, inverse)
            seen = project_pixels((across, down), at_distance, sensor, grid, grid_from_sensor)
            covered |= draw_squares(seen, grid) > 0
    marked: Mask = covered.numpy()
    return marked


def _join(mask: Mask, block: int) -> Mask:
    """Mark blocks of which any pixel is marked."""
    pixels = torch.from_numpy(mask)[None].float()
    return np.asarray(F.max_pool2d(pixels, block, ceil_mode=True)[0] > 0)


def _inverse_depths(
    depth_m: FloatImage, grid: Intrinsics, grid_from_sensor: Transform
) -> list[float]:
    """Return distances from the nearest measurement to the lens, a step of the grid apart."""
    measured_m = depth_m[np.isfinite(depth_m) & (depth_m > NEAREST_M)]
    least = 1.0 / float(measured_m.min()) if measured_m.size else 1.0
    shift_px = float(np.linalg.norm(grid_from_sensor.translation_m)) * max(grid.fx, grid.fy)
    most = min(1.0 / NEAREST_M, least + math.hypot(grid.width, grid.height) / max(shift_px, 1e-9))
    count = 2 + math.floor(max(0.0, most - least) * shift_px / STEP_PX)
    return [float(each) for each in np.linspace(least, max(least, most), count)]
