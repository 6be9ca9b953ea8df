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

import numpy as np
import torch
from torch import Tensor
import torch.nn.functional as F

# Grey levels (of 1) at which the colour counts as much as the distance to a network pixel.
COLOUR_SCALE = 0.08


@dataclass(frozen=True)
class _Axis:
    """Along one axis: the two source pixels of output pixels, and the weight of the second."""

    low: Tensor  # int64
    high: Tensor  # int64
    weight_of_high: Tensor  # float32, 0 to 1

    def at(self, index: Tensor) -> _Axis:
        """Return the same for chosen output pixels (E,)."""
        return _Axis(*(one.index_select(0, index) for one in self._parts()))

    def down(self) -> _Axis:
        """Return the same as columns (N, 1)."""
        return _Axis(*(one[:, None] for one in self._parts()))

    def sides(self) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Return indices and weights of both source pixels."""
        return (self.low, 1 - self.weight_of_high), (self.high, self.weight_of_high)

    def _parts(self) -> tuple[Tensor, Tensor, Tensor]:
        return self.low, self.high, self.weight_of_high


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
    rows = _axis(depth_m.shape[0], size[0], image.device)
    columns = _axis(depth_m.shape[1], size[1], image.device)
    enlarged_m = F.interpolate(depth_m[None, None], size, mode='bilinear')[0, 0]
    at_edge = _cells_at_edges(depth_m, surface_step)
    grey = _grey(colours)
    if image.device.type != 'cpu':
        # To find out which pixels lie at edges the host would have to wait for the device.
        corners = list(_corners(depth_m, grey, _grey(image.movedim(2, 0)), rows.down(), columns))
        at_edge = at_edge.index_select(1, columns.low).index_select(0, rows.low)
        return torch.where(at_edge, _average(corners, _surface(corners), surface_step), enlarged_m)
    pixel = _pixels_of(at_edge, rows, columns)  # few of all
    row, column = pixel // size[1], pixel % size[1]
    guide = _grey(image.reshape(-1, 3).index_select(0, pixel).T)
    corners = list(_corners(depth_m, grey, guide, rows.at(row), columns.at(column)))
    enlarged_m.view(-1)[pixel] = _average(corners, _surface(corners), surface_step)
    return enlarged_m


def _pixels_of(cells: Tensor, rows: _Axis, columns: _Axis) -> Tensor:
    """Return the numbers (E,), row by row, of the output pixels in marked cells (h, w)."""
    # NumPy, which does this in a quarter of torch's time.
    marked = cells.numpy().take(columns.low.numpy(), axis=1).take(rows.low.numpy(), axis=0)
    return torch.from_numpy(np.flatnonzero(marked))


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
    depth_m: Tensor, grey: Tensor, guide: Tensor, rows: _Axis, columns: _Axis
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield depth and weight of each of the four network pixels around output pixels."""
    for row, row_weight in rows.sides():
        for column, column_weight in columns.sides():
            cell = row * depth_m.shape[1] + column
            unlike = (_look_up(grey, cell) - guide) / COLOUR_SCALE
            weight = row_weight * column_weight / (1 + unlike.square())
            yield _look_up(depth_m, cell), weight


def _look_up(values: Tensor, cell: Tensor) -> Tensor:
    """Return the values (h, w) of cells that are counted row by row."""
    # A quarter of the time that values[row, column] takes on a CPU.
    return values.reshape(-1).index_select(0, cell.reshape(-1)).view(cell.shape)


def _surface(corners: list[tuple[Tensor, Tensor]]) -> Tensor:
    """Return the depth of the corner with the largest weight."""
    surface_m, best = corners[0]
    for corner_m, weight in corners[1:]:
        surface_m = torch.where(weight > best, corner_m, surface_m)
        best = torch.maximum(best, weight)
    return surface_m


def _average(
    corners: list[tuple[Tensor, Tensor]], surface_m: Tensor, surface_step: float
) -> Tensor:
    """Average the corners that lie on the surface."""
    total, deviation_m = torch.zeros_like(surface_m), torch.zeros_like(surface_m)
    for corner_m, weight in corners:
        from_surface_m = corner_m - surface_m
        weight_on_surface = weight * (from_surface_m.abs() <= surface_step * surface_m)
        total += weight_on_surface
        deviation_m += weight_on_surface * from_surface_m
    return surface_m + deviation_m / total


@lru_cache(maxsize=16)
def _axis(size: int, target_size: int, device: torch.device) -> _Axis:
    centres = (torch.arange(target_size, device=device) + 0.5) * (size / target_size) - 0.5
    centres = centres.clamp_(0, size - 1)
    low = centres.floor().long()
    high = (low + 1).clamp_(max=size - 1)
    return _Axis(low, high, (centres - low).float())
