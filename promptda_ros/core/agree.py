# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Depth that drifts slowly from its sensor brought back to it.

Small networks give sharp edges at a wrong level: surfaces lie some millimetres off, alike over
many pixels. The mean difference from the measurements around says by how much; a mean has little
of the sensor's noise, and far differences, where the network knows better, have no part in it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
import torch.nn.functional as F

from promptda_ros.core.frame import Prompt

# Chosen on validation scenes of the cell by the mean error of five sensors.
# What differs by more of the prompt's range, the unit of the network, is another surface.
LARGEST_SHARE = 0.05
GRID_PX = 64  # the long side of the grid on which means are taken, each over 3 x 3 of its pixels
SIDE_PX = 3
# Measurements along the long side. Fewer are zones, wide cones with one of the surfaces in each:
# there the network knows better.
LEAST_ACROSS = 40
# Of a pixel's own depth: a mean over a far wall says little about the thing before it.
MOST = 0.02
# Measurements, as a share of those 3 x 3 pixels, that count for no difference at all: where there
# are few, little is changed.
DOUBT = 0.06


def has_zones(prompt: Prompt) -> bool:
    """Tell whether the sensor is coarse, however large its driver makes the image.

    Where it repeats zones, whole rows and columns are as the ones before them.
    """
    return all(_different(prompt, axis) < LEAST_ACROSS for axis in (1, 0))


def _different(prompt: Prompt, axis: int) -> int:
    """Count the rows (0) or columns (1) that are not as the one before, where both measured."""
    depth_m, measured = np.moveaxis(prompt.depth_m, axis, 0), np.moveaxis(prompt.measured, axis, 0)
    differs = (depth_m[1:] != depth_m[:-1]) & measured[1:] & measured[:-1]
    return 1 + int(differs.any(axis=1).sum())


def agree_with_sensor(depth_m: Tensor, prompt_m: Tensor, measured: Tensor) -> Tensor:
    """Correct depth (h, w) by its mean difference from a prompt (hp, wp) where it was measured."""
    seen_m = F.interpolate(depth_m[None, None], prompt_m.shape, mode='area')[0, 0]
    off_m = prompt_m - seen_m
    counts = measured & (off_m.abs() <= LARGEST_SHARE * (prompt_m.max() - prompt_m.min()))
    sums = torch.stack((off_m.where(counts, 0.0), counts.float()))[None]
    means = _means_around(sums, _grid(prompt_m.shape))
    off_m = means[:, :1] / (means[:, 1:] + DOUBT)
    off_m = F.interpolate(off_m, depth_m.shape, mode='bilinear')[0, 0]
    most_m = MOST * depth_m
    agreed_m = off_m.clamp_(-most_m, most_m).add_(depth_m)
    return agreed_m.clamp_(prompt_m.min(), prompt_m.max())


def _grid(size: torch.Size) -> tuple[int, int]:
    scale = min(1.0, GRID_PX / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _means_around(values: Tensor, grid: tuple[int, int]) -> Tensor:
    """Average values (1, C, h, w) over the pixels of a coarser grid and their neighbours."""
    coarse = values if values.shape[2:] == grid else F.interpolate(values, grid, mode='area')
    return F.avg_pool2d(coarse, SIDE_PX, stride=1, padding=SIDE_PX // 2)
