# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Plain bodies: boxes, cartons, books, balls, ellipsoids and beams."""

from __future__ import annotations

import numpy as np

from promptda_ros.lab.sim.things.geoms import bar, box, Geom, Shape


def block(rng: np.random.Generator) -> Shape:
    """Make a box, sometimes two on top of each other."""
    half = np.exp(rng.uniform(np.log(0.008), np.log(0.055), 3))
    parts = [box(half, (0, 0, half[2]))]
    if rng.random() < 0.2:
        upper = half * rng.uniform(0.4, 0.8, 3)
        parts.append(box(upper, (0, 0, 2 * half[2] + upper[2]), paint=1))
    return Shape('block', tuple(parts))


def carton(rng: np.random.Generator) -> Shape:
    """Make a closed carton with a strip of tape, or a drink carton with a gable."""
    half = rng.uniform(0.025, 0.07, 3)
    parts = [box(half, (0, 0, half[2]))]
    if rng.random() < 0.5:
        strip = (1.002 * half[0], 0.15 * half[1], 1.002 * half[2])
        parts.append(box(strip, (0, 0, half[2]), paint=1))
    else:
        ridge = 2 * half[2] + 0.2 * half[1]
        parts.append(box((half[0], 0.12 * half[1], 0.2 * half[1]), (0, 0, ridge)))
    return Shape('carton', tuple(parts))


def book(rng: np.random.Generator) -> Shape:
    """Make a book: pages between two covers and a spine."""
    half = np.array([rng.uniform(0.04, 0.075), rng.uniform(0.05, 0.1), rng.uniform(0.005, 0.02)])
    cover, edge = 0.0015, float(rng.uniform(0.001, 0.004))
    board = (half[0], half[1], cover)
    return Shape(
        'book',
        (
            box(board, (0, 0, cover)),
            box(board, (0, 0, 2 * half[2] - cover)),
            box((cover, half[1], half[2]), (cover - half[0], 0, half[2])),
            box((half[0] - edge, half[1] - edge, half[2] - cover), (0, 0, half[2]), paint=1),
        ),
    )


def ball(rng: np.random.Generator) -> Shape:
    """Make a ball."""
    radius = float(np.exp(rng.uniform(np.log(0.01), np.log(0.05))))
    return Shape('ball', (Geom('sphere', (radius,), (0.0, 0.0, radius)),), may_be_clear=True)


def ellipsoid(rng: np.random.Generator) -> Shape:
    """Make an ellipsoid, such as a soap or a pebble."""
    half = rng.uniform(0.012, 0.05, 3)
    return Shape('ellipsoid', (Geom('ellipsoid', tuple(half.tolist()), (0, 0, float(half[2]))),))


def beam(rng: np.random.Generator) -> Shape:
    """Make a piece of an L, T, U or H profile, lying along x."""
    length, wide, high = rng.uniform(0.03, 0.09), rng.uniform(0.01, 0.03), rng.uniform(0.01, 0.03)
    thick = float(rng.uniform(0.0015, 0.004))
    flange = box((length, wide, thick), (0, 0, thick))
    middle = 2 * thick + high
    place = {'L': (thick - wide,), 'T': (0.0,), 'U': (thick - wide, wide - thick), 'H': (0.0,)}
    letter = rng.choice(list(place))
    webs = [box((length, thick, high), (0, y, middle)) for y in place[letter]]
    if letter == 'H':
        webs.append(box((length, wide, thick), (0, 0, 2 * high + 3 * thick)))
    return Shape('beam', (flange, *webs))


def rod(rng: np.random.Generator) -> Shape:
    """Make a lying bar, pipe or candle."""
    radius = float(np.exp(rng.uniform(np.log(0.005), np.log(0.025))))
    half = float(rng.uniform(0.03, 0.09))
    kind = 'capsule' if rng.random() < 0.5 else 'cylinder'
    return Shape('rod', (bar((-half, 0, radius), (half, 0, radius), radius, kind=kind),))
