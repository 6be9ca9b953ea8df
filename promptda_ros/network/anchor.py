# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Depth at the image's own size, held by the sensor: a small network that weighs its samples.

Every pixel becomes a convex combination of what the sensor measured around it, of means of that
over wider windows, and of two values that may go beyond them: the network's depth at the sensor's
level, and a free one, for holes. All of it in log depth, and from differences only, so that
prompts of another scale give the same picture at that scale, and things far away do not set the
scale of those nearby. Where the head says nothing the weights are those of bilinear
interpolation: training begins at the sensor (convex upsampling: Teed & Deng 2020).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
import math

import torch
from torch import nn, Tensor
import torch.nn.functional as F

from promptda_ros.network.anchor_grid import enlarged, Grid, grid_of, size_of, spread
from promptda_ros.network.anchor_prompt import (
    match,
    Matched,
    overall,
    Prompted,
    read_prompt,
    window_means,
    WINDOWS,
)

# Weights that the others have from the start beside the nearest samples.
WIDE_SHARE, BEYOND_SHARE = 5e-4, 2e-3
# Chosen on 30 kept-back real frames and 12 views of the cell: the share of interpolation in the
# mean of both; in log depth, up to which difference both show one surface, and up to which
# roughness its samples do.
PLAIN_SHARE, SAME_SURFACE, QUIET = 0.75, 0.03, 0.0035
LARGEST_LOGIT = 60.0
GAIN = 3.0  # on the head's outputs, so that it learns as fast as the layers before it
FREE_STEP = 0.1  # log depth per unit of the head's output
# Differences of log depth that features show best: noise, steps of objects, shape of the scene.
FINE, COARSE, LEVEL, NOISE = 0.02, 0.05, 0.2, 0.005
# Nearest samples, means, the smooth filling, means aside, the network's depth twice, a free value.
CANDIDATES = 9 + len(WINDOWS) + 1 + 4 + 2 + 1
FEATURES = 33
NETWORK_FEATURES = 4  # the last ones


@dataclass(frozen=True)
class AnchorConfig:
    """The shape of the small network."""

    widths: tuple[int, ...] = (16, 32, 48, 64, 96)  # at half the image's size, a quarter, ...


@dataclass(frozen=True)
class Head:
    """The last layer, by what it says of each of four pixels, see `anchor_grid.py`."""

    weight: Tensor  # (CANDIDATES + 1, 4, C)
    bias: Tensor  # (CANDIDATES + 1, 4, 1)

    def say(
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


class Residual(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return features of the same shape."""
        return F.relu_(self.second(F.relu_(self.first(x))).add_(x))


class Anchor(nn.Module):
    """Weighs the sensor's samples for every pixel of the image."""

    patch_px = 1  # it takes pictures of any size

    def __init__(self, config: AnchorConfig | None = None) -> None:
        """Begin as bilinear interpolation; the caller seeds torch."""
        super().__init__()
        self.config = config or AnchorConfig()
        widths = self.config.widths
        pairs = list(pairwise(widths))
        self.stem = nn.Conv2d(FEATURES, widths[0], 3, padding=1)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairs)
        self.encode = nn.ModuleList(Residual(b) for _, b in pairs)
        self.scene = nn.Conv2d(widths[-1], widths[-1], 1)  # what all of the picture shows
        self.up = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairs)
        self.decode = nn.ModuleList(Residual(a) for a, _ in pairs[1:])
        self.finish = nn.Conv2d(widths[0], widths[0], 3, padding=1)
        self.head = nn.Conv2d(widths[0], 4 * (CANDIDATES + 1), 1)
        with torch.no_grad():
            nn.init.zeros_(self.head.weight)
            nn.init.zeros_(_bias(self.head))
            nn.init.zeros_(self.scene.weight)
            nn.init.zeros_(_bias(self.scene))
            self.stem.weight[:, -NETWORK_FEATURES:] = 0
            for block in (*self.encode, *self.decode):
                block.second.weight *= 0.3

    def forward(
        self, pixels: Tensor, prompt_m: Tensor, measured: Tensor, network_m: Tensor | None = None
    ) -> Tensor:
        """Return metres (B, 1, H, W).

        pixels (B, 3, H, W), 0 to 255; prompt_m (B, 1, h, w) without holes; measured (B, 1, h, w),
        1 where it was; network_m (B, 1, any, any), the network's depth if there is one.
        """
        height, width = size_of(pixels)
        if height % 2 or width % 2:
            pixels = F.pad(pixels, (0, width % 2, 0, height % 2), mode='replicate')
        grid = grid_of(size_of(prompt_m), size_of(pixels), pixels.device)
        prompt = read_prompt(prompt_m.log(), measured)
        matched = None if network_m is None else match(network_m.log(), prompt)
        x = self._decide(_features(pixels, prompt, matched, grid))
        # (B, C, n), pixel by pixel in memory as convolutions leave it: not moved for the head.
        x = x.permute(0, 2, 3, 1).flatten(1, 2).transpose(1, 2)
        sensor = torch.cat((prompt.filled, prompt.measured, prompt.rough), 1)
        plain, known, rough = spread(sensor, grid.size).unbind(1)
        log_depth = _combine(x, self._head(), plain, known, prompt, matched, grid)
        if not self.training:
            log_depth = _average_where_flat(log_depth, plain, known, rough)
        return grid.picture(log_depth).exp()[:, :, :height, :width]

    def _decide(self, features: Tensor) -> Tensor:
        x = F.relu_(self.stem(features))
        skips = [x]
        for down, encode in zip(self.down, self.encode, strict=True):
            x = encode(F.relu_(down(x)))
            skips.append(x)
        x = x + self.scene(x.mean((2, 3), keepdim=True))
        for level in range(len(self.up) - 1, -1, -1):
            size = size_of(skips[level])
            x = F.interpolate(self.up[level](x), size, mode='bilinear').add_(skips[level])
            x = self.decode[level - 1](x) if level else F.relu_(self.finish(x))
        return x

    def _head(self) -> Head:
        # Of its channels: candidate, row, column of the four pixels; of maps: column, row.
        channels = len(self.head.weight) // 4
        weight, bias = (
            each.reshape(channels, 2, 2, -1).transpose(1, 2).reshape(channels, 4, -1)
            for each in (self.head.weight, _bias(self.head))
        )
        return Head(weight, bias)


def _features(pixels: Tensor, prompt: Prompted, matched: Matched | None, grid: Grid) -> Tensor:
    """Return what the network decides by (B, FEATURES, H / 2, W / 2)."""
    rows, columns, half = grid.rows, grid.columns, grid.half
    filled, (near, wide) = prompt.filled, prompt.means
    shown = torch.cat(
        (
            _shown(filled - overall(filled, prompt.measured), LEVEL),
            _shown(filled - near, FINE),
            _shown(wide - _blurred(prompt.smooth), COARSE),
            _shown(prompt.smooth - filled, FINE),
            _shown(prompt.rough, NOISE),
            2 * prompt.measured - 1,
            _shown(prompt.aside - filled, COARSE),
        ),
        1,
    )
    batch = pixels.shape[0]
    detail = _shown(spread(filled - wide, grid.size), FINE)
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
    against = _shown(here - sensor, FINE)
    detail = _shown(here - window_means(here, 9), FINE)
    wide = _shown(enlarged(matched.wide, size) - sensor, FINE)
    return against, detail, torch.ones_like(against), wide


def _combine(
    x: Tensor,
    head: Head,
    plain: Tensor,
    measured: Tensor,
    prompt: Prompted,
    matched: Matched | None,
    grid: Grid,
) -> Tensor:
    """Weigh the candidates of every pixel (B, 4, n), given their interpolated sensor depth."""
    free = plain + head.say(x, slice(CANDIDATES, None), gain=FREE_STEP)[:, 0]
    # In holes half of the weight is on the free value, which is that of bilinear interpolation,
    # too, until the head says something: there it learns as fast as the others do elsewhere.
    said = head.say(x, slice(CANDIDATES - 1, CANDIDATES))[:, 0]
    weight = (1 - measured + BEYOND_SHARE) * _exponential(said)
    total = weight * free
    first = 0
    for values, begin in _candidates(plain, prompt, matched, grid):
        part = slice(first, first + values.shape[1])
        weights = _exponential(head.say(x, part, begin=begin))
        total = total + (weights * values).sum(1)
        weight = weight + weights.sum(1)
        first = part.stop
    return total / weight


def _average_where_flat(depth: Tensor, plain: Tensor, measured: Tensor, rough: Tensor) -> Tensor:
    """Average with plain interpolation (B, 4, n) where both show one surface of a quiet sensor.

    There the two differ by what the anchor makes of pictures that it was not trained on. Not in
    training, which would learn to undo it.
    """
    apart = ((depth - plain) / SAME_SURFACE).square() + (rough / QUIET).square()
    return torch.lerp(depth, plain, PLAIN_SHARE * measured * (-0.5 * apart).exp())


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


def _exponential(logits: Tensor) -> Tensor:
    """Return weights that are numbers whatever the head says, in the memory of the logits."""
    return logits.clamp_(max=LARGEST_LOGIT).exp_()


def _blurred(values: Tensor) -> Tensor:
    """Return the shape of the scene: what is left at an eighth of the size."""
    height, width = size_of(values)
    small = max(1, height // 8), max(1, width // 8)
    return enlarged(F.adaptive_avg_pool2d(values, small), (height, width))


def _shown(difference: Tensor, scale: float) -> Tensor:
    """Compress differences of log depth, so that small ones are seen and large ones are bounded.

    The inverse hyperbolic sine, written with what every compiler knows.
    """
    scaled = difference / scale
    return scaled.sign() * (scaled.abs() + (scaled.square() + 1).sqrt()).log()


def _bias(convolution: nn.Conv2d) -> Tensor:
    assert convolution.bias is not None
    return convolution.bias
