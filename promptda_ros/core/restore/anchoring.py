# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The sensor at its own size, by which an anchor holds the network's depth.

The network sees prompts of a size that it was trained on. An anchor weighs the sensor's own
samples: none of them is averaged away before, and zones that a driver repeats count once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
import math
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from promptda_ros.core.frame import FloatImage, Prompt
from promptda_ros.core.prompt.prompt import complete, Measured
from promptda_ros.core.prompt.sensor_range import reduce_mask, reduce_reading
from promptda_ros.core.runtime.transfer import upload

FEWEST_ZONES = 4  # along a side; fewer are a flat wall, not a sensor


class AnchorNetwork(Protocol):
    """What holds the network's depth at the sensor."""

    def __call__(
        self, pixels: Tensor, prompt_m: Tensor, measured: Tensor, network_m: Tensor, /
    ) -> Tensor:
        """Predict metres (1, 1, H, W).

        pixels (1, 3, H, W), 0 to 255; prompt_m and measured (1, 1, h, w); network_m (1, 1, any,
        any).
        """


@dataclass(frozen=True)
class DevicePrompt:
    """A prompt, and what networks take of it on their device."""

    prompt: Prompt
    depth_m: Tensor  # (1, 1, h, w) float32
    measured: Tensor  # (1, 1, h, w) float32, 1 where it was

    @classmethod
    def of(cls, found: Measured, device: torch.device) -> DevicePrompt:
        """Fill the holes of what was measured."""
        prompt = complete(found)
        measured = upload(prompt.measured.astype(np.float32), device)
        return cls(prompt, upload(prompt.depth_m, device)[None, None], measured[None, None])


def reduced(found: Measured, max_long_side: int) -> Measured:
    """Return what was measured at the size for the network."""
    far = found.unsupported
    return replace(
        found,
        kept=reduce_reading(found.kept, max_long_side),
        rejected=reduce_mask(found.rejected, max_long_side),
        unsupported=None if far is None else reduce_mask(far, max_long_side),
    )


def without_repeats(depth_m: FloatImage) -> FloatImage:
    """Return one value for every block (h, w) that a driver made of one zone."""
    times = []  # that each row is repeated, and each column
    for rows in (depth_m, depth_m.T):
        same = (rows[1:] == rows[:-1]) | (np.isnan(rows[1:]) & np.isnan(rows[:-1]))
        begins = np.flatnonzero(~same.all(axis=1)) + 1
        count = math.gcd(len(rows), *begins.tolist())
        times.append(count if len(rows) >= FEWEST_ZONES * count else 1)
    return depth_m if times == [1, 1] else depth_m[:: times[0], :: times[1]]


def keep_measured(depth_m: Tensor, own: DevicePrompt) -> Tensor:
    """Put every measurement exactly where its sample lies in depth (H, W)."""
    rows, columns = (
        _centres(samples, pixels, depth_m.device)
        for samples, pixels in zip(own.depth_m.shape[2:], depth_m.shape, strict=True)
    )
    kept_m = depth_m.clone()
    here_m = torch.where(
        own.measured[0, 0] > 0, own.depth_m[0, 0], depth_m[rows[:, None], columns]
    )
    kept_m[rows[:, None], columns] = here_m
    return kept_m


def _centres(samples: int, pixels: int, device: torch.device) -> Tensor:
    places = (torch.arange(samples, device=device) + 0.5) * (pixels / samples)
    return places.floor().long().clamp_(max=pixels - 1)
