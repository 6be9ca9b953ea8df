# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What objects lie on: a table, a tray or a bin, in a closed room with furniture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FUNNEL_HEIGHT_M = 2.5
THICK_M = 0.05  # invisible walls are thick, so that nothing is pushed through them


@dataclass(frozen=True)
class Slab:
    """One box that does not move."""

    half_m: tuple[float, ...]
    centre_m: tuple[float, ...]
    part: str  # support, table, floor, wall, ceiling, furniture, funnel, or a decoy's name
    turn_rad: tuple[float, float, float] = (0.0, 0.0, 0.0)  # about z, then y, then x

    @property
    def is_support(self) -> bool:
        """Tell what objects lie on or in from the room about it."""
        return self.part in ('table', 'support')


@dataclass(frozen=True)
class Support:
    """Where objects are dropped: the surface is z = 0, its middle the origin, z points up."""

    half_m: NDArray[np.float64]  # (2,) half sides of the free area
    rim_m: float  # height of its walls; 0 for a table
    slabs: tuple[Slab, ...]


@dataclass(frozen=True)
class Room:
    """The walls round the table."""

    wall_m: NDArray[np.float64]  # (2,) distances of the walls along x and y
    ceiling_m: float  # height of the ceiling or of what hangs from it
    slabs: tuple[Slab, ...]


def make_support(rng: np.random.Generator) -> Support:
    """Choose a table, a tray or a bin on a table."""
    table_half = rng.uniform(0.3, 0.7, 2)
    kind = rng.choice(['table', 'tray', 'bin'], p=[0.4, 0.1, 0.5])
    if kind == 'table':
        return Support(np.minimum(table_half, rng.uniform(0.2, 0.4)), 0, (_table(table_half, 0),))
    half = rng.uniform([0.14, 0.12], [0.25, 0.2])
    rim = float(rng.uniform(0.015, 0.04) if kind == 'tray' else rng.uniform(0.08, 0.2))
    thick = float(rng.uniform(0.003, 0.008))
    table_half = np.maximum(table_half, half + 0.05)
    floor = Slab((*(half + thick), 0.5 * thick), (0, 0, -0.5 * thick), 'support')
    return Support(
        half, rim, (_table(table_half, thick), floor, *_walls(half, thick, rim), *_funnel(half))
    )


def _table(half_m: NDArray[np.float64], drop_m: float) -> Slab:
    return Slab((*half_m, 0.02), (0, 0, -0.02 - drop_m), 'table')


def _walls(half_m: NDArray[np.float64], thick_m: float, rim_m: float) -> tuple[Slab, ...]:
    """Stand four boards round the free area."""
    (x, y), half_thick = half_m.tolist(), 0.5 * thick_m
    upright = 0.5 * rim_m
    return (
        Slab((half_thick, y + thick_m, upright), (-x - half_thick, 0, upright), 'support'),
        Slab((half_thick, y + thick_m, upright), (x + half_thick, 0, upright), 'support'),
        Slab((x, half_thick, upright), (0, -y - half_thick, upright), 'support'),
        Slab((x, half_thick, upright), (0, y + half_thick, upright), 'support'),
    )


def _funnel(half_m: NDArray[np.float64]) -> tuple[Slab, ...]:
    """Lengthen the walls upwards while objects fall; nobody sees this."""
    walls = _walls(half_m, THICK_M, FUNNEL_HEIGHT_M)
    return tuple(Slab(wall.half_m, wall.centre_m, 'funnel') for wall in walls)


def make_room(rng: np.random.Generator) -> Room:
    """Close a room round the table, so that every pixel has a finite depth."""
    wall = np.exp(rng.uniform(np.log(1.2), np.log(4.0), 2))
    floor, ceiling = -float(rng.uniform(0.4, 0.9)), float(rng.uniform(2.2, 3.0))
    x, y = wall.tolist()
    high, middle = 0.5 * (ceiling - floor), 0.5 * (ceiling + floor)
    slabs = [
        Slab((x, y, 0.05), (0, 0, floor - 0.05), 'floor'),
        Slab((x, y, 0.05), (0, 0, ceiling + 0.05), 'ceiling'),
        *(Slab((0.05, y, high), (s * (x + 0.05), 0, middle), 'wall') for s in (-1, 1)),
        *(Slab((x, 0.05, high), (0, s * (y + 0.05), middle), 'wall') for s in (-1, 1)),
    ]
    slabs += [_furniture(wall, floor, rng) for _ in range(rng.integers(0, 6))]
    return Room(wall, ceiling, tuple(slabs))


def _furniture(wall_m: ArrayLike, floor_m: float, rng: np.random.Generator) -> Slab:
    """Stand a cupboard or a box on the floor near a wall."""
    half = rng.uniform([0.1, 0.1, 0.15], [0.4, 0.4, 0.8])
    near = rng.uniform(0.8, 1.0, 2) * np.asarray(wall_m) - half[:2]
    place = near * rng.choice([-1, 1], 2)
    free = rng.integers(2)
    place[free] *= rng.uniform(0, 1)
    # Cameras and the table keep the middle of the room for themselves.
    place[1 - free] = np.copysign(max(abs(place[1 - free]), 0.9), place[1 - free])
    return Slab(
        tuple(half),
        (*place, floor_m + half[2]),
        'furniture',
        (float(rng.uniform(0, 0.6)), 0.0, 0.0),
    )
