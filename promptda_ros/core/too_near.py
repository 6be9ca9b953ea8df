# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where a camera may see what is too near for a sensor beside it.

Such a pixel tells a direction, and that something is there nearer than all that was measured. In
the camera it lies somewhere on a line, and whatever the sensor measured behind is hidden there.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from promptda_ros.core.frame import FloatImage, Intrinsics, Mask
from promptda_ros.core.inverse_depth import LEAST_DEPTH_M, project_pixels
from promptda_ros.core.second_view import draw_squares
from promptda_ros.core.transform import Transform

NEAREST_M = 0.01  # lenses are larger
STEP_PX = 1.0


def find_too_near(
    depth_m: FloatImage, sensor: Intrinsics, grid: Intrinsics, grid_from_sensor: Transform
) -> Mask | None:
    """Mark the pixels (h, w) of a grid that depth (H, W) of -inf may cover; None: nowhere."""
    no_distance = (depth_m <= LEAST_DEPTH_M) & ((depth_m > 0) | np.isneginf(depth_m))
    rows, columns = np.nonzero(no_distance)
    if not len(rows):
        return None
    across, down = (torch.from_numpy(each.astype(np.float32)) for each in (columns, rows))
    covered = torch.zeros((grid.height, grid.width), dtype=torch.bool)
    for inverse in _inverse_depths(depth_m, grid, grid_from_sensor):
        at_distance = torch.full_like(across, inverse)
        seen = project_pixels((across, down), at_distance, sensor, grid, grid_from_sensor)
        covered |= draw_squares(seen, grid) > 0
    marked: Mask = covered.numpy()
    return marked


def _inverse_depths(
    depth_m: FloatImage, grid: Intrinsics, grid_from_sensor: Transform
) -> list[float]:
    """Return distances from the nearest measurement to the lens, a pixel of the grid apart."""
    measured_m = depth_m[np.isfinite(depth_m) & (depth_m > NEAREST_M)]
    least = 1.0 / float(measured_m.min()) if measured_m.size else 1.0 / NEAREST_M / 100
    shift_px = float(np.linalg.norm(grid_from_sensor.translation_m)) * max(grid.fx, grid.fy)
    most = min(1.0 / NEAREST_M, least + math.hypot(grid.width, grid.height) / max(shift_px, 1e-9))
    count = 2 + math.floor(max(0.0, most - least) * shift_px / STEP_PX)
    return [float(each) for each in np.linspace(least, max(least, most), count)]
