# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The image for the network in one launch: bytes to float32, resized, as planes."""

from __future__ import annotations

import torch
from torch import Tensor

from promptda_ros.core.fused.operator import operator, tiles
from promptda_ros.core.fused.taps import smooth_taps

Size = tuple[int, int]  # (height, width)

TILE = 8, 64  # rows and columns of one program


def resize(image: Tensor, size: Size, mode: str) -> Tensor:
    """Return an image (H, W, 3) of bytes as (1, 3, h, w) from 0 to 255, with antialias."""
    taps = [
        smooth_taps(pixels, new, image.device, cubic=mode == 'bicubic')
        for pixels, new in zip(image.shape[:2], size, strict=True)
    ]
    tables = [table for each in taps for table in (each.first, each.weights)]
    return resize_image(image, tables, list(size))


def _make_pixels(image: Tensor, tables: list[Tensor], size: list[int]) -> Tensor:
    return image.new_empty((1, 3, *size), dtype=torch.float32)


@operator('(Tensor image, Tensor[] tables, int[] size) -> Tensor', _make_pixels)
def resize_image(pixels: Tensor, image: Tensor, tables: list[Tensor], size: list[int]) -> None:
    """Return planes of float32 (1, 3, h, w)."""
    from promptda_ros.core.fused.prepare_kernels import resize_kernel

    rows, columns = size
    resize_kernel[tiles(size, TILE)](
        pixels, image, *tables, rows, columns, *image.shape[:2],
        tables[1].shape[1], tables[3].shape[1], DOWN=TILE[0], ACROSS=TILE[1], num_stages=1,
    )  # fmt: skip
