# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Depth from the network's size to the image's own size without inventing depths at edges.

Bilinear interpolation puts points between two surfaces and bicubic overshoots both. Here it is
used only where the four network pixels around an output pixel lie on one surface. Elsewhere the
one of the four that is nearest and most alike in colour is taken as the surface, and only those
of the four that lie on it are averaged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
import torch.nn.functional as F

from promptda_ros.core.enlarge import enlarge_bilinear

# Grey levels (of 1) at which the colour counts as much as the distance to a network pixel.
COLOUR_SCALE = 0.08

# Corners and their averages are written in operations that both have: NumPy takes half of torch's
# time for the few pixels that a CPU computes, torch runs on CUDA.
Array = TypeVar('Array', Tensor, npt.NDArray[Any])


@dataclass(frozen=True)
class _Axis(Generic[Array]):
    """Along one axis: the two source pixels of output pixels, and the weight of the second."""

    low: Array  # int64
    high: Array  # int64
    weight_of_high: Array  # float32, 0 to 1

    def at(self, index: Array) -> _Axis[Array]:
        """Return the same for chosen output pixels (E,)."""
        return _Axis(self.low.take(index), self.high.take(index), self.weight_of_high.take(index))

    def down(self) -> _Axis[Array]:
        """Return the same as columns (N, 1)."""
        return _Axis(self.low[:, None], self.high[:, None], self.weight_of_high[:, None])

    def sides(self) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        """Return indices and weights of both source pixels."""
        return (self.low, 1 - self.weight_of_high), (self.high, self.weight_of_high)


def upsample_guided(
    depth_m: Tensor, colours: Tensor, image: Tensor, *, surface_step: float
) -> Tensor:
    """Enlarge depth (h, w) to the size of the image (H, W, 3).

    `colours` (3, h, w) and `image` are the picture at both sizes, 0 to 255; neighbours whose depth
    differs by more than `surface_step` (relative) belong to another surface.
    """
    size = image.shape[:2]
    if depth_m.shape == size:
        return depth_m
    at_edge = _cells_at_edges(depth_m, surface_step)
    if image.device.type == 'cpu':
        return _on_cpu(depth_m, _grey(colours), image, at_edge, surface_step)
    return upsample_on_device(depth_m, _grey(colours), image, at_edge, surface_step)


def upsample_on_device(
    depth_m: Tensor, grey: Tensor, image: Tensor, at_edge: Tensor, surface_step: float
) -> Tensor:
    """Enlarge depth (h, w) with torch, wherever it is; grey (h, w), cells at edges (h, w)."""
    size = image.shape[:2]
    rows = _axis(depth_m.shape[0], size[0], image.device)
    columns = _axis(depth_m.shape[1], size[1], image.device)
    # All pixels: to find out which lie at edges the host would have to wait for the device.
    guide = _grey(image.movedim(2, 0))
    corners = list(_corners(depth_m, grey, guide, rows.down(), columns))
    enlarged_m = F.interpolate(depth_m[None, None], size, mode='bilinear')[0, 0]
    at_edge = at_edge.index_select(1, columns.low).index_select(0, rows.low)
    return torch.where(at_edge, _average(corners, _surface(corners), surface_step), enlarged_m)


@np.errstate(divide='ignore', invalid='ignore')  # infinite depth is refused, but later
def _on_cpu(
    depth_m: Tensor, grey: Tensor, image: Tensor, at_edge: Tensor, surface_step: float
) -> Tensor:
    height, width = image.shape[:2]
    rows, columns = _axis_on_cpu(depth_m.shape[0], height), _axis_on_cpu(depth_m.shape[1], width)
    marked = at_edge.numpy().take(columns.low, axis=1).take(rows.low, axis=0)
    pixels = np.flatnonzero(marked)  # few of all
    row, column = np.divmod(pixels, width)
    colours = image.numpy().reshape(-1, 3).take(pixels, axis=0)
    guide = _grey(torch.from_numpy(colours).T).numpy()
    corners = list(
        _corners(depth_m.numpy(), grey.numpy(), guide, rows.at(row), columns.at(column))
    )
    enlarged_m = enlarge_bilinear(depth_m.numpy(), (height, width))
    enlarged_m.reshape(-1)[pixels] = _average(corners, _surface(corners), surface_step)
    return torch.from_numpy(enlarged_m)


def _grey(colours: Tensor) -> Tensor:
    """Return grey levels (...), 0 to 1, of colours (3, ...)."""
    grey: Tensor = torch.tensordot(_grey_weights(colours.device), colours.float(), dims=1)
    return grey


@lru_cache(maxsize=4)
def _grey_weights(device: torch.device) -> Tensor:
    # Made anew for every frame they would have to be waited for on a GPU.
    return torch.tensor((0.299 / 255, 0.587 / 255, 0.114 / 255), device=device)


def _cells_at_edges(depth_m: Tensor, surface_step: float) -> Tensor:
    """Mark the cells (h, w) between a pixel, its right and its lower neighbours at edges."""
    padded_m = F.pad(depth_m[None, None], (0, 1, 0, 1), mode='replicate')[0, 0]
    left_m, right_m = padded_m[:, :-1], padded_m[:, 1:]
    nearest_m, farthest_m = torch.minimum(left_m, right_m), torch.maximum(left_m, right_m)
    nearest_m = torch.minimum(nearest_m[:-1], nearest_m[1:])
    farthest_m = torch.maximum(farthest_m[:-1], farthest_m[1:])
    return farthest_m - nearest_m > surface_step * nearest_m


def _corners(
    depth_m: Array, grey: Array, guide: Array, rows: _Axis[Array], columns: _Axis[Array]
) -> Iterator[tuple[Array, Array]]:
    """Yield depth and weight of each of the four network pixels around output pixels."""
    for row, row_weight in rows.sides():
        begin = row * depth_m.shape[1]
        for column, column_weight in columns.sides():
            cell = begin + column
            unlike = grey.take(cell)
            unlike -= guide
            unlike *= unlike
            unlike *= 1 / COLOUR_SCALE**2
            unlike += 1
            weight = row_weight * column_weight
            weight /= unlike
            yield depth_m.take(cell), weight


def _surface(corners: list[tuple[Array, Array]]) -> Array:
    """Return the depth of the corner with the largest weight."""
    surface_m, best = corners[0]
    for corner_m, weight in corners[1:]:
        is_better = weight > best
        surface_m = surface_m * ~is_better + corner_m * is_better  # exact where finite
        best = best * ~is_better + weight * is_better
    return surface_m


def _average(corners: list[tuple[Array, Array]], surface_m: Array, surface_step: float) -> Array:
    """Average the corners that lie on the surface."""
    total, deviation_m = 0 * surface_m, 0 * surface_m
    step_m = surface_step * surface_m
    for corner_m, weight in corners:
        from_surface_m = corner_m - surface_m
        weight_on_surface = weight * (abs(from_surface_m) <= step_m)
        total += weight_on_surface
        weight_on_surface *= from_surface_m
        deviation_m += weight_on_surface
    deviation_m /= total
    average_m: Array = surface_m + deviation_m
    return average_m


@lru_cache(maxsize=16)
def _axis(size: int, target_size: int, device: torch.device) -> _Axis[Tensor]:
    centres = (torch.arange(target_size, device=device) + 0.5) * (size / target_size) - 0.5
    centres = centres.clamp_(0, size - 1)
    low = centres.floor().long()
    high = (low + 1).clamp_(max=size - 1)
    return _Axis(low, high, (centres - low).float())


def _axis_on_cpu(size: int, target_size: int) -> _Axis[npt.NDArray[Any]]:
    axis = _axis(size, target_size, torch.device('cpu'))
    return _Axis(axis.low.numpy(), axis.high.numpy(), axis.weight_of_high.numpy())
