# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The launches of `cloud_kernels.py`; Triton is imported by the first of them."""

from __future__ import annotations

import torch
from torch import Tensor

from promptda_ros.core.fused.operator import as_bytes, blocks, operator, tiles

TILE = 8, 64  # rows and columns of one program
NO_BOX = [0.0] * 15


def _make_clean(depth_m: Tensor, step_share: float) -> Tensor:
    return torch.empty_like(depth_m)


@operator('(Tensor depth_m, float step_share) -> Tensor', _make_clean)
def without_flying(clean_m: Tensor, depth_m: Tensor, step_share: float) -> None:
    """Return depth (H, W) with NaN at flying pixels."""
    from promptda_ros.core.fused.cloud_kernels import clean_kernel

    rows, columns = depth_m.shape
    clean_kernel[tiles((rows, columns), TILE)](
        clean_m, depth_m, rows, columns, step_share, DOWN=TILE[0], ACROSS=TILE[1], num_stages=1
    )


def _make_cloud(
    depth_m: Tensor, image: Tensor, mask: Tensor | None, rays: list[Tensor], stride: int,
    floats: int, *_: object,
) -> Tensor:  # fmt: skip
    rows, columns = (blocks(side, stride) for side in depth_m.shape)
    return depth_m.new_empty((rows, columns, floats))


@operator(
    '(Tensor depth_m, Tensor image, Tensor? mask, Tensor[] rays, int stride, int floats, '
    'float? step_share, float[] range_m, int[] window, float[] box) -> Tensor',
    _make_cloud,
)
def write_points(
    cloud: Tensor, depth_m: Tensor, image: Tensor, mask: Tensor | None, rays: list[Tensor],
    stride: int, floats: int, step_share: float | None, range_m: list[float],
    window: list[int], box: list[float],
) -> None:  # fmt: skip
    """Return points (H / stride, W / stride, floats) of the pixels that are shown.

    rays: of the points across and down, and of all pixels; step_share None: no pixel flies. box:
    for each axis a row of the rotation and both limits; empty: there is none.
    """
    from promptda_ros.core.fused.cloud_kernels import points_kernel

    rows, columns = cloud.shape[:2]
    points_kernel[tiles((rows, columns), TILE)](
        cloud.view(torch.int32), depth_m, image, as_bytes(image if mask is None else mask), *rays,
        rows, columns, *depth_m.shape, stride, floats // 4, int(mask is not None),
        int(step_share is not None), step_share or 0.0, *range_m, *window, int(bool(box)),
        *(box or NO_BOX), DOWN=TILE[0], ACROSS=TILE[1], num_stages=1,
    )  # fmt: skip
