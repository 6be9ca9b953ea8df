# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The parts that an object is made of, as MuJoCo knows them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from promptda_ros.lab.sim.things.meshes import Mesh


@dataclass(frozen=True, eq=False)
class Geom:
    """One part in the object's frame: what is seen, what is felt by other objects, or both.

    MuJoCo collides convex hulls only, so a hollow object is one mesh that is seen and several
    simple parts that are felt.
    """

    kind: str  # box, sphere, ellipsoid, cylinder, capsule or mesh
    size_m: tuple[float, ...] = ()
    position_m: tuple[float, ...] = (0.0, 0.0, 0.0)
    turn_rad: tuple[float, float, float] = (0.0, 0.0, 0.0)  # about z, then y, then x
    fromto_m: tuple[float, ...] = ()  # the ends of a capsule or cylinder, in place of a position
    mesh: Mesh | None = None
    seen: bool = True
    felt: bool = True
    paint: int = 0  # parts of equal number wear the same material

    def bounds_m(self) -> NDArray[np.float64]:
        """Return the lowest and highest x, y, z (2, 3) that the part may reach."""
        if self.mesh is not None:
            points, margin = self.mesh.vertices_m + np.asarray(self.position_m), np.zeros(3)
        elif self.fromto_m:
            points = np.reshape(self.fromto_m, (2, 3))
            ahead = (points[1] - points[0]) / np.linalg.norm(points[1] - points[0])
            flat_ends = np.sqrt(1 - ahead**2) if self.kind == 'cylinder' else np.ones(3)
            margin = self.size_m[0] * flat_ends
        else:
            points, margin = np.reshape(self.position_m, (1, 3)), self._half_m()
        return np.stack([points.min(0) - margin, points.max(0) + margin])

    def _half_m(self) -> NDArray[np.float64]:
        if any(self.turn_rad):
            return np.full(3, np.linalg.norm(self.size_m))
        size = self.size_m
        if self.kind == 'sphere':
            return np.full(3, size[0])
        if self.kind == 'cylinder':
            return np.array([size[0], size[0], size[1]])
        if self.kind == 'capsule':
            return np.array([size[0], size[0], size[0] + size[1]])
        return np.asarray(size)


@dataclass(frozen=True)
class Shape:
    """One object standing on z = 0."""

    family: str
    geoms: tuple[Geom, ...]
    may_be_clear: bool = False  # bottles, glasses and bowls are sometimes of glass

    def bounds_m(self) -> NDArray[np.float64]:
        """Return the lowest and highest x, y, z (2, 3) of what is seen."""
        bounds = np.stack([geom.bounds_m() for geom in self.geoms if geom.seen])
        return np.stack([bounds[:, 0].min(0), bounds[:, 1].max(0)])


def seen(mesh: Mesh, paint: int = 0) -> Geom:
    """Show a mesh that nothing collides with."""
    return Geom('mesh', mesh=mesh, felt=False, paint=paint)


def solid(mesh: Mesh, paint: int = 0) -> Geom:
    """Show a mesh whose convex hull is felt."""
    return Geom('mesh', mesh=mesh, paint=paint)


def felt(geom: Geom) -> Geom:
    """Hide a part; it is still felt."""
    return replace(geom, seen=False)


def bar(
    begin_m: ArrayLike, end_m: ArrayLike, radius_m: float, *, kind: str = 'capsule', paint: int = 0
) -> Geom:
    """Stretch a capsule or cylinder between two points."""
    ends = np.concatenate([np.asarray(begin_m, float), np.asarray(end_m, float)])
    return Geom(kind, (radius_m,), fromto_m=tuple(ends.tolist()), paint=paint)


def box(half_m: ArrayLike, centre_m: ArrayLike, *, yaw_rad: float = 0, paint: int = 0) -> Geom:
    """Place a box."""
    half, centre = np.asarray(half_m, float).tolist(), np.asarray(centre_m, float).tolist()
    return Geom('box', tuple(half), tuple(centre), (float(yaw_rad), 0.0, 0.0), paint=paint)


def chain(path_m: NDArray[np.float64], radius_m: float, links: int) -> tuple[Geom, ...]:
    """Follow a path (N, 3) by a few hidden capsules."""
    picks = np.linspace(0, len(path_m) - 1, links + 1).round().astype(int)
    points = path_m[picks]
    pairs = pairwise(points)
    return tuple(felt(bar(begin, end, radius_m)) for begin, end in pairs)
