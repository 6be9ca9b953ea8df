# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One camera's depth image -> the depth that a second camera sees of the same surfaces.

Every sample is first drawn as a small square, nearest in front, which tells about how far away
what a pixel shows is. Then the ray of the pixel is followed: where it is that far away the first
view is looked up, which tells the distance better, and so on. Drawing alone would be off by the
slope of a surface times half a pixel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
import math

import torch
from torch import Tensor
import torch.nn.functional as F

from promptda_ros.core.frame import Intrinsics
from promptda_ros.core.geometry import camera as cameras
from promptda_ros.core.geometry.inverse_depth import (
    inverse_in_other,
    largest_step,
    Pixels,
    project_pixels,
    Seen,
)
from promptda_ros.core.geometry.transform import Transform

# Each look-up divides what is off by about the distance over the baseline and the slope.
LOOK_UPS = 3


@dataclass(frozen=True)
class PinholeView:
    """What a pinhole camera sees."""

    inverse: Tensor  # (h, w) 1/m, 0 unknown
    intrinsics: Intrinsics

    @property
    def pixels(self) -> Pixels:
        """Return the places of the columns (1, w) and of the rows (h, 1)."""
        height, width = self.inverse.shape
        device = self.inverse.device
        columns = torch.arange(width, dtype=torch.float32, device=device)
        rows = torch.arange(height, dtype=torch.float32, device=device)
        return columns[None, :], rows[:, None]


def reduce_view(view: PinholeView, block: int) -> PinholeView:
    """Reduce blocks of pixels to their mean on one surface, else to the nearest of them.

    A mean has less noise, but one of two surfaces would be a place in the empty air.
    """
    if block <= 1:
        return view
    missing = [-side % block for side in view.inverse.shape]
    inverse = F.pad(view.inverse, (0, missing[1], 0, missing[0]))
    known = (inverse > 0).float()
    share = _join(torch.add, known, block) / block**2
    mean = _join(torch.add, inverse, block) / (block**2 * share.clamp(min=1e-6))
    nearest = _join(torch.maximum, inverse, block)
    # A large number, so that what is unknown is not the farthest.
    farthest = _join(torch.minimum, inverse + (1 - known) * 1e9, block)
    small = reduced_camera(view.intrinsics, block)
    is_one = nearest <= farthest * (1 + largest_step(small))
    # Under half a block is a border of a hole, where the rest of the block is no good witness.
    joined = torch.where(is_one, mean, nearest) * (share >= 0.5)
    return PinholeView(joined, small)


def reduced_camera(camera: Intrinsics, block: int) -> Intrinsics:
    """Describe a camera whose pixels are blocks of another's."""
    width, height = (math.ceil(side / block) for side in (camera.width, camera.height))
    whole = cameras.crop(camera, left=0, top=0, width=width * block, height=height * block)
    return cameras.resize(whole, width=width, height=height)


def reproject(view: PinholeView, grid: Intrinsics, grid_from_view: Transform) -> Tensor:
    """Return the inverse depth (h, w) that the second camera, `grid`, sees; 0 unknown."""
    drawn = project_pixels(view.pixels, view.inverse, view.intrinsics, grid, grid_from_view)
    start = PinholeView(draw_squares(drawn, grid), grid)
    return _follow_rays(start, view, grid_from_view)


def _join(operation: Callable[[Tensor, Tensor], Tensor], pixels: Tensor, block: int) -> Tensor:
    """Apply an operation over blocks; strided slices are ten times as fast as torch's pooling."""
    rows = reduce(operation, [pixels[start::block] for start in range(block)])
    return reduce(operation, [rows[:, start::block] for start in range(block)])


def draw_squares(drawn: Seen, grid: Intrinsics) -> Tensor:
    """Draw every sample on the four pixels around it, the nearest in front."""
    width, height = grid.width, grid.height
    # One more row and column, the first, for what lies partly outside.
    column = (drawn.across + 1).floor_()
    row = (drawn.down + 1).floor_()
    inside = (column == column.clamp(0, width)) & (row == row.clamp(0, height))
    corner = (row.clamp_(0, height) * (width + 1) + column.clamp_(0, width)).long()
    corners = torch.zeros((height + 1) * (width + 1), device=corner.device)
    corners.scatter_reduce_(0, corner.view(-1), (drawn.inverse * inside).view(-1), 'amax')
    # What lies between two pixels is drawn on both.
    corners = corners.view(height + 1, width + 1)
    rows = torch.maximum(corners[:-1], corners[1:])
    return torch.maximum(rows[:, :-1], rows[:, 1:])


def _follow_rays(start: PinholeView, view: PinholeView, start_from_view: Transform) -> Tensor:
    inverse, one_surface = start.inverse, _one_surface(view)
    view_from_start = start_from_view.inverse()
    for _ in range(LOOK_UPS):
        place = project_pixels(
            start.pixels, inverse, start.intrinsics, view.intrinsics, view_from_start
        )
        found = _look_up(view.inverse, one_surface, place)
        inverse = inverse_in_other(
            (place.across, place.down), found, view.intrinsics, start_from_view
        )
    # Where they don't meet, the ray passes an edge, and what is behind it was not seen.
    meet = (found - place.inverse).abs() <= largest_step(view.intrinsics) * found
    return inverse * (meet & (start.inverse > 0))


def _one_surface(view: PinholeView) -> Tensor:
    """Return 1 where a sample, those to the right and those below show one surface (h, w)."""
    right, below = view.inverse[:, :-1], view.inverse[:, 1:]
    low, high = torch.minimum(right, below), torch.maximum(right, below)
    low, high = torch.minimum(low[:-1], low[1:]), torch.maximum(high[:-1], high[1:])
    is_one = high <= low * (1 + largest_step(view.intrinsics))  # never true beside unknown ones
    return F.pad(is_one.float(), (0, 1, 0, 1))


def _look_up(inverse: Tensor, one_surface: Tensor, place: Seen) -> Tensor:
    """Interpolate inside a surface; elsewhere take the sample nearest to the place."""
    height, width = inverse.shape
    # torch counts from -1 to 1, from edge to edge.
    x = (place.across * (2 / width)).add_(1 / width - 1)
    y = (place.down * (2 / height)).add_(1 / height - 1)
    at = torch.stack((x, y), dim=-1)
    at_corner = torch.stack((x.sub_(1 / width), y.sub_(1 / height)), dim=-1)
    linear, nearest = _sample(inverse, at, 'bilinear'), _sample(inverse, at, 'nearest')
    found = torch.lerp(nearest, linear, _sample(one_surface, at_corner, 'nearest'))
    return found * (nearest > 0)  # rounding may see a hole's neighbours


def _sample(image: Tensor, at: Tensor, mode: str) -> Tensor:
    sampled: Tensor = F.grid_sample(image[None, None], at[None], mode, align_corners=False)[0, 0]
    return sampled
