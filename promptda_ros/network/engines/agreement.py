# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a compiled network gives the depth of the one that it was compiled from."""

from __future__ import annotations

from collections.abc import Callable
import math

import torch
from torch import Tensor

# Shares of the depth. A scale that changes from frame to frame moves a whole scene, and no pixel
# on its own need be far off.
LEVEL_TOLERANCE = 5e-4  # 2 mm at 4 m
DRIFT_TOLERANCE = 2.5e-4  # 1 mm at 4 m

Network = Callable[..., Tensor]


def disagreement(
    network: Network,
    run: Network,
    inputs: tuple[Tensor, ...],
    *,
    tolerance: float,
    outliers: float = 0.0,
) -> str:
    """Say how far the depth of a run is from that of the network; empty: it agrees.

    inputs: those of the compiler. Others are compared: what is left of the compiler's own run
    must not pass for an answer. tolerance: of a pixel, as a share of its depth; only a share of
    `outliers` may exceed it, by any finite number.
    """
    levels = []
    for others in _others(inputs):
        off = (run(*others) / network(*others) - 1).double()
        most = _largest(off.abs(), outliers)
        if most > tolerance:
            return f'its depth is {most:.1e} off that of torch > {tolerance:g}'
        levels.append(float(off.mean()))
    level, drift = max(map(abs, levels)), max(levels) - min(levels)
    if level > LEVEL_TOLERANCE:
        return f'its depth is {level:.1e} off that of torch in the mean > {LEVEL_TOLERANCE:g}'
    if drift > DRIFT_TOLERANCE:
        return f'its scale changes by {drift:.1e} between two frames > {DRIFT_TOLERANCE:g}'
    return ''


def _largest(off: Tensor, outliers: float) -> float:
    """Return the largest value that is left when a share of outliers is taken away."""
    if not off.isfinite().all():
        return math.inf
    kept = max(1, math.ceil((1 - outliers) * off.numel()))
    return float(off.flatten().kthvalue(kept).values)


def _others(inputs: tuple[Tensor, ...]) -> list[tuple[Tensor, ...]]:
    """Return two frames that are not the given one, of another depth each."""
    frames = []
    for turn, scale in (((-2, -1), 2.0), ((-1,), 0.75)):
        turned = [torch.flip(each, turn) for each in inputs]
        frames.append(
            tuple(scale * each if number % 2 else each for number, each in enumerate(turned))
        )
    return frames
