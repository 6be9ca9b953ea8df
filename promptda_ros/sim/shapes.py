# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Families of table objects, each made from a few MuJoCo geoms standing on z = 0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LATHE_STEPS = 36


@dataclass(frozen=True)
class Geom:
    """One MuJoCo geom in the object's frame."""

    kind: str
    size_m: tuple[float, ...] = ()
    position_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    fromto_m: tuple[float, ...] = ()
    profile_m: NDArray[np.float64] | None = None  # (N, 2) radius and height: a lathe mesh


@dataclass(frozen=True)
class Shape:
    """An object: its geoms and the radius of the circle that it needs on the table."""

    geoms: tuple[Geom, ...]
    radius_m: float


def make_shape(rng: np.random.Generator) -> Shape:
    """Make one object of a random family with random proportions."""
    return FAMILIES[rng.integers(len(FAMILIES))](rng)


def lathe(profile_m: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Revolve a closed (N, 2) outline of radius and height about z into vertices and triangles."""
    angle = np.linspace(0, 2 * np.pi, LATHE_STEPS, endpoint=False)[:, None]
    radius, height = profile_m[:, 0], profile_m[:, 1]
    ring = np.broadcast_to(height, (LATHE_STEPS, height.size))
    vertices = np.stack([radius * np.cos(angle), radius * np.sin(angle), ring], axis=-1)

    step, point = np.meshgrid(np.arange(LATHE_STEPS), np.arange(height.size), indexing='ij')
    next_step, next_point = (step + 1) % LATHE_STEPS, (point + 1) % height.size
    here, there = step * height.size, next_step * height.size
    lower = np.stack([here + point, there + point, there + next_point], axis=-1)
    upper = np.stack([here + point, there + next_point, here + next_point], axis=-1)
    return vertices.reshape(-1, 3), np.concatenate([lower, upper]).reshape(-1, 3)


def _box(rng: np.random.Generator) -> Shape:
    half = rng.uniform(0.015, 0.08, 3)
    return _solid('box', half)


def _book(rng: np.random.Generator) -> Shape:
    return _solid(
        'box',
        np.array([rng.uniform(0.05, 0.1), rng.uniform(0.06, 0.13), rng.uniform(0.004, 0.02)]),
    )


def _ellipsoid(rng: np.random.Generator) -> Shape:
    return _solid('ellipsoid', rng.uniform(0.02, 0.06, 3))


def _solid(kind: str, half_m: NDArray[np.float64]) -> Shape:
    geom = Geom(kind, tuple(half_m), (0.0, 0.0, float(half_m[2])))
    return Shape((geom,), float(np.hypot(half_m[0], half_m[1])))


def _ball(rng: np.random.Generator) -> Shape:
    radius = float(rng.uniform(0.015, 0.06))
    return Shape((Geom('sphere', (radius,), (0.0, 0.0, radius)),), radius)


def _can(rng: np.random.Generator) -> Shape:
    radius, half = float(rng.uniform(0.02, 0.05)), float(rng.uniform(0.02, 0.1))
    return Shape((Geom('cylinder', (radius, half), (0.0, 0.0, half)),), radius)


def _rod(rng: np.random.Generator) -> Shape:
    """A lying bar, from a pen to a can on its side."""
    radius = float(np.exp(rng.uniform(np.log(0.004), np.log(0.035))))
    half = float(rng.uniform(0.04, 0.12))
    kind = 'capsule' if rng.random() < 0.5 else 'cylinder'
    return Shape((Geom(kind, (radius,), fromto_m=(-half, 0, radius, half, 0, radius)),), half)


def _stack(rng: np.random.Generator) -> Shape:
    low, high = rng.uniform(0.03, 0.07, 3), rng.uniform(0.015, 0.035, 3)
    top = Geom('box', tuple(high), (0.0, 0.0, float(2 * low[2] + high[2])))
    return Shape((*_solid('box', low).geoms, top), float(np.hypot(low[0], low[1])))


def _mug(rng: np.random.Generator) -> Shape:
    radius, height = float(rng.uniform(0.03, 0.05)), float(rng.uniform(0.06, 0.12))
    wall = Geom('mesh', profile_m=_vessel(radius, radius, height, thickness=0.004))
    angle = np.linspace(-1.35, 1.35, 7)
    reach = 0.3 * height
    arc = np.stack(
        [radius + reach * np.cos(angle), 0 * angle, 0.5 * height + reach * np.sin(angle)], 1
    )
    return Shape((wall, *_chain(arc, 0.005)), radius + reach)


def _bowl(rng: np.random.Generator) -> Shape:
    top, height = float(rng.uniform(0.05, 0.1)), float(rng.uniform(0.03, 0.07))
    profile = _vessel(float(rng.uniform(0.4, 0.8)) * top, top, height, thickness=0.004)
    return Shape((Geom('mesh', profile_m=profile),), top)


def _bottle(rng: np.random.Generator) -> Shape:
    body, neck = float(rng.uniform(0.025, 0.045)), float(rng.uniform(0.01, 0.016))
    height, shoulder = float(rng.uniform(0.12, 0.26)), float(rng.uniform(0.5, 0.75))
    outline = [
        (0.0005, 0.0),
        (body, 0.0),
        (body, shoulder * height),
        (0.5 * (body + neck), (0.4 * shoulder + 0.6) * height * 0.95),
        (neck, 0.5 * (1 + shoulder) * height),
        (neck, height),
        (0.0005, height),
    ]
    return Shape((Geom('mesh', profile_m=np.array(outline)),), body)


def _ring(rng: np.random.Generator) -> Shape:
    """A lying ring, such as a roll of tape."""
    inner, half = float(rng.uniform(0.02, 0.05)), float(rng.uniform(0.004, 0.02))
    outer = inner + float(rng.uniform(0.004, 0.02))
    outline = [(inner, 0.0), (outer, 0.0), (outer, 2 * half), (inner, 2 * half)]
    return Shape((Geom('mesh', profile_m=np.array(outline)),), outer)


def _hammer(rng: np.random.Generator) -> Shape:
    handle, grip = float(rng.uniform(0.06, 0.13)), float(rng.uniform(0.007, 0.013))
    head = rng.uniform(0.012, 0.022), rng.uniform(0.03, 0.055), rng.uniform(0.012, 0.022)
    bar = Geom('capsule', (grip,), fromto_m=(-handle, 0, head[2], handle, 0, head[2]))
    block = Geom('box', tuple(map(float, head)), (handle, 0.0, float(head[2])))
    return Shape((bar, block), handle + float(head[1]))


def _cable(rng: np.random.Generator) -> Shape:
    turns = np.linspace(0, rng.uniform(2, 9), 28)
    spread = np.linspace(0.02, rng.uniform(0.06, 0.12), 28)
    thickness = float(rng.uniform(0.0025, 0.006))
    path = np.stack(
        [spread * np.cos(turns), spread * np.sin(turns), 0 * turns + thickness], axis=1
    )
    return Shape(_chain(path, thickness), float(spread[-1]))


def _chain(path_m: NDArray[np.float64], radius_m: float) -> tuple[Geom, ...]:
    """Join (N, 3) points by capsules."""
    pairs = np.concatenate([path_m[:-1], path_m[1:]], axis=1)
    return tuple(Geom('capsule', (radius_m,), fromto_m=tuple(map(float, pair))) for pair in pairs)


def _vessel(
    bottom_m: float, top_m: float, height_m: float, *, thickness: float
) -> NDArray[np.float64]:
    """Outline an open vessel: outer wall up, rim, inner wall down, inner floor."""
    rise = np.linspace(0, 1, 6)
    outer = np.stack([bottom_m + (top_m - bottom_m) * rise**0.6, height_m * rise], axis=1)
    inner = np.stack([outer[::-1, 0] - thickness, np.maximum(outer[::-1, 1], thickness)], axis=1)
    return np.concatenate([[(0.0005, 0.0)], outer, inner, [(0.0005, thickness)]])


FAMILIES: tuple[Callable[[np.random.Generator], Shape], ...] = (
    _box,
    _box,
    _book,
    _ellipsoid,
    _ball,
    _can,
    _rod,
    _rod,
    _stack,
    _mug,
    _bowl,
    _bottle,
    _ring,
    _hammer,
    _cable,
)
