# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Depth reprojected into a second camera in four launches, as `core/geometry/reprojection.py`."""

from __future__ import annotations

from itertools import chain

import torch
from torch import Tensor

from promptda_ros.core.frame import Intrinsics
from promptda_ros.core.fused.operator import blocks, operator, tiles
from promptda_ros.core.geometry.inverse_depth import largest_step, projection_matrix
from promptda_ros.core.geometry.reprojection import reduced_camera
from promptda_ros.core.geometry.transform import Transform

TILE = 8, 64  # rows and columns of one program
BLOCK = 256  # samples of one program


def reproject(
    depth_m: Tensor, sensor: Intrinsics, grid: Intrinsics, grid_from_view: Transform, block: int
) -> Tensor:
    """Return the inverse depth (h, w) that the grid sees of depth (H, W); 0 unknown.

    Pixels of the sensor are taken in blocks of so many a side.
    """
    camera = reduced_camera(sensor, block)
    step = largest_step(camera)
    view = reduce_blocks(depth_m, block, step)
    size = [grid.height, grid.width]
    numbers = [*_lens(camera), *chain(*projection_matrix(grid, grid_from_view))]
    corners = draw_samples(view, size, numbers)
    back = grid_from_view.inverse()
    row = [*grid_from_view.rotation[2].tolist(), float(grid_from_view.translation_m[2])]
    numbers = [step, *_lens(grid), *chain(*projection_matrix(camera, back)), *_lens(camera), *row]
    return follow_rays(corners, view, numbers)


def _lens(camera: Intrinsics) -> list[float]:
    return [camera.fx, camera.fy, camera.cx, camera.cy]


def _make_view(depth_m: Tensor, block: int, step: float) -> Tensor:
    return depth_m.new_empty([blocks(side, block) for side in depth_m.shape])


@operator('(Tensor depth_m, int block, float step) -> Tensor', _make_view)
def reduce_blocks(view: Tensor, depth_m: Tensor, block: int, step: float) -> None:
    """Return inverse depth (h, w) of blocks of pixels."""
    from promptda_ros.core.fused.registration_kernels import reduce_kernel

    rows, columns = view.shape
    reduce_kernel[tiles((rows, columns), TILE)](
        view, depth_m, rows, columns, *depth_m.shape, block, step,
        DOWN=TILE[0], ACROSS=TILE[1], num_stages=1,
    )  # fmt: skip


def _make_corners(view: Tensor, size: list[int], numbers: list[float]) -> Tensor:
    # Whole numbers, because the largest of them is found by what all cards have.
    return view.new_zeros([side + 1 for side in size], dtype=torch.int32)


@operator('(Tensor view, int[] size, float[] numbers) -> Tensor', _make_corners, launches=2)
def draw_samples(corners: Tensor, view: Tensor, size: list[int], numbers: list[float]) -> None:
    """Return samples drawn around the corners (h + 1, w + 1) of pixels, the nearest in front."""
    from promptda_ros.core.fused.registration_kernels import draw_kernel

    draw_kernel[(blocks(view.numel(), BLOCK),)](
        corners, view, *view.shape, *size, *numbers, BLOCK=BLOCK, num_stages=1
    )


def _make_found(corners: Tensor, view: Tensor, numbers: list[float]) -> Tensor:
    return view.new_empty([side - 1 for side in corners.shape])


@operator('(Tensor corners, Tensor view, float[] numbers) -> Tensor', _make_found)
def follow_rays(found: Tensor, corners: Tensor, view: Tensor, numbers: list[float]) -> None:
    """Return the inverse depth (h, w) where the ray of a pixel and the view agree."""
    from promptda_ros.core.fused.registration_kernels import follow_kernel

    follow_kernel[tiles(found.shape, TILE)](
        found, corners, view, *found.shape, *view.shape, *numbers,
        DOWN=TILE[0], ACROSS=TILE[1], num_stages=1,
    )  # fmt: skip
