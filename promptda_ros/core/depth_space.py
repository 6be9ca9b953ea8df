# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The space in which a network sees its prompt and answers: metres, or their logarithm.

What a network says is a share of its prompt's range. In metres most of that range belongs to the
farthest things, and an error near the camera is as large as one far away. In logarithms an error
is a share of the depth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

# Depth this near to either end of its prompt's range (a share of it) may be cut off there.
SATURATION = 0.005


@dataclass(frozen=True)
class DepthSpace:
    """Both ways between metres and what a network works in; order is kept."""

    from_metres: Callable[[Tensor], Tensor]
    to_metres: Callable[[Tensor], Tensor]

    def inside(self, near_m: float, far_m: float, share: float) -> tuple[float, float]:
        """Return the metres that lie a share of the range inside of either end of it."""
        ends = self.from_metres(torch.tensor([near_m, far_m], dtype=torch.float64))
        margin = share * (ends[1] - ends[0])
        low_m, high_m = self.to_metres(torch.stack((ends[0] + margin, ends[1] - margin))).tolist()
        return low_m, high_m

    def at_end(self, depth_m: Tensor, near_m: float, far_m: float) -> Tensor:
        """Mark depth at or beyond either end of the prompt's range."""
        low_m, high_m = self.inside(near_m, far_m, SATURATION)
        return (depth_m <= low_m) | (depth_m >= high_m)


def _as_it_is(depth_m: Tensor) -> Tensor:
    return depth_m


METRES = DepthSpace(_as_it_is, _as_it_is)
# Depth of 0 and below has no logarithm: it becomes -inf or NaN, and counts as unknown.
LOG = DepthSpace(torch.log, torch.exp)
DEPTH_SPACES = {'metres': METRES, 'log': LOG}
