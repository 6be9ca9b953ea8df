# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Soft and grown things: cables, bags, fruit and toys."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from promptda_ros.lab.sim.things.geoms import bar, chain, felt, Geom, seen, Shape, solid
from promptda_ros.lab.sim.things.meshes import grow, lathe, Mesh, Points, sweep

Field = Callable[[Points], NDArray[np.float64]]

CELLS = 26  # across the longest side of a grown thing


def cable(rng: np.random.Generator) -> Shape:
    """Make a cable: a coil or a wandering line, with plugs at its ends."""
    thickness, points = float(rng.uniform(0.002, 0.0045)), 60
    if rng.random() < 0.5:
        turns = np.linspace(0, rng.uniform(4, 16), points)
        spread = np.linspace(rng.uniform(0.025, 0.045), rng.uniform(0.045, 0.075), points)
        flat = np.stack([spread * np.cos(turns), spread * np.sin(turns)], axis=1)
    else:
        heading = np.cumsum(_smooth(rng, points, 0.35))
        flat = 0.0045 * np.cumsum(np.stack([np.cos(heading), np.sin(heading)], axis=1), axis=0)
        flat -= flat.mean(0)
    height = thickness + np.abs(_smooth(rng, points, rng.uniform(0, 0.008)))
    path = np.concatenate([flat, height[:, None]], axis=1)
    parts = [seen(sweep(path, thickness, sides=8)), *chain(path, thickness, 8)]
    if rng.random() < 0.7:
        for end, before in ((path[0], path[2]), (path[-1], path[-3])):
            out = (end - before) / np.linalg.norm(end - before)
            parts.append(bar(end, end + 0.015 * out, 2 * thickness, kind='cylinder', paint=1))
    return Shape('cable', tuple(parts))


def bag(rng: np.random.Generator) -> Shape:
    """Make a filled bag: a pillow with creases, sometimes with a tied neck."""
    half = np.array([rng.uniform(0.03, 0.065), rng.uniform(0.03, 0.065), rng.uniform(0.015, 0.03)])
    power = float(rng.uniform(2.2, 4.0))
    crease, waves = float(rng.uniform(0.03, 0.12)), _waves(rng, half)

    def field(points: Points) -> NDArray[np.float64]:
        radius = (np.abs(points / half) ** power).sum(-1) ** (1 / power)
        return np.asarray(radius - 1 + crease * waves(points))

    mesh = grow(field, 1.25 * half, 2.4 * half.max() / CELLS)
    # The seam runs all round, the belly is thick.
    pinch = 1 - 0.45 * np.clip(np.abs(mesh.vertices_m[:, :2] / half[:2]).max(1), 0, 1) ** 4
    vertices = mesh.vertices_m * np.stack([1 + 0 * pinch, 1 + 0 * pinch, pinch], axis=1)
    parts = [seen(Mesh(vertices, mesh.triangles).moved((0, 0, half[2])))]
    body = Geom('ellipsoid', tuple((1.02 * half).tolist()), (0.0, 0.0, float(half[2])))
    parts.append(felt(body))
    return Shape('bag', tuple(parts))


def fruit(rng: np.random.Generator) -> Shape:
    """Make an apple, pear, lemon or aubergine with a stalk, or a banana."""
    if rng.random() < 0.25:
        return _banana(rng)
    radius, height = float(rng.uniform(0.02, 0.04)), float(rng.uniform(0.03, 0.09))
    rise = np.linspace(0.02, np.pi - 0.02, 16)
    belly = 1 + rng.uniform(-0.35, 0.35) * np.cos(rise)
    dimple = rng.uniform(0, 0.15) * height * np.exp(-((rise - np.pi) ** 2) / 0.15)
    level = 0.5 * height * (1 - np.cos(rise)) - dimple
    outline = np.stack([radius * np.sin(rise) * belly, level - level.min()], axis=1)
    top = outline[-1, 1]
    stalk = np.array([(0, 0, top - 0.003), (0.001, 0, top + 0.005), (0.004, 0, top + 0.012)])
    return Shape('fruit', (solid(lathe(outline, 24)), seen(sweep(stalk, 0.0015, 6), paint=1)))


def _banana(rng: np.random.Generator) -> Shape:
    bend, reach = np.linspace(-0.8, 0.8, 14), float(rng.uniform(0.06, 0.1))
    thick = float(rng.uniform(0.013, 0.018))
    path = np.stack([reach * np.sin(bend), reach * (1 - np.cos(bend)), 0 * bend + thick], axis=1)
    radius = thick * np.clip(1.1 * np.cos(1.15 * bend / 0.8 * 1.1), 0.2, 1)
    return Shape('fruit', (seen(sweep(path, radius, 8)), *chain(path, 0.85 * thick, 3)))


def toy(rng: np.random.Generator) -> Shape:
    """Make a lump of melted balls, such as a toy animal or a stone with knobs."""
    count = int(rng.integers(3, 8))
    centres = rng.normal(0, 0.017, (count, 3))
    radii = rng.uniform(0.012, 0.026, count)

    def field(points: Points) -> NDArray[np.float64]:
        distance2 = ((points[..., None, :] - centres) ** 2).sum(-1)
        return np.asarray(1 - (radii**2 / (distance2 + 1e-6)).sum(-1))

    half = np.abs(centres).max(0) + 1.8 * radii.max()
    mesh = grow(field, half, 2 * float(half.max()) / CELLS)
    mesh = mesh.moved((0, 0, -mesh.vertices_m[:, 2].min()))
    return Shape('toy', (solid(mesh),))


def _smooth(rng: np.random.Generator, count: int, size: float) -> NDArray[np.float64]:
    """Draw a slowly changing line of the given deviation."""
    knots = rng.normal(0, size, 9)
    return np.interp(np.linspace(0, 8, count), np.arange(9), knots)


def _waves(rng: np.random.Generator, half_m: NDArray[np.float64]) -> Field:
    """Sum a few waves over space: (..., 3) -> (...) within about -1 to 1."""
    directions, phases = rng.normal(0, 4, (5, 3)) / half_m, rng.uniform(0, 2 * np.pi, 5)
    return lambda points: np.sin(points @ directions.T + phases).mean(-1)
