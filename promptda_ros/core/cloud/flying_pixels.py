# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which pixels float between a nearer and a farther surface, where nothing is.

A pixel flies when both the nearest and the farthest of its eight neighbours are more than a step
away, and the surface around it is no plane: 1 / depth of a plane is linear in the picture,
however slanted the plane is. A sharp edge has no such pixel, a smeared one consists of them.

The step is `SMALLEST_STEP_M`, and `edge_step` as a share of the depth in addition, because the
pixels of a surface lie farther apart, and sensors see less well, far away. Both were chosen on
validation scenes of the cell (docs/trust_measured.md).

The same test twice: OpenCV takes a tenth of the time of torch on a CPU, torch runs on CUDA.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import torch
from torch import Tensor
import torch.nn.functional as F

from promptda_ros.core.frame import ByteImage, FloatImage, Mask

SMALLEST_STEP_M = 0.006
SQUARE = np.ones((3, 3), np.uint8)
ROWS_AROUND = 2  # on which a pixel's answer rests: bends of its neighbours
# Not all at once, so that what is worked on stays in the cache: a sixth less time at 1280x720.
STRIP_ROWS = 180
BEND = np.array([[1, -2, 1]], np.float32)


def find_flying(depth_m: Tensor, *, edge_step: float) -> Tensor:
    """Mark the flying pixels of depth (H, W), NaN unknown, wherever it is."""
    if depth_m.device.type != 'cpu':
        return flying_on_device(depth_m, edge_step)
    rows_m = depth_m.numpy()
    flying = np.empty(rows_m.shape, np.bool_)
    for top in range(0, len(rows_m), STRIP_ROWS):
        first = max(0, top - ROWS_AROUND)
        strip_m = rows_m[first : top + STRIP_ROWS + ROWS_AROUND]
        flying[top : top + STRIP_ROWS] = _flying_in(strip_m, edge_step)[top - first :][:STRIP_ROWS]
    return torch.from_numpy(flying)


def _flying_in(depth_m: FloatImage, edge_step: float) -> Mask:
    """Mark the flying pixels (H, W) of a strip with OpenCV."""
    unknown = np.isnan(depth_m)
    near_m = far_m = depth_m
    if unknown.any():
        near_m = np.where(unknown, np.float32(math.inf), depth_m)
        far_m = np.where(unknown, np.float32(-math.inf), depth_m)
    from_nearest_m, to_farthest_m = cv2.erode(near_m, SQUARE), cv2.dilate(far_m, SQUARE)
    # Into what is there: fresh memory takes longer than the sums.
    cv2.subtract(depth_m, from_nearest_m, dst=from_nearest_m)
    cv2.subtract(to_farthest_m, depth_m, dst=to_farthest_m)
    gap_m = cv2.min(from_nearest_m, to_farthest_m, dst=from_nearest_m)
    step_m = np.multiply(depth_m, np.float32(edge_step), out=to_farthest_m)
    step_m += np.float32(SMALLEST_STEP_M)
    flying = cv2.compare(gap_m, step_m, cv2.CMP_GT)
    inverse = np.divide(np.float32(1), depth_m, out=gap_m)
    # The largest bend of 1 / depth, as the step is of depth.
    largest_bend = cv2.multiply(cv2.multiply(step_m, inverse, dst=step_m), inverse, dst=step_m)
    flying &= cv2.dilate(_bent(inverse, largest_bend), SQUARE)
    marked: Mask = flying > 0
    return marked


def _bent(inverse: FloatImage, largest_bend: FloatImage) -> ByteImage:
    """Mark by 255 where 1 / depth (H, W) bends by more; beyond the border bends are none."""
    bend = cv2.filter2D(inverse, -1, BEND)
    bent: ByteImage = cv2.compare(np.abs(bend, out=bend), largest_bend, cv2.CMP_GT)
    bent[:, [0, -1]] = 0
    bend = cv2.filter2D(inverse, -1, BEND.T, dst=bend)
    bent_down = cv2.compare(np.abs(bend, out=bend), largest_bend, cv2.CMP_GT)
    bent[1:-1] |= bent_down[1:-1]
    return bent


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
