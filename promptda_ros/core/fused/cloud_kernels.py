# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Triton kernels that find flying pixels and write points; as `restore_kernels.py` in style."""

from __future__ import annotations

import triton
import triton.language as tl

from promptda_ros.core.cloud.flying_pixels import SMALLEST_STEP_M

SMALLEST_STEP = tl.constexpr(SMALLEST_STEP_M)


# fmt: off
@triton.jit
def depth_at(depth, rows, columns, row, column):
    """Load depth, NaN beyond the border."""
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    return tl.load(depth + row * columns + column, inside, float('nan'))


@triton.jit
def nearer_and_farther(nearest, farthest, depth):
    """Extend a range by depth, unless that is NaN."""
    return tl.where(depth < nearest, depth, nearest), tl.where(depth > farthest, depth, farthest)


@triton.jit
def is_bent(here, before, after, above, below, step_share):
    """Mark inverse depth that bends by more than a step of depth; beside NaN nothing does."""
    step = (1.0 / here) * step_share + SMALLEST_STEP
    largest = step * here * here
    across = tl.abs(before + after - 2.0 * here) > largest
    return across | (tl.abs(above + below - 2.0 * here) > largest)


@triton.jit
def is_flying(depth, rows, columns, row, column, step_share):
    """Mark pixels that float between two surfaces, as flying_pixels.py does."""
    a1 = depth_at(depth, rows, columns, row - 2, column - 1)
    a2 = depth_at(depth, rows, columns, row - 2, column)
    a3 = depth_at(depth, rows, columns, row - 2, column + 1)
    b0 = depth_at(depth, rows, columns, row - 1, column - 2)
    b1 = depth_at(depth, rows, columns, row - 1, column - 1)
    b2 = depth_at(depth, rows, columns, row - 1, column)
    b3 = depth_at(depth, rows, columns, row - 1, column + 1)
    b4 = depth_at(depth, rows, columns, row - 1, column + 2)
    c0 = depth_at(depth, rows, columns, row, column - 2)
    c1 = depth_at(depth, rows, columns, row, column - 1)
    c2 = depth_at(depth, rows, columns, row, column)
    c3 = depth_at(depth, rows, columns, row, column + 1)
    c4 = depth_at(depth, rows, columns, row, column + 2)
    d0 = depth_at(depth, rows, columns, row + 1, column - 2)
    d1 = depth_at(depth, rows, columns, row + 1, column - 1)
    d2 = depth_at(depth, rows, columns, row + 1, column)
    d3 = depth_at(depth, rows, columns, row + 1, column + 1)
    d4 = depth_at(depth, rows, columns, row + 1, column + 2)
    e1 = depth_at(depth, rows, columns, row + 2, column - 1)
    e2 = depth_at(depth, rows, columns, row + 2, column)
    e3 = depth_at(depth, rows, columns, row + 2, column + 1)
    near, far = nearer_and_farther(c2, c2, b1)
    near, far = nearer_and_farther(near, far, b2)
    near, far = nearer_and_farther(near, far, b3)
    near, far = nearer_and_farther(near, far, c1)
    near, far = nearer_and_farther(near, far, c3)
    near, far = nearer_and_farther(near, far, d1)
    near, far = nearer_and_farther(near, far, d2)
    near, far = nearer_and_farther(near, far, d3)
    step = c2 * step_share + SMALLEST_STEP
    between = (c2 - near > step) & (far - c2 > step)
    a1, a2, a3 = 1.0 / a1, 1.0 / a2, 1.0 / a3
    b0, b1, b2, b3, b4 = 1.0 / b0, 1.0 / b1, 1.0 / b2, 1.0 / b3, 1.0 / b4
    c0, c1, c2, c3, c4 = 1.0 / c0, 1.0 / c1, 1.0 / c2, 1.0 / c3, 1.0 / c4
    d0, d1, d2, d3, d4 = 1.0 / d0, 1.0 / d1, 1.0 / d2, 1.0 / d3, 1.0 / d4
    e1, e2, e3 = 1.0 / e1, 1.0 / e2, 1.0 / e3
    bends = is_bent(b1, b0, b2, a1, c1, step_share) | is_bent(b2, b1, b3, a2, c2, step_share)
    bends |= is_bent(b3, b2, b4, a3, c3, step_share) | is_bent(c1, c0, c2, b1, d1, step_share)
    bends |= is_bent(c2, c1, c3, b2, d2, step_share) | is_bent(c3, c2, c4, b3, d3, step_share)
    bends |= is_bent(d1, d0, d2, c1, e1, step_share) | is_bent(d2, d1, d3, c2, e2, step_share)
    bends |= is_bent(d3, d2, d4, c3, e3, step_share)
    return between & bends


@triton.jit(do_not_specialize=['rows', 'columns', 'step_share'])
def clean_kernel(
    clean, depth, rows, columns, step_share, DOWN: tl.constexpr, ACROSS: tl.constexpr,
):
    """Make flying pixels unknown."""
    row = (tl.program_id(0) * DOWN + tl.arange(0, DOWN))[:, None]
    column = (tl.program_id(1) * ACROSS + tl.arange(0, ACROSS))[None, :]
    flies = is_flying(depth, rows, columns, row, column, step_share)
    found = tl.where(flies, float('nan'), depth_at(depth, rows, columns, row, column))
    tl.store(clean + row * columns + column, found, (row < rows) & (column < columns))


@triton.jit
def is_between(depth, down, across, along_x, along_y, along_z, least, most):
    """Mark points of which one coordinate of another frame is between two values."""
    place = depth * (along_x * across + (along_y * down + along_z))
    return (place >= least) & (place <= most)


@triton.jit(do_not_specialize=[
    'rows', 'columns', 'all_rows', 'all_columns', 'stride', 'fours', 'has_mask', 'filters',
    'step_share', 'near_m', 'far_m', 'left', 'top', 'right', 'bottom', 'has_box',
    'xx', 'xy', 'xz', 'x_least', 'x_most', 'yx', 'yy', 'yz', 'y_least', 'y_most',
    'zx', 'zy', 'zz', 'z_least', 'z_most',
])
def points_kernel(
    cloud, depth, image, mask, ray_across, ray_down, all_across, all_down,
    rows, columns, all_rows, all_columns, stride, fours, has_mask, filters, step_share,
    near_m, far_m, left, top, right, bottom, has_box,
    xx, xy, xz, x_least, x_most, yx, yy, yz, y_least, y_most, zx, zy, zz, z_least, z_most,
    DOWN: tl.constexpr, ACROSS: tl.constexpr,
):
    """Write x, y, z and 0x00RRGGBB of every pixel, NaN where no point is shown.

    fours: of numbers in a point, 1 as they are or 2 with zeros between.
    """
    row = (tl.program_id(0) * DOWN + tl.arange(0, DOWN))[:, None]
    column = (tl.program_id(1) * ACROSS + tl.arange(0, ACROSS))[None, :]
    here = (row < rows) & (column < columns)
    row, column = tl.minimum(row, rows - 1), tl.minimum(column, columns - 1)
    full_row, full_column = row * stride, column * stride
    place = full_row * all_columns + full_column
    z = tl.load(depth + place)
    shown = (z >= near_m) & (z <= far_m)
    shown &= (full_row >= top) & (full_row < bottom)
    shown &= (full_column >= left) & (full_column < right)
    if has_box != 0:
        across, down = tl.load(all_across + full_column), tl.load(all_down + full_row)
        shown &= is_between(z, down, across, xx, xy, xz, x_least, x_most)
        shown &= is_between(z, down, across, yx, yy, yz, y_least, y_most)
        shown &= is_between(z, down, across, zx, zy, zz, z_least, z_most)
    if filters != 0:
        flies = is_flying(depth, all_rows, all_columns, full_row, full_column, step_share)
        shown &= flies == 0
    if has_mask != 0:
        shown &= tl.load(mask + place) == 0
    z = tl.where(shown, z, float('nan'))
    x, y = z * tl.load(ray_across + column), z * tl.load(ray_down + row)
    red = tl.load(image + 3 * place).to(tl.int32)
    green = tl.load(image + 3 * place + 1).to(tl.int32)
    blue = tl.load(image + 3 * place + 2).to(tl.int32)
    colour = (red << 16) | (green << 8) | blue
    # As whole numbers: a colour is no float that may be rounded to zero.
    x, y, z = (
        x.to(tl.int32, bitcast=True), y.to(tl.int32, bitcast=True), z.to(tl.int32, bitcast=True)
    )
    none = tl.zeros_like(colour)
    last = tl.where(fours == 1, colour, none)
    field = tl.arange(0, 4)[None, None, :]
    # Times four in the end: what is known to be a multiple is written four at a time.
    point = cloud + ((row * columns + column) * fours * 4)[:, :, None] + field
    four = tl.reshape(tl.join(tl.join(x, z), tl.join(y, last)), (DOWN, ACROSS, 4))
    tl.store(point, four, here[:, :, None])
    if fours != 1:
        others = tl.reshape(tl.join(tl.join(colour, none), tl.join(none, none)), (DOWN, ACROSS, 4))
        tl.store(point + 4, others, here[:, :, None])
