# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How much of what the sensor measured the network's own depth does not know.

Depth that is published is held at the sensor, whatever the network says, and so tells nothing of
the network. Its own answer is judged here: the mean square of its difference from the sensor, as
a share of the sensor's variance. One number for the whole picture leaves all of it unexplained,
however well it is chosen; a network that follows its prompt leaves some thousandths.
"""

from __future__ import annotations

import torch
from torch import Tensor
import torch.nn.functional as F

from promptda_ros.core.depth_space import DepthSpace
from promptda_ros.core.restore.surface_residual import seen_by_sensor
from promptda_ros.core.runtime.threads import one_thread

# Along the longer side. Within a cell only means count: a network smooths what its prompt has of
# noise and of fine detail, and is right in doing so.
CELLS = 16
# Less than this share of the depth is a wall: there no answer within the prompt's range is wrong.
LEAST_DEVIATION = 0.02


@one_thread()
def unexplained(
    network_m: Tensor, prompt_m: Tensor, measured: Tensor, space: DepthSpace
) -> Tensor:
    """Return the share, from 0 up, of the variance of what was measured; waits for no device.

    network_m (h, w), of which the level counts, too; prompt_m and measured (1, 1, hp, wp). space:
    in which the network works, so that things far away weigh as they do for it.
    """
    size = prompt_m.shape[2:]
    seen_m = seen_by_sensor(network_m[None, None], size)
    both = torch.cat((space.from_metres(prompt_m), space.from_metres(seen_m)), 1)
    pixels = -(-max(size) // CELLS)  # of a cell, along a side
    cells = -(-size[0] // pixels), -(-size[1] // pixels)
    sensor, network, weight = F.adaptive_avg_pool2d(
        torch.cat((both * measured, measured), 1), cells
    )[0]
    known = weight.clamp(min=torch.finfo(weight.dtype).tiny)  # nothing is 0 there
    sensor, network, weight = sensor / known, network / known, weight / weight.sum()
    mean = (weight * sensor).sum()
    least = space.from_metres((1 + LEAST_DEVIATION) * space.to_metres(mean)) - mean
    variance = (weight * (sensor - mean).square()).sum()
    error = (weight * (network - sensor).square()).sum()
    share: Tensor = error / torch.maximum(variance, least.square())
    return share
