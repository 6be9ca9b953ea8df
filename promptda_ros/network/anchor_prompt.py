# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What an anchor makes of the prompt, and of the network's depth, before it looks at pixels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
import torch.nn.functional as F

from promptda_ros.core.restore.surface_residual import carry, seen_by_sensor
from promptda_ros.network.anchor_grid import enlarged, size_of

WINDOWS = (3, 7)  # samples a side over which means are taken
# Samples to each side whose depth a pixel may take, too: a stereo camera or a phone's filling by
# colour spreads an object's depth further past its edges than the nearest samples reach.
ASIDE = 5
ROUGH_WINDOW = 5  # samples a side
COARSE_GRID = 12, 16  # over which the network's level is compared with the sensor's as a whole


@dataclass(frozen=True)
class Prompted:
    """The prompt in log depth (B, 1, h, w), and what is made of it there."""

    filled: Tensor
    measured: Tensor
    smooth: Tensor  # holes filled smoothly
    means: tuple[Tensor, ...]  # of what was measured, by window
    aside: Tensor  # (B, 4, h, w) means of the smallest window above, below, to the left and right
    rough: Tensor  # how far samples are from the means around them: noise, or steps


@dataclass(frozen=True)
class Matched:
    """The network's log depth (B, 1, any, any) at the level of the sensor."""

    near: Tensor  # surface by surface, around each pixel
    wide: Tensor  # over parts of the picture: its own shape at steps that the sensor blurs


def read_prompt(filled: Tensor, measured: Tensor) -> Prompted:
    """Look around each sample (B, 1, h, w) of log depth."""
    smooth = _fill_smoothly(filled, measured)
    means = tuple(_mean(filled, measured, smooth, side) for side in WINDOWS)
    rough = window_means((filled - means[0]).abs(), ROUGH_WINDOW)
    return Prompted(filled, measured, smooth, means, _aside(means[0]), rough)


def _fill_smoothly(values: Tensor, known: Tensor) -> Tensor:
    """Fill what is not known from means over ever larger blocks of what is."""
    height, width = size_of(values)
    if min(height, width) <= 2:
        return known * values + (1 - known) * overall(values, known)
    rim = (0, width % 2, 0, height % 2)
    both = F.pad(torch.cat((values * known, known), 1), rim)
    total, share = F.avg_pool2d(both, 2).chunk(2, 1)
    coarser = _fill_smoothly(total / share.clamp(min=1e-6), (2 * share).clamp(max=1))
    around = enlarged(coarser, (height + rim[3], width + rim[1]))[:, :, :height, :width]
    return known * values + (1 - known) * around


def _aside(values: Tensor) -> Tensor:
    """Look to the four sides of each sample (B, 4, h, w); what lies outside is as at the rim."""
    height, width = size_of(values)
    padded = F.pad(values, (ASIDE,) * 4, mode='replicate')
    corners = (0, ASIDE), (2 * ASIDE, ASIDE), (ASIDE, 0), (ASIDE, 2 * ASIDE)
    return torch.cat(
        [padded[:, :, top : top + height, left : left + width] for top, left in corners], 1
    )


def overall(values: Tensor, known: Tensor) -> Tensor:
    """Average what is known in each frame (B, 1, 1, 1)."""
    sums = (values * known).sum((2, 3), keepdim=True), known.sum((2, 3), keepdim=True)
    return sums[0] / sums[1].clamp(min=1e-6)


def _mean(values: Tensor, known: Tensor, smooth: Tensor, side: int) -> Tensor:
    """Average what is known in a window around each sample."""
    both = torch.cat((values * known, known), 1)
    total, share = (_sums(both, side) / side**2).chunk(2, 1)
    return (total + 1e-4 * smooth) / (share + 1e-4)


def _sums(values: Tensor, side: int) -> Tensor:
    """Add up a window around each value, what lies outside as 0.

    As sums of whole maps these take a tenth of the time of pooling on a CPU.
    """
    height, width = size_of(values)
    padded = F.pad(values, (side // 2,) * 4)
    rows = _added([padded[:, :, begin : begin + height] for begin in range(side)])
    return _added([rows[..., begin : begin + width] for begin in range(side)])


def _added(maps: list[Tensor]) -> Tensor:
    total = maps[0] + maps[1]
    for each in maps[2:]:
        total += each
    return total


def window_means(values: Tensor, side: int) -> Tensor:
    """Average a window around each value, without what lies outside."""
    rows, columns = (_inside(length, side, values.device) for length in size_of(values))
    return _sums(values, side) / (rows[:, None] * columns)


def _inside(length: int, side: int, device: torch.device) -> Tensor:
    """Count the places (length,) of a window around each that are not outside."""
    places, reach = torch.arange(length, device=device), side // 2
    return (places + reach).clamp(max=length - 1) - (places - reach).clamp(min=0) + 1


def match(network: Tensor, prompt: Prompted) -> Matched:
    """Bring the network's log depth to the level of the sensor; it keeps its own shape."""
    size, own = size_of(prompt.filled), size_of(network)
    seen = seen_by_sensor(network, size)
    off = prompt.filled - seen
    smooth = _fill_smoothly(off, prompt.measured)
    if size[0] < own[0]:
        near = carry(network, smooth, seen, prompt.measured)
    else:  # of a finer sensor the nearest samples are of one surface
        network, near = seen, _mean(off, prompt.measured, smooth, WINDOWS[0])
    wide = _coarse(off, prompt.measured)
    return Matched(network + near, network + enlarged(wide, size_of(network)))


def _coarse(values: Tensor, known: Tensor) -> Tensor:
    """Average what is known over parts of the picture."""
    size = min(values.shape[2], COARSE_GRID[0]), min(values.shape[3], COARSE_GRID[1])
    total, share = (F.adaptive_avg_pool2d(each, size) for each in (values * known, known))
    return _fill_smoothly(total / share.clamp(min=1e-6), (share > 1e-6).to(share.dtype))
