# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Triton kernels that reproject depth into a second camera; as `restore_kernels.py` in style."""

from __future__ import annotations

import triton
import triton.language as tl

from promptda_ros.core.geometry.inverse_depth import AT_INFINITY_M, LEAST_DEPTH_M
from promptda_ros.core.geometry.reprojection import LOOK_UPS as LOOK_UPS_OF_TORCH

LEAST_DEPTH = tl.constexpr(LEAST_DEPTH_M)
LEAST_INVERSE = tl.constexpr(1.0 / AT_INFINITY_M)
LEAST_AHEAD = tl.constexpr(1e-6)
FARTHEST = tl.constexpr(1e9)  # a large inverse depth: what is unknown is not the farthest
LOOK_UPS = tl.constexpr(LOOK_UPS_OF_TORCH)


# fmt: off
@triton.jit(do_not_specialize=['rows', 'columns', 'all_rows', 'all_columns', 'block', 'step'])
def reduce_kernel(
    inverse, depth, rows, columns, all_rows, all_columns, block, step,
    DOWN: tl.constexpr, ACROSS: tl.constexpr,
):
    """Invert depth, 0 unknown; of blocks take the mean on one surface, else the nearest."""
    row = (tl.program_id(0) * DOWN + tl.arange(0, DOWN))[:, None]
    column = (tl.program_id(1) * ACROSS + tl.arange(0, ACROSS))[None, :]
    known = tl.zeros((DOWN, ACROSS), tl.float32)
    total = tl.zeros((DOWN, ACROSS), tl.float32)
    nearest = tl.zeros((DOWN, ACROSS), tl.float32)
    farthest = tl.zeros((DOWN, ACROSS), tl.float32) + FARTHEST
    for i in range(block):
        for j in range(block):
            own_row, own_column = row * block + i, column * block + j
            inside = (own_row < all_rows) & (own_column < all_columns)
            metres = tl.load(depth + own_row * all_columns + own_column, inside, 0.0)
            is_known = metres > LEAST_DEPTH
            here = 1.0 / tl.where(is_known, metres, 1.0)
            here = tl.where(is_known, tl.maximum(here, LEAST_INVERSE), 0.0)
            known += tl.where(is_known, 1.0, 0.0)
            total += here
            nearest = tl.maximum(nearest, here)
            farthest = tl.minimum(farthest, tl.where(is_known, here, FARTHEST))
    mean = total / tl.maximum(known, 1.0)
    joined = tl.where(nearest <= farthest * (1.0 + step), mean, nearest)
    joined = tl.where(2.0 * known >= block * block, joined, 0.0)
    tl.store(inverse + row * columns + column, joined, (row < rows) & (column < columns))


@triton.jit
def projected(
    column, row, inverse, fx, fy, cx, cy,
    xx, xy, xz, xt, yx, yy, yz, yt, zx, zy, zz, zt,
):
    """Project pixels of one camera, with their inverse depth, into another one."""
    x, y = (column - cx) / fx, (row - cy) / fy
    across = xx * x + (xy * y + xz) + xt * inverse
    down = yx * x + (yy * y + yz) + yt * inverse
    ahead = zx * x + (zy * y + zz) + zt * inverse
    inverse_ahead = 1.0 / tl.maximum(ahead, LEAST_AHEAD)
    before = ahead > LEAST_DEPTH * inverse
    return (
        across * inverse_ahead, down * inverse_ahead,
        tl.where(before, inverse * inverse_ahead, 0.0),
    )


@triton.jit(do_not_specialize=[
    'rows', 'columns', 'grid_rows', 'grid_columns', 'fx', 'fy', 'cx', 'cy',
    'xx', 'xy', 'xz', 'xt', 'yx', 'yy', 'yz', 'yt', 'zx', 'zy', 'zz', 'zt',
])
def draw_kernel(
    corners, inverse, rows, columns, grid_rows, grid_columns, fx, fy, cx, cy,
    xx, xy, xz, xt, yx, yy, yz, yt, zx, zy, zz, zt, BLOCK: tl.constexpr,
):
    """Note every sample at the corner between pixels that it is drawn around, the nearest wins.

    corners: the bits of inverse depth, which as whole numbers have the same order.
    """
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    here = place < rows * columns
    place = tl.minimum(place, rows * columns - 1)
    across, down, drawn = projected(
        (place % columns).to(tl.float32), (place // columns).to(tl.float32),
        tl.load(inverse + place), fx, fy, cx, cy,
        xx, xy, xz, xt, yx, yy, yz, yt, zx, zy, zz, zt,
    )
    # One more row and column, the first, for what lies partly outside.
    column, row = tl.floor(across + 1.0), tl.floor(down + 1.0)
    inside = here & (drawn > 0.0) & (column >= 0.0) & (column <= grid_columns)
    inside = inside & (row >= 0.0) & (row <= grid_rows)
    column = tl.where(inside, column, 0.0).to(tl.int32)
    row = tl.where(inside, row, 0.0).to(tl.int32)
    corner = corners + row * (grid_columns + 1) + column
    tl.atomic_max(corner, drawn.to(tl.int32, bitcast=True), inside)


@triton.jit
def sample_at(values, rows, columns, row, column):
    """Load a sample, 0 beyond the border."""
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    return tl.load(values + row * columns + column, inside, 0.0)


@triton.jit
def looked_up(values, rows, columns, across, down, step):
    """Interpolate inside a surface; elsewhere take the sample nearest to the place."""
    across = tl.minimum(tl.maximum(across, -2.0), columns + 1.0)
    down = tl.minimum(tl.maximum(down, -2.0), rows + 1.0)
    left, top = tl.floor(across), tl.floor(down)
    right_share, bottom_share = across - left, down - top
    column, row = left.to(tl.int32), top.to(tl.int32)
    a = sample_at(values, rows, columns, row, column)
    b = sample_at(values, rows, columns, row, column + 1)
    c = sample_at(values, rows, columns, row + 1, column)
    d = sample_at(values, rows, columns, row + 1, column + 1)
    linear = (
        a * (1.0 - right_share) * (1.0 - bottom_share) + b * right_share * (1.0 - bottom_share)
        + c * (1.0 - right_share) * bottom_share + d * right_share * bottom_share
    )
    # Half way to the even one, as torch rounds.
    is_right = (right_share > 0.5) | ((right_share == 0.5) & (column % 2 != 0))
    is_below = (bottom_share > 0.5) | ((bottom_share == 0.5) & (row % 2 != 0))
    nearest = tl.where(is_below, tl.where(is_right, d, c), tl.where(is_right, b, a))
    low = tl.minimum(tl.minimum(a, b), tl.minimum(c, d))
    high = tl.maximum(tl.maximum(a, b), tl.maximum(c, d))
    is_one = (low > 0.0) & (high <= low * (1.0 + step))
    return tl.where(nearest > 0.0, tl.where(is_one, linear, nearest), 0.0)


@triton.jit(do_not_specialize=[
    'grid_rows', 'grid_columns', 'rows', 'columns', 'step', 'fx', 'fy', 'cx', 'cy',
    'xx', 'xy', 'xz', 'xt', 'yx', 'yy', 'yz', 'yt', 'zx', 'zy', 'zz', 'zt',
    'own_fx', 'own_fy', 'own_cx', 'own_cy', 'ax', 'ay', 'az', 'at',
])
def follow_kernel(
    found, corners, view, grid_rows, grid_columns, rows, columns, step, fx, fy, cx, cy,
    xx, xy, xz, xt, yx, yy, yz, yt, zx, zy, zz, zt,
    own_fx, own_fy, own_cx, own_cy, ax, ay, az, at, DOWN: tl.constexpr, ACROSS: tl.constexpr,
):
    """Follow the ray of every pixel of the grid into the view until both agree.

    fx to cy are of the grid, the matrix leads from it into the view, own_* and a* back again.
    """
    row = (tl.program_id(0) * DOWN + tl.arange(0, DOWN))[:, None]
    column = (tl.program_id(1) * ACROSS + tl.arange(0, ACROSS))[None, :]
    here = (row < grid_rows) & (column < grid_columns)
    row, column = tl.minimum(row, grid_rows - 1), tl.minimum(column, grid_columns - 1)
    place = row * grid_columns + column
    # What lies between two pixels is drawn on both.
    corner = corners + row * (grid_columns + 1) + column
    start = tl.maximum(
        tl.maximum(tl.load(corner), tl.load(corner + 1)),
        tl.maximum(tl.load(corner + grid_columns + 1), tl.load(corner + grid_columns + 2)),
    ).to(tl.float32, bitcast=True)
    inverse = start
    seen = start
    there = start
    for _ in tl.static_range(LOOK_UPS):
        across, down, there = projected(
            column.to(tl.float32), row.to(tl.float32), inverse, fx, fy, cx, cy,
            xx, xy, xz, xt, yx, yy, yz, yt, zx, zy, zz, zt,
        )
        seen = looked_up(view, rows, columns, across, down, step)
        x, y = (across - own_cx) / own_fx, (down - own_cy) / own_fy
        inverse = seen / tl.maximum(ax * x + (ay * y + az) + at * seen, LEAST_AHEAD)
    # Where they don't meet, the ray passes an edge, and what is behind it was not seen.
    meet = (tl.abs(seen - there) <= step * seen) & (start > 0.0)
    tl.store(found + place, tl.where(meet, inverse, 0.0), here)
