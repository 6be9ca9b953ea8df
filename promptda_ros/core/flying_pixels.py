# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which pixels float between a nearer and a farther surface, where nothing is.

A pixel flies when both the nearest and the farthest of its eight neighbours are more than a step
away, and the surface around it is no plane: 1 / depth of a plane is linear in the picture,
however slanted the plane is. A sharp edge has no such pixel, a smeared one consists of them.

The step is `SMALLEST_STEP_M`, and `edge_step` as a share of the depth in addition, because the
pixels of a surface lie farther apart, and sensors see less well, far away. Both were chosen on
validation scenes of the cell (docs/trust.md).

The same test twice: OpenCV takes a tenth of the time of torch on a CPU, torch runs on CUDA.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import torch
from torch import Tensor
import torch.nn.functional as F

from promptda_ros.core.frame import FloatImage, Mask

SMALLEST_STEP_M = 0.006
SQUARE = np.ones((3, 3), np.uint8)
BEND = np.array([[1, -2, 1]], np.float32)


def find_flying(depth_m: Tensor, *, edge_step: float) -> Tensor:
    """Mark the flying pixels of depth (H, W), NaN unknown, wherever it is."""
    if depth_m.device.type == 'cpu':
        return torch.from_numpy(flying_on_cpu(depth_m.numpy(), edge_step))
    return flying_on_device(depth_m, edge_step)


def without_flying_pixels(depth_m: Tensor, *, edge_step: float) -> Tensor:
    """Set the flying pixels to NaN."""
    return depth_m.masked_fill(find_flying(depth_m, edge_step=edge_step), math.nan)


def flying_on_cpu(depth_m: FloatImage, edge_step: float) -> Mask:
    """Mark the flying pixels (H, W) with OpenCV."""
    nearest_m = cv2.erode(_with(depth_m, math.inf), SQUARE)
    farthest_m = cv2.dilate(_with(depth_m, -math.inf), SQUARE)
    step_m = depth_m * np.float32(edge_step) + np.float32(SMALLEST_STEP_M)
    flying: Mask = (depth_m - nearest_m > step_m) & (farthest_m - depth_m > step_m)
    inverse = 1 / depth_m
    largest_bend = step_m * inverse * inverse  # of 1 / depth, as the step is of depth
    # NaN on any side makes a comparison false; beyond the border bends are none.
    bent = np.zeros(depth_m.shape, np.uint8)
    bend_across = np.abs(cv2.filter2D(inverse, -1, BEND))
    bent[:, 1:-1] = (bend_across > largest_bend)[:, 1:-1]
    bend_down = np.abs(cv2.filter2D(inverse, -1, BEND.T))
    bent[1:-1] |= (bend_down > largest_bend)[1:-1]
    flying &= cv2.dilate(bent, SQUARE) > 0
    return flying


def _with(depth_m: FloatImage, stand_in: float) -> FloatImage:
    """Put a value in the place of what is unknown."""
    unknown = np.isnan(depth_m)
    return np.where(unknown, np.float32(stand_in), depth_m) if unknown.any() else depth_m


def flying_on_device(depth_m: Tensor, edge_step: float) -> Tensor:
    """Mark the flying pixels (H, W) with torch, wherever the depth is."""
    known = torch.isfinite(depth_m)
    nearest_m = -_largest_around((-depth_m).masked_fill(~known, -math.inf))
    farthest_m = _largest_around(depth_m.masked_fill(~known, -math.inf))
    step_m = depth_m * edge_step + SMALLEST_STEP_M
    flying = (depth_m - nearest_m > step_m) & (farthest_m - depth_m > step_m)
    inverse = 1 / depth_m
    largest_bend = step_m * inverse * inverse  # of 1 / depth, as the step is of depth
    bent = torch.zeros_like(flying)
    for before, here, after in (
        (inverse[:, :-2], np.s_[:, 1:-1], inverse[:, 2:]),
        (inverse[:-2], np.s_[1:-1], inverse[2:]),
    ):
        bend = (before + after - 2 * inverse[here]).abs()
        bent[here] |= bend > largest_bend[here]
    return flying & (_largest_around(bent.float()) > 0)


def _largest_around(values: Tensor) -> Tensor:
    return F.max_pool2d(values[None, None], 3, stride=1, padding=1)[0, 0]
