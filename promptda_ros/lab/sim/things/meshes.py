# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Meshes made from a few numbers: turned, drawn along a curve, cut from a drawing or grown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]  # (N, 3) metres
LATHE_STEPS = 36
DRAWING_PX_PER_CELL = 4


@dataclass(frozen=True)
class Mesh:
    """A surface of triangles, counter-clockwise seen from outside."""

    vertices_m: Points
    triangles: NDArray[np.int64]  # (M, 3)

    def moved(self, shift_m: ArrayLike) -> Mesh:
        """Shift all vertices."""
        return Mesh(self.vertices_m + np.asarray(shift_m), self.triangles)


def lathe(profile_m: NDArray[np.float64], steps: int = LATHE_STEPS) -> Mesh:
    """Revolve a closed (N, 2) outline of radius and height about z."""
    angle = np.linspace(0, 2 * np.pi, steps, endpoint=False)[:, None]
    radius, height = profile_m[:, 0], profile_m[:, 1]
    rings = np.stack(
        [radius * np.cos(angle), radius * np.sin(angle), np.tile(height, (steps, 1))], axis=-1
    )
    return _joined(rings, closed=True)


def sweep(path_m: Points, radius_m: ArrayLike, sides: int = 10) -> Mesh:
    """Draw a circle along a path (N, 3); its radius may change on the way (N,)."""
    radii = np.broadcast_to(np.asarray(radius_m, float), len(path_m))[:, None, None]
    ahead = np.gradient(path_m, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    side = _carried_along(ahead)
    other = np.cross(ahead, side)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)[:, None]
    offsets = np.cos(angle) * side[:, None] + np.sin(angle) * other[:, None]
    rings = path_m[:, None] + radii * offsets
    # The ends are closed by rings that are next to nothing.
    first = path_m[None, :1] + 1e-5 * offsets[:1]
    last = path_m[None, -1:] + 1e-5 * offsets[-1:]
    return _joined(np.concatenate([first, rings, last]), closed=False)


def _carried_along(ahead: Points) -> Points:
    """Turn a side vector as little as possible from one point of a path to the next."""
    guide = np.eye(3)[np.argmin(np.abs(ahead[0]))]
    sides = []
    for direction in ahead:
        guide = guide - (guide @ direction) * direction
        guide = guide / np.linalg.norm(guide)
        sides.append(guide)
    return np.array(sides)


def _joined(rings: NDArray[np.float64], *, closed: bool) -> Mesh:
    """Join rings (R, P, 3) to surfaces: point to next point, ring to next ring.

    The rings of a lathe stand round its axis, those of a sweep follow one another along its path.
    """
    count, points = rings.shape[:2]
    ring, point = np.meshgrid(
        np.arange(count if closed else count - 1), np.arange(points), indexing='ij'
    )
    here, there = ring * points, (ring + 1) % count * points
    following = (point + 1) % points
    lower = np.stack([here + point, there + point, there + following], axis=-1)
    upper = np.stack([here + point, there + following, here + following], axis=-1)
    triangles = np.concatenate([lower, upper]).reshape(-1, 3)
    if not closed:
        triangles = triangles[:, ::-1]
    return Mesh(rings.reshape(-1, 3), triangles)


def cut_out(
    draw: Callable[[Callable[[ArrayLike], NDArray[np.int32]], float, NDArray[np.uint8]], None],
    *,
    half_m: tuple[float, float],
    thickness_m: float,
    cell_m: float,
) -> Mesh:
    """Cut a drawing out of a sheet that lies on z = 0.

    `draw(to_px, px_per_m, picture)` paints what stays in 255 and what goes in 0.
    """
    px_per_m = DRAWING_PX_PER_CELL / cell_m
    shape = [int(np.ceil(2 * half / cell_m) + 4) * DRAWING_PX_PER_CELL for half in half_m]
    centre_px = 0.5 * np.array(shape)
    picture = np.zeros(shape[::-1], np.uint8)  # rows are y
    draw(lambda xy: np.round(np.asarray(xy) * px_per_m + centre_px).astype(int), px_per_m, picture)
    outside = cv2.distanceTransform(255 - picture, cv2.DIST_L2, 5)
    inside = cv2.distanceTransform(picture, cv2.DIST_L2, 5)
    pick = np.s_[DRAWING_PX_PER_CELL // 2 :: DRAWING_PX_PER_CELL]
    flat = (outside - inside)[pick, pick].T / px_per_m  # (X, Y) metres, negative in the sheet
    height = np.linspace(-0.25, 1.25, 7) * thickness_m
    upright = np.abs(height - 0.5 * thickness_m) - 0.5 * thickness_m
    # Edges are rounded off: a sharp one between two grid points would be beaded.
    round_m = min(0.35 * thickness_m, cell_m)
    sides, ends = np.broadcast_arrays(flat[:, :, None] + round_m, upright + round_m)
    field = np.hypot(np.maximum(sides, 0), np.maximum(ends, 0)) - round_m
    field += np.minimum(np.maximum(sides, ends), 0)
    corner = (np.array([*-centre_px, 0]) + DRAWING_PX_PER_CELL / 2) / px_per_m
    corner[2] = height[0]
    return skin(field, corner, np.array([cell_m, cell_m, height[1] - height[0]]))


def grow(field: Callable[[Points], NDArray[np.float64]], half_m: ArrayLike, cell_m: float) -> Mesh:
    """Wrap all points about the origin where `field`, (..., 3) -> (...), is negative."""
    axes = [np.arange(-half - cell_m, half + 2 * cell_m, cell_m) for half in np.asarray(half_m)]
    points = np.stack(np.meshgrid(*axes, indexing='ij'), axis=-1)
    return skin(field(points), points[0, 0, 0], np.full(3, cell_m))


def skin(field: NDArray[np.floating], corner_m: ArrayLike, cell_m: ArrayLike) -> Mesh:
    """Find the zero surface of a grid of values (X, Y, Z), negative inside, by surface nets.

    Every cell that the surface crosses gets one vertex, the mean of the crossings of its edges
    (Gibson, Constrained Elastic SurfaceNets, 1998); every crossed edge joins its four cells.
    """
    corners = {
        offset: field[
            tuple(np.s_[o : n - 1 + o] for o, n in zip(offset, field.shape, strict=True))
        ]
        for offset in product((0, 1), repeat=3)
    }
    total = np.zeros((*corners[0, 0, 0].shape, 3))
    crossings = np.zeros(corners[0, 0, 0].shape)
    for begin, axis in product(corners, range(3)):
        if begin[axis]:
            continue
        low, high = corners[begin], corners[tuple(np.array(begin) + np.eye(3, dtype=int)[axis])]
        crossed = (low < 0) != (high < 0)
        place = np.where(crossed, low / np.where(crossed, low - high, 1), 0)
        for direction in range(3):
            total[..., direction] += crossed * begin[direction]
        total[..., axis] += place
        crossings += crossed
    used = crossings > 0
    number = np.full(used.shape, -1)
    number[used] = np.arange(used.sum())
    cells = np.argwhere(used) + total[used] / crossings[used, None]
    vertices = np.asarray(corner_m) + cells * np.asarray(cell_m)
    return Mesh(vertices, np.concatenate([_quads(field, number, axis) for axis in range(3)]))


def _quads(field: NDArray[np.floating], number: NDArray[np.int64], axis: int) -> NDArray[np.int64]:
    """Join the four cells round every crossed edge along one axis; (M, 3) triangles."""
    inside = np.moveaxis(field, (axis, (axis + 1) % 3, (axis + 2) % 3), (0, 1, 2)) < 0
    cells = np.moveaxis(number, (axis, (axis + 1) % 3, (axis + 2) % 3), (0, 1, 2))
    begins, ends = inside[:-1, 1:-1, 1:-1], inside[1:, 1:-1, 1:-1]
    around = np.stack(
        [cells[:, :-1, :-1], cells[:, 1:, :-1], cells[:, 1:, 1:], cells[:, :-1, 1:]], axis=-1
    )
    outward = around[begins & ~ends]
    inward = around[~begins & ends][:, ::-1]
    quads = np.concatenate([outward, inward])
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
