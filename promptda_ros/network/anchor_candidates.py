# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The candidates for the depth of a pixel, and how an anchor weighs them.

Every pixel becomes a convex combination of what the sensor measured around it, of means of that
over wider windows, and of two values that may go beyond them: the network's depth at the sensor's
level, and a free one, for holes. Where the head says nothing the weights are those of bilinear
interpolation: training begins at the sensor (convex upsampling: Teed & Deng 2020).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
import math

import torch
from torch import Tensor

from promptda_ros.network.anchor_grid import Grid, spread
from promptda_ros.network.anchor_prompt import Matched, Prompted, WINDOWS

# Weights that the others have from the start beside the nearest samples.
WIDE_SHARE, BEYOND_SHARE = 5e-4, 2e-3
# Chosen on 30 kept-back real frames and 12 views of the cell: the share of interpolation in the
# mean of both; in log depth, up to which difference both show one surface, and up to which
# roughness its samples do.
PLAIN_SHARE, SAME_SURFACE, QUIET = 0.75, 0.03, 0.0035
LARGEST_LOGIT = 60.0
GAIN = 3.0  # on the head's outputs, so that it learns as fast as the layers before it
FREE_STEP = 0.1  # log depth per unit of the head's output
# Nearest samples, means, the smooth filling, means aside, the network's depth twice, a free value.
CANDIDATES = 9 + len(WINDOWS) + 1 + 4 + 2 + 1


@dataclass(frozen=True)
class CandidateHead:
    """The last layer, by what it says of each of four pixels, see `anchor_grid.py`."""

    weight: Tensor  # (CANDIDATES + 1, 4, C)
    bias: Tensor  # (CANDIDATES + 1, 4, 1)

    def outputs(
        self, x: Tensor, part: slice, *, begin: Tensor | float = 0.0, gain: float = GAIN
    ) -> Tensor:
        """Return what it says (B, candidates, 4, n) of some candidates, added to the begin.

        Group by group, since to cut them from one map would move all of them once more.
        """
        weight, bias = (each[part].flatten(0, 1) for each in (self.weight, self.bias))
        with torch.autocast(x.device.type, enabled=False):
            batch = weight.expand(len(x), -1, -1)
            said = torch.baddbmm(begin + gain * bias, batch, x.float(), alpha=gain)
        return said.reshape(len(x), -1, 4, said.shape[2])


def combine(
    x: Tensor,
    head: CandidateHead,
    plain: Tensor,
    measured: Tensor,
    prompt: Prompted,
    matched: Matched | None,
    grid: Grid,
) -> Tensor:
    """Weigh the candidates of every pixel (B, 4, n), given their interpolated sensor depth."""
    free = plain + head.outputs(x, slice(CANDIDATES, None), gain=FREE_STEP)[:, 0]
    # In holes half of the weight is on the free value, which is that of bilinear interpolation,
    # too, until the head says something: there it learns as fast as the others do elsewhere.
    said = head.outputs(x, slice(CANDIDATES - 1, CANDIDATES))[:, 0]
    weight = (1 - measured + BEYOND_SHARE) * _exponential(said)
    total = weight * free
    first = 0
    for values, begin in _candidates(plain, prompt, matched, grid):
        part = slice(first, first + values.shape[1])
        weights = _exponential(head.outputs(x, part, begin=begin))
        total = total + (weights * values).sum(1)
        weight = weight + weights.sum(1)
        first = part.stop
    return total / weight


def _candidates(
    plain: Tensor, prompt: Prompted, matched: Matched | None, grid: Grid
) -> Iterator[tuple[Tensor, Tensor | float]]:
    """Yield candidates (B, any, 4, n) and their log weights from the start.

    In groups, which are made when they are weighed: few maps of the picture's size fit into what
    a processor has at hand.
    """
    yield from zip(grid.around(prompt.filled), grid.priors, strict=True)
    wide = torch.cat((*prompt.means, prompt.smooth, prompt.aside), 1)
    yield spread(wide, grid.size), math.log(WIDE_SHARE)
    beyond = plain[:, None].expand(-1, 2, -1, -1)
    if matched is not None:
        beyond = spread(torch.cat((matched.near, matched.wide), 1), grid.size)
    yield beyond, math.log(BEYOND_SHARE)


def average_where_flat(depth: Tensor, plain: Tensor, measured: Tensor, rough: Tensor) -> Tensor:
    """Average with plain interpolation (B, 4, n) where both show one surface of a quiet sensor.

    There the two differ by what the anchor makes of pictures that it was not trained on. Not in
    training, which would learn to undo it.
    """
    apart = ((depth - plain) / SAME_SURFACE).square() + (rough / QUIET).square()
    return torch.lerp(depth, plain, PLAIN_SHARE * measured * (-0.5 * apart).exp())


def _exponential(logits: Tensor) -> Tensor:
    """Return weights that are numbers whatever the head says, in the memory of the logits."""
    return logits.clamp_(max=LARGEST_LOGIT).exp_()
