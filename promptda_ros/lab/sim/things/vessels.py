# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Round, hollow things: cans, bottles, glasses, mugs, bowls, plates and rings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from promptda_ros.lab.sim.things.geoms import bar, felt, Geom, seen, Shape
from promptda_ros.lab.sim.things.meshes import lathe, sweep

AXIS_M = 5e-4  # an outline that touches the axis would make triangles of no area
SIDES = 8


def can(rng: np.random.Generator) -> Shape:
    """Make a tin with raised rims."""
    radius, height = float(rng.uniform(0.02, 0.045)), float(rng.uniform(0.04, 0.14))
    rim, groove = min(0.003, 0.1 * height), float(rng.uniform(0.0005, 0.003))
    outline = [
        (AXIS_M, groove),
        (radius - 2 * rim, groove),
        (radius - rim, 0),
        (radius, rim),
        (radius - 0.5 * rim, 2 * rim),
        (radius - 0.5 * rim, height - 2 * rim),
        (radius, height - rim),
        (radius - rim, height),
        (radius - 2 * rim, height - groove),
        (AXIS_M, height - groove),
    ]
    body = Geom('cylinder', (radius, 0.5 * height), (0.0, 0.0, 0.5 * height))
    return Shape('can', (seen(lathe(np.array(outline))), felt(body)))


def bottle(rng: np.random.Generator) -> Shape:
    """Make a bottle with a shoulder, a neck and often a cap."""
    body, neck = float(rng.uniform(0.02, 0.04)), float(rng.uniform(0.009, 0.015))
    height, shoulder = float(rng.uniform(0.1, 0.24)), float(rng.uniform(0.5, 0.75))
    rise = np.linspace(0, 1, 7)
    start, end = shoulder * height, (0.45 * shoulder + 0.5) * height
    curve = np.stack(
        [neck + (body - neck) * (1 + np.cos(np.pi * rise)) / 2, start + (end - start) * rise], 1
    )
    waist = 1 - rng.uniform(0, 0.15) * np.sin(np.pi * np.linspace(0, 1, 6))
    side = np.stack([body * waist, np.linspace(0.004, start, 6)], 1)
    outline = np.concatenate(
        [[(AXIS_M, 0.0), (body - 0.004, 0.0)], side, curve[1:], [(neck, height), (AXIS_M, height)]]
    )
    parts = [
        seen(lathe(outline)),
        felt(Geom('cylinder', (body, 0.5 * start), (0.0, 0.0, 0.5 * start))),
        felt(bar((0, 0, start), (0, 0, height), neck, kind='cylinder')),
    ]
    if rng.random() < 0.6:
        cap = float(rng.uniform(0.01, 0.025))
        top = bar((0, 0, height - 0.5 * cap), (0, 0, height + 0.5 * cap), 1.15 * neck,
                  kind='cylinder', paint=1)  # fmt: skip
        parts.append(top)
    return Shape('bottle', tuple(parts), may_be_clear=True)


def glass(rng: np.random.Generator) -> Shape:
    """Make a tumbler or a jar without a lid."""
    bottom, height = float(rng.uniform(0.022, 0.04)), float(rng.uniform(0.06, 0.14))
    top = bottom * float(rng.uniform(0.95, 1.3))
    outline = vessel(bottom, top, height, thickness_m=0.003, bend=1.0)
    return Shape(
        'glass',
        (seen(lathe(outline)), *_wall(bottom, top, height, thickness_m=0.003)),
        may_be_clear=True,
    )


def mug(rng: np.random.Generator) -> Shape:
    """Make a mug with a handle."""
    radius, height = float(rng.uniform(0.03, 0.045)), float(rng.uniform(0.06, 0.11))
    taper, thickness = float(rng.uniform(0.8, 1.0)), float(rng.uniform(0.003, 0.006))
    angle = np.linspace(-1.45, 1.45, 14)
    reach, grip = 0.3 * height, float(rng.uniform(0.004, 0.007))
    handle = np.stack(
        [
            (0.9 + 0.1 * taper) * radius - 0.002 + reach * rng.uniform(0.8, 1.1) * np.cos(angle),
            0 * angle,
            0.52 * height + reach * np.sin(angle),
        ],
        axis=1,
    )
    outline = vessel(taper * radius, radius, height, thickness_m=thickness, bend=0.4)
    return Shape(
        'mug',
        (
            seen(lathe(outline)),
            seen(sweep(handle, grip), paint=int(rng.random() < 0.2)),
            *_wall(taper * radius, radius, height, thickness_m=thickness),
            *(felt(bar(handle[a], handle[b], grip)) for a, b in ((1, 5), (5, 8), (8, 12))),
        ),
    )


def bowl(rng: np.random.Generator) -> Shape:
    """Make a bowl."""
    top, height = float(rng.uniform(0.045, 0.075)), float(rng.uniform(0.03, 0.06))
    bottom = float(rng.uniform(0.4, 0.75)) * top
    outline = vessel(bottom, top, height, thickness_m=0.004, bend=0.5)
    return Shape(
        'bowl',
        (seen(lathe(outline, 48)), *_wall(bottom, top, height, thickness_m=0.005)),
        may_be_clear=True,
    )


def plate(rng: np.random.Generator) -> Shape:
    """Make a flat plate with a raised rim."""
    radius, height = float(rng.uniform(0.06, 0.085)), float(rng.uniform(0.01, 0.02))
    bottom = 0.6 * radius
    outline = vessel(bottom, radius, height, thickness_m=0.004, bend=0.7)
    base = felt(bar((0, 0, 0), (0, 0, 0.005), bottom, kind='cylinder'))
    rim = felt(bar((0, 0, 0.5 * height), (0, 0, height), 0.95 * radius, kind='cylinder'))
    return Shape('plate', (seen(lathe(outline, 48)), base, rim))


def ring(rng: np.random.Generator) -> Shape:
    """Make a roll of tape, a washer or a tyre."""
    inner, height = float(rng.uniform(0.012, 0.04)), float(rng.uniform(0.006, 0.04))
    outer = inner + float(rng.uniform(0.005, 0.02))
    if rng.random() < 0.4:
        turn = np.linspace(0, 2 * np.pi, 14, endpoint=False)
        middle, half = 0.5 * (inner + outer), 0.5 * (outer - inner)
        outline = np.stack([middle + half * np.cos(turn), half + half * np.sin(turn)], axis=1)
        height = 2 * half
    else:
        outline = np.array([(inner, 0.0), (outer, 0.0), (outer, height), (inner, height)])
    wall = _wall(outer, outer, height, thickness_m=outer - inner)[1:]
    return Shape('ring', (seen(lathe(outline, 48)), *wall))


def vessel(
    bottom_m: float, top_m: float, height_m: float, *, thickness_m: float, bend: float
) -> NDArray[np.float64]:
    """Outline an open vessel (N, 2): outer wall up, rim, inner wall down, inner floor."""
    rise = np.linspace(0, 1, 8)
    outer = np.stack([bottom_m + (top_m - bottom_m) * rise**bend, height_m * rise], axis=1)
    inner = np.stack(
        [outer[::-1, 0] - thickness_m, np.maximum(outer[::-1, 1], thickness_m)], axis=1
    )
    return np.concatenate([[(AXIS_M, 0.0)], outer, inner, [(AXIS_M, thickness_m)]])


def _wall(
    bottom_m: float, top_m: float, height_m: float, *, thickness_m: float
) -> tuple[Geom, ...]:
    """Let an open vessel be felt: a floor, then flat boards all round."""
    thickness_m = max(thickness_m, 0.005)  # thinner boards let things through
    floor = bar((0, 0, 0), (0, 0, thickness_m), bottom_m - 0.001, kind='cylinder')
    middle = 0.5 * (bottom_m + top_m) - 0.5 * thickness_m
    tilt = float(np.arctan2(top_m - bottom_m, height_m))
    half = (
        0.5 * thickness_m,
        middle * float(np.tan(np.pi / SIDES)),
        0.5 * height_m / float(np.cos(tilt)),
    )
    boards = [
        Geom(
            'box',
            half,
            (middle * float(np.cos(turn)), middle * float(np.sin(turn)), 0.5 * height_m),
            (float(turn), tilt, 0.0),
        )
        for turn in np.arange(SIDES) * 2 * np.pi / SIDES
    ]
    return tuple(felt(part) for part in (floor, *boards))
