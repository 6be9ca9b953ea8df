# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Resizing along one axis as a table: which pixels make a new one, and by which weights.

One table in place of one formula in each kernel: they round as torch does, and every kernel
resizes in the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from promptda_ros.core.restore.surface_residual import COARSEST, near_samples
from promptda_ros.core.runtime.transfer import upload

HALF = np.float32(0.5)
CPU = torch.device('cpu')

Floats32 = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Taps:
    """A new pixel is the sum of so many in a row, from the first, times their weights."""

    first: Tensor  # (new,) int32
    weights: Tensor  # (new, count) float32, 0 beyond the end

    @property
    def count(self) -> int:
        """Return how many pixels make one."""
        return self.weights.shape[1]


@lru_cache(maxsize=64)  # sizes are few
def area_taps(pixels: int, new: int, device: torch.device) -> Taps:
    """Return the table of mode='area' (means of the pixels that a new one covers, even partly)."""
    index = np.arange(new)
    first = index * pixels // new
    end = -(-(index + 1) * pixels // new)
    places = first[:, None] + np.arange(int((end - first).max()))
    inside = places < end[:, None]
    return _upload(first, inside / inside.sum(axis=1, keepdims=True), device)


@lru_cache(maxsize=64)
def linear_taps(pixels: int, new: int, device: torch.device) -> Taps:
    """Return the table, of two pixels, of mode='bilinear'."""
    place = np.maximum(_places(pixels, new), np.float32(0))
    first = np.minimum(place.astype(np.int64), pixels - 1)
    second = (place - first.astype(np.float32)) * (first < pixels - 1)
    return _upload(first, np.stack((1 - second, second), axis=1), device)


@lru_cache(maxsize=64)
def smooth_taps(pixels: int, new: int, device: torch.device, *, cubic: bool) -> Taps:
    """Return the table of mode='bicubic' or 'bilinear' with antialias=True."""
    curve, reach = (_cubic, 2.0) if cubic else (_triangle, 1.0)
    scale = max(1.0, pixels / new)
    centre = (np.arange(new) + 0.5) * (pixels / new)
    first = np.maximum((centre - reach * scale + 0.5).astype(np.int64), 0)
    end = np.minimum((centre + reach * scale + 0.5).astype(np.int64), pixels)
    places = first[:, None] + np.arange(int((end - first).max()))
    weights = curve((places + 0.5 - centre[:, None]) / scale) * (places < end[:, None])
    return _upload(first, weights / weights.sum(axis=1, keepdims=True), device)


@lru_cache(maxsize=64)
def nearest(pixels: int, new: int) -> Places:
    """Return the pixel that mode='nearest' takes for each new one."""
    scale = np.float32(pixels) / np.float32(new)
    return _at(np.arange(new, dtype=np.float32) * scale, pixels)


@lru_cache(maxsize=64)
def nearest_exact(pixels: int, new: int) -> Places:
    """Return the pixel that mode='nearest-exact' takes for each new one."""
    scale = np.float32(pixels) / np.float32(new)
    return _at((np.arange(new, dtype=np.float32) + HALF) * scale, pixels)


def carried_from(pixels: int, samples: int) -> Places:
    """Return the sample nearest to each pixel."""
    nearest_sample, _ = near_samples(samples, pixels, CPU)
    return nearest_sample.numpy().astype(np.int32)


def carried_by(pixels: int, samples: int) -> Floats32:
    """Return exponents (pixels, 3) of that sample and of both beside it."""
    _, exponents = near_samples(samples, pixels, CPU)
    return np.ascontiguousarray(exponents.numpy().T)


def halvings(rows: int, columns: int) -> int:
    """Return how often samples are halved until so few are left that one mean is taken."""
    return max(0, math.ceil(math.log2(max(rows, columns) / COARSEST)))


def halved_from(pixels: int, times: int) -> Places:
    """Return `carried_from` of every level from its half, one after another."""
    return np.concatenate([carried_from(*each) for each in _levels(pixels, times)])


def halved_by(pixels: int, times: int) -> Floats32:
    """Return `carried_by` of every level from its half, one after another."""
    return np.concatenate([carried_by(*each) for each in _levels(pixels, times)])


def _at(places: Floats32, pixels: int) -> Places:
    """Return the pixel in which each place lies, the nearest to those outside."""
    found: Places = np.clip(np.floor(places), 0, pixels - 1).astype(np.int32)
    return found


def _levels(pixels: int, times: int) -> list[tuple[int, int]]:
    sizes = [-(-pixels // 2**level) for level in range(times + 1)]
    return list(pairwise(sizes))


@lru_cache(maxsize=256)
def on_device(table: Callable[..., npt.NDArray[Any]], *key: Any) -> Tensor:
    """Return what a table gives for numbers, on the device that is the last argument."""
    *numbers, device = key
    return upload(table(*numbers), device)


def _places(pixels: int, new: int) -> Floats32:
    """Return where the centres of new pixels lie, in float32 as torch rounds them."""
    scale = np.float32(pixels) / np.float32(new)
    return (np.arange(new, dtype=np.float32) + HALF) * scale - HALF


def _triangle(distance: Floats) -> Floats:
    return np.maximum(0.0, 1.0 - np.abs(distance))


def _cubic(distance: Floats) -> Floats:
    """Return the cubic of PIL, with a = -0.5."""
    x, a = np.abs(distance), -0.5
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((x - 5) * x + 8) * x * a - 4 * a
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _upload(first: npt.NDArray[np.integer], weights: Floats, device: torch.device) -> Taps:
    return Taps(
        upload(first.astype(np.int32), device),
        upload(np.ascontiguousarray(weights, np.float32), device),
    )
