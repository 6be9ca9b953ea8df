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


def find_flying(depth_m: FloatImage, *, edge_step: float, device: str = 'cpu') -> Mask:
    """Mark the flying pixels of depth (H, W), NaN unknown; computed on the device."""
    if torch.device(device).type == 'cpu':
        return flying_on_cpu(depth_m, edge_step)
    flying = flying_on_device(torch.from_numpy(depth_m).to(device), edge_step)
    found: Mask = flying.cpu().numpy()
    return found


def without_flying_pixels(
    depth_m: FloatImage, *, edge_step: float, device: str = 'cpu'
) -> FloatImage:
    """Set the flying pixels to NaN."""
    flying = find_flying(depth_m, edge_step=edge_step, device=device)
    return np.where(flying, np.float32(np.nan), depth_m)


def flying_on_cpu(depth_m: FloatImage, edge_step: float) -> Mask:
    """Mark the flying pixels (H, W) with OpenCV."""
    known = np.isfinite(depth_m)
    nearest_m = cv2.erode(np.where(known, depth_m, np.float32(np.inf)), SQUARE)
    farthest_m = cv2.dilate(np.where(known, depth_m, np.float32(-np.inf)), SQUARE)
    step_m = depth_m * np.float32(edge_step) + np.float32(SMALLEST_STEP_M)
    flying: Mask = (depth_m - nearest_m > step_m) & (farthest_m - depth_m > step_m)
    inverse = 1 / depth_m
    largest_bend = step_m * inverse * inverse  # of 1 / depth, as the step is of depth
    bent = np.zeros(depth_m.shape, np.uint8)
    for before, here, after in (
        (inverse[:, :-2], np.s_[:, 1:-1], inverse[:, 2:]),
        (inverse[:-2], np.s_[1:-1], inverse[2:]),
    ):
        # NaN on any side makes the comparison false.
        bend = np.abs(before + after - 2 * inverse[here])
        bent[here] |= bend > largest_bend[here]
    flying &= cv2.dilate(bent, SQUARE) > 0
    return flying


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
