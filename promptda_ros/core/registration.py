# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Depth of a sensor beside the camera -> depth as the camera sees it, at the size of a prompt.

Both are taken for pinholes: a distortion of the depth image itself is not undone.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from promptda_ros.core.frame import FloatImage, Intrinsics
from promptda_ros.core.fused import registration as fused
from promptda_ros.core.fused.proved import PROVED
from promptda_ros.core.geometry import camera as cameras
from promptda_ros.core.geometry.inverse_depth import (
    inverse_of_metres,
    metres_of_inverse,
    project_points,
)
from promptda_ros.core.geometry.point_projection import draw_points, in_picture
from promptda_ros.core.geometry.reprojection import PinholeView, reduce_view, reproject
from promptda_ros.core.geometry.too_near import find_too_near
from promptda_ros.core.geometry.transform import Transform
from promptda_ros.core.runtime.threads import one_thread
from promptda_ros.core.runtime.transfer import upload

CPU = torch.device('cpu')

Points = npt.NDArray[np.floating]  # (N, 3)

# Of a cloud's grid at least this share of the pixels shows points, unless it is this coarse:
# points farther apart tell no more, however fine the grid is.
LEAST_SHARE = 0.06
COARSEST_LONG_SIDE = 32
# Samples of the sensor may be this much (of a pixel) farther apart than the pixels of the grid.
SPARSER = 0.25


@one_thread()
@torch.inference_mode()
def register_depth(
    depth_m: FloatImage,
    sensor: Intrinsics,
    camera: Intrinsics,
    camera_from_sensor: Transform,
    *,
    max_long_side: int,
    device: torch.device = CPU,
) -> FloatImage:
    """Reproject a depth image (H, W) into the camera: (h, w) metres or NaN.

    The grid covers the camera's whole image and is no finer than the sensor samples it, so that
    surfaces get no holes. What the sensor can't see is unknown; of what it sees one behind the
    other, the nearest is shown. Between two surfaces the sample nearest to the ray decides.
    Infinity is behind all surfaces, and -inf before them, wherever it may be seen.
    """
    density = min(sensor.fx / camera.fx, sensor.fy / camera.fy)
    grid = _grid(camera, max_long_side, density)
    on_device_m = upload(np.ascontiguousarray(depth_m, np.float32), device)
    # Blocks of so many pixels a side are as far apart as the pixels of the grid.
    block = max(1, math.floor(min(sensor.fx / grid.fx, sensor.fy / grid.fy) + SPARSER))
    if on_device_m.device in PROVED:
        inverse = fused.reproject(on_device_m, sensor, grid, camera_from_sensor, block)
    else:
        view = reduce_view(PinholeView(inverse_of_metres(on_device_m), sensor), block)
        inverse = reproject(view, grid, camera_from_sensor)
    registered_m = metres_of_inverse(inverse)
    too_near = find_too_near(depth_m, sensor, grid, camera_from_sensor, block=block)
    if too_near is not None:
        registered_m[too_near] = -np.inf
    return registered_m


@one_thread()
@torch.inference_mode()
def register_points(
    points_m: Points,
    camera: Intrinsics,
    camera_from_sensor: Transform,
    *,
    max_long_side: int,
    device: torch.device = CPU,
) -> FloatImage:
    """Project points (N, 3) of the sensor's frame into the camera: (h, w) metres or NaN.

    The grid covers the camera's whole image and is coarser for few points. Pixels between the
    lines of a LiDAR stay unknown.
    """
    points = upload(np.ascontiguousarray(points_m, np.float32), device)
    seen = in_picture(project_points(points, camera, camera_from_sensor), camera)
    grid = _grid(camera, max_long_side, density=1.0)
    inverse = draw_points(seen, camera, grid)
    while _share(inverse) < LEAST_SHARE and max(inverse.shape) >= 2 * COARSEST_LONG_SIDE:
        grid = _grid(camera, max(inverse.shape) // 2, density=1.0)
        inverse = draw_points(seen, camera, grid)
    return metres_of_inverse(inverse)


def _grid(camera: Intrinsics, max_long_side: int, density: float) -> Intrinsics:
    """Choose a size for the camera's view: at most `density` of its pixels a side."""
    long_side = max(camera.width, camera.height)
    scale = max(1, round(min(max_long_side, long_side, long_side * density))) / long_side
    width, height = (max(1, round(side * scale)) for side in (camera.width, camera.height))
    return cameras.resize(camera, width=width, height=height)


def _share(inverse: Tensor) -> float:
    return float((inverse > 0).float().mean())
