# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The training loss."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
import torch.nn.functional as F

from promptda_ros.lab.edges import EDGE_REACH_PX, EDGE_STEP
from promptda_ros.network.prompt_depth_anything import GRADIENT_WEIGHT

LEAST_RANGE_M = 0.05  # a wall seen head-on has no range to speak of, and would count endlessly
LARGEST_ERROR = 30.0  # in units of the loss
LEAST_ERROR_M = 0.002  # no sensor is better, and no frame may count endlessly


def training_loss(
    depth_m: Tensor, prompt_m: Tensor, truth_m: Tensor, *, unit: str, edge_weight: float
) -> Tensor:
    """Return the mean over the samples of their loss in metres, in units that suit each.

    depth_m and truth_m (B, H, W), NaN in truth unknown; prompt_m (B, 1, h, w); unit is one of
    UNITS.
    """
    unit_m = UNITS[unit](prompt_m, truth_m, edge_weight)
    # A sensor that is the truth has strays of its own: beyond this an error counts no more.
    most_m = LARGEST_ERROR * unit_m[:, None, None]
    depth_m = torch.where(truth_m.isfinite(), depth_m.clamp(truth_m - most_m, truth_m + most_m), 0)
    return (sample_loss_m(depth_m, truth_m, edge_weight=edge_weight) / unit_m).mean()


def sample_loss_m(depth_m: Tensor, truth_m: Tensor, *, edge_weight: float) -> Tensor:
    """Return L1 + 0.5 x gradient (B,) of each sample (arXiv 2412.14015, section 3.4).

    edge_weight adds the mean absolute error next to depth steps: few pixels, and those that
    grippers touch.
    """
    known = truth_m.isfinite()
    error_m = torch.where(known, depth_m - truth_m.nan_to_num(), 0)
    loss_m = _mean(error_m.abs(), known)
    for axis in (1, 2):
        length = error_m.shape[axis] - 1
        both = known.narrow(axis, 0, length) & known.narrow(axis, 1, length)
        loss_m = loss_m + GRADIENT_WEIGHT * _mean(error_m.diff(dim=axis).abs(), both)
    if edge_weight == 0:
        return loss_m
    return loss_m + edge_weight * _mean(error_m.abs(), near_steps(truth_m) & known)


def near_steps(truth_m: Tensor) -> Tensor:
    """Mark (B, H, W) the pixels within reach of a large step between neighbours."""
    at_step = torch.zeros_like(truth_m, dtype=torch.bool)
    for axis in (1, 2):
        length = truth_m.shape[axis] - 1
        first, second = truth_m.narrow(axis, 0, length), truth_m.narrow(axis, 1, length)
        step = (first - second).abs() > EDGE_STEP * torch.minimum(first, second)
        at_step.narrow(axis, 0, length).logical_or_(step)
        at_step.narrow(axis, 1, length).logical_or_(step)
    side = 2 * EDGE_REACH_PX - 1  # a pixel beside the step is the first of the three
    grown = F.max_pool2d(at_step[:, None].float(), side, stride=1, padding=side // 2)
    return grown[:, 0] > 0


def _prompt_range_m(prompt_m: Tensor, _truth_m: Tensor, _edge_weight: float) -> Tensor:
    """Count errors as shares of the range (B,) of each prompt, as the paper does."""
    span_m = prompt_m.amax((1, 2, 3)) - prompt_m.amin((1, 2, 3))
    return span_m.clamp(min=LEAST_RANGE_M)


def _bilinear_error_m(prompt_m: Tensor, truth_m: Tensor, edge_weight: float) -> Tensor:
    """Count errors against those of bilinear upsampling (B,).

    A prompt of 8 x 8 zones is wrong by ten times as much as a LiDAR's. Where both train one
    network by absolute errors, it hardly hears of the better one.
    """
    size = truth_m.shape[1:]
    enlarged_m = F.interpolate(prompt_m, size, mode='bilinear', align_corners=False)[:, 0]
    error_m = sample_loss_m(enlarged_m, truth_m, edge_weight=edge_weight)
    return error_m.clamp(min=LEAST_ERROR_M)


UNITS: dict[str, Callable[[Tensor, Tensor, float], Tensor]] = {
    'prompt_range': _prompt_range_m,
    'bilinear_error': _bilinear_error_m,
}


def _mean(values: Tensor, counted: Tensor) -> Tensor:
    """Average (B, H, W) over the pixels of each sample that count."""
    return (values * counted).sum((1, 2)) / counted.sum((1, 2)).clamp(min=1)
