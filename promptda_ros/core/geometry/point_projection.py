# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Points from anywhere -> the depth that a camera sees of them, pixel by pixel.

Points of a LiDAR lie on lines with wide gaps, through which points behind a surface would show;
and a point seldom lies at the centre of its pixel, so that on a slope its depth is not the
pixel's. Both are judged by the neighbours.
"""

from __future__ import annotations

from functools import reduce
import itertools

import torch
from torch import Tensor
import torch.nn.functional as F

from promptda_ros.core.frame import Intrinsics
from promptda_ros.core.geometry.inverse_depth import LARGEST_STEP, largest_step, Seen

# Gaps wider than this (pixels) are no gaps between the lines of one sensor.
WIDEST_GAP = 32
# Weight of "there is no slope" against neighbours one pixel away, for points on a line.
FLATNESS = 0.25


def in_picture(seen: Seen, camera: Intrinsics) -> Seen:
    """Keep the points that lie before the camera and inside its picture."""
    inside = (seen.across >= -0.5) & (seen.across < camera.width - 0.5)
    inside &= (seen.down >= -0.5) & (seen.down < camera.height - 0.5) & (seen.inverse > 0)
    kept = inside.nonzero().view(-1)
    return Seen(*(each[kept] for each in (seen.across, seen.down, seen.inverse)))


def draw_points(seen: Seen, camera: Intrinsics, grid: Intrinsics) -> Tensor:
    """Return the inverse depth (h, w) of the nearest surface in every pixel; 0 unknown.

    The points are given in pixels of the camera and drawn on the grid, which shows the same.
    """
    width, height = grid.width, grid.height
    across = (seen.across + 0.5) * (width / camera.width) - 0.5
    down = (seen.down + 0.5) * (height / camera.height) - 0.5
    column = across.round().clamp(0, width - 1)
    row = down.round().clamp(0, height - 1)
    pixel = (row * width + column).long()
    nearest = torch.zeros(height * width, device=pixel.device)
    nearest.scatter_reduce_(0, pixel, seen.inverse, 'amax')
    # The mean of all points of the nearest surface has less noise than the nearest of them.
    step = largest_step(grid)
    in_front = (seen.inverse * (1 + step) >= nearest[pixel]).float()
    values = torch.stack([torch.ones_like(across), seen.inverse, across - column, down - row])
    sums = torch.zeros((4, height * width), device=pixel.device)
    sums.index_add_(1, pixel, values * in_front)
    inverse, right, below = (sums[1:] / sums[0].clamp(min=1)).view(3, height, width)
    centred = _at_centres(inverse, right, below, step=step)
    return centred * ~_shines_through(inverse)


def _at_centres(inverse: Tensor, right: Tensor, below: Tensor, *, step: float) -> Tensor:
    """Move means of points (h, w) to the centres of their pixels, along planes fitted to eight.

    The points' means lie at `right` and `below` of the centre, in pixels. Least squares; the
    plane is level where neighbours don't tell.
    """
    middle = torch.stack([inverse, right, below])
    padded = F.pad(middle, (1, 1, 1, 1))
    height, width = inverse.shape
    moments = torch.zeros((5, height, width), device=inverse.device)
    for down, across in itertools.product((0, 1, 2), repeat=2):
        other = padded[:, down : down + height, across : across + width]
        change, x, y = other - middle
        x, y = x + (across - 1), y + (down - 1)
        weight = (change.abs() <= step * inverse).float()  # no neighbour is a large change
        moments += torch.stack([x * x, x * y, y * y, x * change, y * change]) * weight
    xx, xy, yy, xz, yz = moments
    xx, yy = xx + FLATNESS, yy + FLATNESS
    determinant = xx * yy - xy * xy
    slope_right = (yy * xz - xy * yz) / determinant
    slope_below = (xx * yz - xy * xz) / determinant
    centred: Tensor = inverse - slope_right * right - slope_below * below
    return centred


def _shines_through(inverse: Tensor) -> Tensor:
    """Mark points (h, w) with much nearer ones on both sides, no further than lines are apart."""
    through = torch.zeros_like(inverse, dtype=torch.bool)
    for axis in (0, 1):
        gap = _usual_gap(inverse > 0, axis)
        before, after = _nearest_around(inverse, gap, axis)
        through |= torch.minimum(before, after) > inverse * (1 + LARGEST_STEP)
    return through & (inverse > 0)


def _usual_gap(known: Tensor, axis: int) -> int:
    """Return the median distance of known pixels that follow each other along an axis."""
    lines = known if axis == 1 else known.T
    line, place = lines[::4].nonzero(as_tuple=True)  # enough for a median
    same_line = line[1:] == line[:-1]
    gaps = (place[1:] - place[:-1])[same_line]
    if gaps.numel() == 0:
        return 1
    return min(int(gaps.median()), WIDEST_GAP)


def _nearest_around(inverse: Tensor, reach: int, axis: int) -> tuple[Tensor, Tensor]:
    """Return the nearest depth of so many pixels before, and that of those after, on an axis."""
    padding = (0, 0, reach, reach) if axis == 0 else (reach, reach, 0, 0)
    padded, length = F.pad(inverse, padding), inverse.shape[axis]
    shifted = [padded.narrow(axis, start, length) for start in range(2 * reach + 1)]
    return reduce(torch.maximum, shifted[:reach]), reduce(torch.maximum, shifted[reach + 1 :])
