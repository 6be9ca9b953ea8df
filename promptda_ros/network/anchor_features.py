# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What an anchor decides by: differences of log depth and the picture, at half its size."""

from __future__ import annotations

import math

import torch
from torch import Tensor
import torch.nn.functional as F

from promptda_ros.network.anchor_grid import enlarged, Grid, size_of, spread
from promptda_ros.network.anchor_prompt import Matched, overall, Prompted, window_means

# Differences of log depth that features show best: noise, steps of objects, shape of the scene.
FINE, COARSE, LEVEL, NOISE = 0.02, 0.05, 0.2, 0.005
FEATURES = 33
NETWORK_FEATURES = 4  # the last ones


def features(pixels: Tensor, prompt: Prompted, matched: Matched | None, grid: Grid) -> Tensor:
    """Return what the network decides by (B, FEATURES, H / 2, W / 2)."""
    rows, columns, half = grid.rows, grid.columns, grid.half
    filled, (near, wide) = prompt.filled, prompt.means
    shown = torch.cat(
        (
            _compressed(filled - overall(filled, prompt.measured), LEVEL),
            _compressed(filled - near, FINE),
            _compressed(wide - _blurred(prompt.smooth), COARSE),
            _compressed(prompt.smooth - filled, FINE),
            _compressed(prompt.rough, NOISE),
            2 * prompt.measured - 1,
            _compressed(prompt.aside - filled, COARSE),
        ),
        1,
    )
    batch = pixels.shape[0]
    detail = _compressed(spread(filled - wide, grid.size), FINE)
    return _joined(
        F.pixel_unshuffle(pixels / 64 - 2, 2),
        detail.reshape(batch, 2, 2, *half).transpose(1, 2).flatten(1, 2),
        enlarged(shown, half),
        rows.offset[: half[0], None].expand(batch, 1, *half),
        columns.offset[: half[1]].expand(batch, 1, *half),
        pixels.new_full((batch, 1, *half), math.log2(rows.pitch_px) / 3),
        *_network_features(matched, filled, half),
    )


def _joined(*maps: Tensor) -> Tensor:
    """Join maps (B, any, h, w), on a CPU channels last: convolutions take 4/5 of the time so."""
    first, last = maps[0], torch.channels_last
    if first.device.type != 'cpu':
        return torch.cat(maps, 1)
    if torch.is_grad_enabled() or torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
        return torch.cat(maps, 1).contiguous(memory_format=last)
    size = len(first), sum(each.shape[1] for each in maps), *size_of(first)
    return torch.cat(maps, 1, out=torch.empty(size, memory_format=last))


def _network_features(
    matched: Matched | None, filled: Tensor, size: tuple[int, int]
) -> tuple[Tensor, ...]:
    """Return what the network says of the scene, nothing where there is none."""
    if matched is None:
        return (filled.new_zeros(filled.shape[0], NETWORK_FEATURES, *size),)
    here, sensor = enlarged(matched.near, size), enlarged(filled, size)
    against = _compressed(here - sensor, FINE)
    detail = _compressed(here - window_means(here, 9), FINE)
    wide = _compressed(enlarged(matched.wide, size) - sensor, FINE)
    return against, detail, torch.ones_like(against), wide


def _blurred(values: Tensor) -> Tensor:
    """Return the shape of the scene: what is left at an eighth of the size."""
    height, width = size_of(values)
    small = max(1, height // 8), max(1, width // 8)
    return enlarged(F.adaptive_avg_pool2d(values, small), (height, width))


def _compressed(difference: Tensor, scale: float) -> Tensor:
    """Compress differences of log depth, so that small ones are seen and large ones are bounded.

    The inverse hyperbolic sine, written with what every compiler knows.
    """
    scaled = difference / scale
    return scaled.sign() * (scaled.abs() + (scaled.square() + 1).sqrt()).log()
