# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Depth at the image's own size, held by the sensor: a small network that weighs its samples.

All of it in log depth, and from differences only, so that prompts of another scale give the same
picture at that scale, and things far away do not set the scale of those nearby. What is weighed
stands in `anchor_candidates.py`, what it decides by in `anchor_features.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn, Tensor
import torch.nn.functional as F

from promptda_ros.network.anchor_candidates import (
    average_where_flat,
    CandidateHead,
    CANDIDATES,
    combine,
)
from promptda_ros.network.anchor_features import FEATURES, features, NETWORK_FEATURES
from promptda_ros.network.anchor_grid import grid_of, size_of, spread
from promptda_ros.network.anchor_prompt import match, read_prompt


@dataclass(frozen=True)
class AnchorConfig:
    """The shape of the small network."""

    widths: tuple[int, ...] = (16, 32, 48, 64, 96)  # at half the image's size, a quarter, ...


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
            for value in (*self.head.parameters(), *self.scene.parameters()):
                nn.init.zeros_(value)
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
        x = self._decide(features(pixels, prompt, matched, grid))
        # (B, C, n), pixel by pixel in memory as convolutions leave it: not moved for the head.
        x = x.permute(0, 2, 3, 1).flatten(1, 2).transpose(1, 2)
        sensor = torch.cat((prompt.filled, prompt.measured, prompt.rough), 1)
        plain, known, rough = spread(sensor, grid.size).unbind(1)
        log_depth = combine(x, self._head(), plain, known, prompt, matched, grid)
        if not self.training:
            log_depth = average_where_flat(log_depth, plain, known, rough)
        return grid.picture(log_depth).exp()[:, :, :height, :width]

    def _decide(self, shown: Tensor) -> Tensor:
        x = F.relu_(self.stem(shown))
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

    def _head(self) -> CandidateHead:
        # Of its channels: candidate, row, column of the four pixels; of maps: column, row.
        channels = len(self.head.weight) // 4
        weight, bias = (
            each.reshape(channels, 2, 2, -1).transpose(1, 2).reshape(channels, 4, -1)
            for each in self.head.parameters()
        )
        return CandidateHead(weight, bias)
