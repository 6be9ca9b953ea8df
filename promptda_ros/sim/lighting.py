# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Lamps that cast shadows and glare, bright or dim."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def make_lights(rng: np.random.Generator) -> tuple[str, str]:
    """Return the headlight and the lamps as MuJoCo XML.

    What all lamps add up to on a white sheet varies about 1, which is where the picture burns out:
    that is the exposure.
    """
    exposure = float(np.clip(np.exp(rng.normal(0.1, 0.25)), 0.55, 1.6))
    shares = rng.dirichlet([2.0, 0.6, 3.0, 1.0, 0.6])  # everywhere, camera, key lamp, two others
    tint = 1 - rng.uniform(0, 0.15) * rng.random((5, 3))
    brightness = exposure * shares[:, None] * tint
    headlight = (
        f'<headlight ambient="{_numbers(brightness[0] + 0.1)}" '
        f'diffuse="{_numbers(brightness[1])}" specular="{_numbers(0.3 * brightness[1])}"/>'
    )
    lamps = [_lamp(light, rng, shadow=index == 0) for index, light in enumerate(brightness[2:])]
    return headlight, ''.join(lamps[: rng.integers(1, 4)])


def _lamp(brightness: NDArray[np.float64], rng: np.random.Generator, *, shadow: bool) -> str:
    """Hang one lamp in the room; a small one glares."""
    turn, away = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 1.1)
    place = np.array([away * np.cos(turn), away * np.sin(turn), rng.uniform(1.0, 2.0)])
    glare = rng.uniform(0.3, 1.6)
    return (
        f'<light pos="{_numbers(place)}" dir="{_numbers(-place)}" cutoff="85" exponent="1" '
        f'castshadow="{str(shadow).lower()}" diffuse="{_numbers(1.3 * brightness)}" '
        f'specular="{_numbers(np.clip(glare * brightness / brightness.max(), 0, 1.5))}"/>'
    )


def _numbers(values: NDArray[np.float64]) -> str:
    return ' '.join(f'{value:.4f}' for value in values)
