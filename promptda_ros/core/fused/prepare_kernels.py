# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The Triton kernel that resizes an image; as `restore_kernels.py` in style."""

from __future__ import annotations

import triton
import triton.language as tl


# fmt: off
@triton.jit(do_not_specialize=[
    'rows', 'columns', 'image_rows', 'image_columns', 'down_count', 'right_count',
])
def resize_kernel(
    pixels, image, down_first, down_weights, right_first, right_weights,
    rows, columns, image_rows, image_columns, down_count, right_count,
    DOWN: tl.constexpr, ACROSS: tl.constexpr,
):
    """Resize an image (rows, columns, 3) of bytes to three planes of 0 to 255 in float32."""
    row = (tl.program_id(0) * DOWN + tl.arange(0, DOWN))[:, None]
    column = (tl.program_id(1) * ACROSS + tl.arange(0, ACROSS))[None, :]
    here = (row < rows) & (column < columns)
    place = row * columns + column
    row, column = tl.minimum(row, rows - 1), tl.minimum(column, columns - 1)
    first_row, first_column = tl.load(down_first + row), tl.load(right_first + column)
    red = tl.zeros((DOWN, ACROSS), tl.float32)
    green = tl.zeros((DOWN, ACROSS), tl.float32)
    blue = tl.zeros((DOWN, ACROSS), tl.float32)
    for i in range(down_count):
        row_share = tl.load(down_weights + row * down_count + i)
        line = tl.minimum(first_row + i, image_rows - 1) * image_columns
        for j in range(right_count):
            share = row_share * tl.load(right_weights + column * right_count + j)
            source = image + 3 * (line + tl.minimum(first_column + j, image_columns - 1))
            red += share * tl.load(source).to(tl.float32)
            green += share * tl.load(source + 1).to(tl.float32)
            blue += share * tl.load(source + 2).to(tl.float32)
    size = rows * columns
    tl.store(pixels + place, tl.minimum(tl.maximum(red, 0.0), 255.0), here)
    tl.store(pixels + size + place, tl.minimum(tl.maximum(green, 0.0), 255.0), here)
    tl.store(pixels + 2 * size + place, tl.minimum(tl.maximum(blue, 0.0), 255.0), here)
