# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Soft edges of depth made sharp by the picture: a joint bilateral filter.

For small networks, which know that there is an edge better than where it is. Every pixel becomes
the mean of the pixels around it, weighted by how near they are and how alike in colour
(Tomasi and Manduchi, 1998; Petschnigg et al., 2004). First along columns, then along rows, which
takes a fifth of the time of a square (Pham and van Vliet, 2005) and gives errors at edges that
are 2 % larger.
"""

from __future__ import annotations

import torch
from torch import Tensor

# Chosen on validation scenes of the cell at 252x336 by the error at edges.
REACH_PX = 6
STRIDE_PX = 2  # every second neighbour is enough for a mean
SIGMA_PX = 4.0
SIGMA_COLOUR = 15.0  # sum of the differences of three channels, 0 to 255 each
# Less weighs nothing in float32, and numbers too small for it take a CPU twice as long.
LEAST_EXPONENT = -30.0


def refine_edges(depth_m: Tensor, colours: Tensor, *, rounds: int = 1) -> Tensor:
    """Filter depth (h, w), all finite, by the colours (3, h, w), 0 to 255, of its pixels.

    More rounds reach farther: edges of coarse sensors are softer.
    """
    for axis in (0, 1) * rounds:
        depth_m = _filter(depth_m, colours, axis)
    return depth_m


def _filter(depth_m: Tensor, colours: Tensor, axis: int) -> Tensor:
    length = depth_m.shape[axis]
    total_m, weights = depth_m.clone(), torch.ones_like(depth_m)
    for offset in range(STRIDE_PX, min(REACH_PX, length - 1) + 1, STRIDE_PX):
        # A pair of pixels has one weight, whichever of the two is asked for.
        rest = length - offset
        unlike = colours.narrow(axis + 1, 0, rest) - colours.narrow(axis + 1, offset, rest)
        unlike = unlike.abs_().sum(0).div_(SIGMA_COLOUR)
        weight = unlike.square_().add_((offset / SIGMA_PX) ** 2).mul_(-0.5)
        weight.clamp_(min=LEAST_EXPONENT).exp_()
        for one, other in ((0, offset), (offset, 0)):
            neighbours_m = depth_m.narrow(axis, other, rest)
            total_m.narrow(axis, one, rest).addcmul_(weight, neighbours_m)
            weights.narrow(axis, one, rest).add_(weight)
    return total_m / weights
