# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How much of what the sensor measured the network's own depth does not know.

Depth that is published is held at the sensor, whatever the network says, and so tells nothing of
the network. Its own answer is judged here: the mean square of its difference from the sensor, as
a share of the sensor's variance. One number for the whole picture leaves all of it unexplained,
however well it is chosen; a network that follows its prompt leaves some thousandths.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from promptda_ros.core.depth_space import DepthSpace

# Along the longer side. Within a cell only means count: a network smooths what its prompt has of
# noise and of fine detail, and is right in doing so.
CELLS = 16
# Less than this share of the depth is a wall: there no answer within the prompt's range is wrong.
LEAST_DEVIATION = 0.02


def unexplained(cells: Tensor, space: DepthSpace) -> float:
    """Return the share, from 0 up, of the variance of what was measured.

    cells: means (3, any, any) of the sensor, of the network as the sensor sees it, and of what
    was measured; the network's level counts, too. space: in which the network works, so that
    things far away weigh as they do for it.
    """
    sensor, network, weight = cells
    known = weight.clamp(min=torch.finfo(weight.dtype).tiny)  # nothing is 0 there
    sensor, network, weight = sensor / known, network / known, weight / weight.sum()
    mean = (weight * sensor).sum()
    least = space.from_metres((1 + LEAST_DEVIATION) * space.to_metres(mean)) - mean
    variance = (weight * (sensor - mean).square()).sum()
    error = (weight * (network - sensor).square()).sum()
    return float(error / torch.maximum(variance, least.square()))


def cells_of(size: Sequence[int]) -> tuple[int, int]:
    """Return how many cells a prompt (height, width) has down and across."""
    pixels = -(-max(size) // CELLS)  # of a cell, along a side
    return -(-size[0] // pixels), -(-size[1] // pixels)
