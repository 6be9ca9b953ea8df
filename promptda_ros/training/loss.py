# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What training makes small."""

from __future__ import annotations

import torch
from torch import Tensor
import torch.nn.functional as F

from promptda_ros.network.prompt_depth_anything import depth_loss

EDGE_STEP = 0.03  # relative
EDGE_REACH_PX = 3


def training_loss(
    depth_m: Tensor, prompt_m: Tensor, truth_m: Tensor, *, edge_weight: float
) -> Tensor:
    """Return L1 + 0.5 x gradient in units of each prompt's range (arXiv 2412.14015, section 3.4).

    depth_m and truth_m (B, H, W), NaN in truth unknown; prompt_m (B, 1, h, w). edge_weight adds
    the mean absolute error next to depth steps, which are few pixels and what grippers touch.
    """
    span_m = prompt_m.amax((1, 2, 3)) - prompt_m.amin((1, 2, 3))
    # A wall seen head-on has no range to speak of, and would count endlessly.
    scale = 1 / span_m.clamp(min=0.05)[:, None, None]
    depth, truth = depth_m * scale, truth_m * scale
    loss = depth_loss(depth, truth)
    if edge_weight == 0:
        return loss
    edge = near_steps(truth_m) & truth_m.isfinite()
    error = torch.where(edge, depth - truth.nan_to_num(), 0).abs()
    return loss + edge_weight * error.sum() / edge.sum().clamp(min=1)


def near_steps(truth_m: Tensor) -> Tensor:
    """Mark (B, H, W) the pixels within reach of a large step between neighbours."""
    near = torch.zeros_like(truth_m, dtype=torch.bool)
    for axis in (1, 2):
        length = truth_m.shape[axis] - 1
        first, second = truth_m.narrow(axis, 0, length), truth_m.narrow(axis, 1, length)
        step = (first - second).abs() > EDGE_STEP * torch.minimum(first, second)
        near.narrow(axis, 0, length).logical_or_(step)
        near.narrow(axis, 1, length).logical_or_(step)
    side = 2 * EDGE_REACH_PX - 1  # a pixel beside the step is the first of the three
    grown = F.max_pool2d(near[:, None].float(), side, stride=1, padding=side // 2)
    return grown[:, 0] > 0
