# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Depth enlarged to the image's size without a depth between two surfaces."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
import torch.nn.functional as F

from promptda_ros.core.geometry.camera import SURFACE_STEP


def upsample(depth_m: Tensor, size: Sequence[int]) -> Tensor:
    """Interpolate depth (h, w) for (H, W) on surfaces, and take the nearest pixel at their edges.

    Interpolation over an edge of two surfaces gives points that float between them.
    """
    pixels_m = depth_m[None, None]
    nearest_m = F.interpolate(pixels_m, (*size,), mode='nearest-exact')[0, 0]
    between_m = F.interpolate(pixels_m, (*size,), mode='bilinear')[0, 0]
    # Half way to a neighbour on the same surface.
    on_surface = (between_m - nearest_m).abs() <= SURFACE_STEP / 2 * nearest_m
    return between_m.where(on_surface, nearest_m)
