# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Lamps that cast shadows and glare, bright or dim."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def make_lights(rng: np.random.Generator, brightness: float) -> tuple[str, str]:
    """Return the headlight and the lamps as MuJoCo XML.

    What all lamps add up to varies, and follows the brightness of the table as a camera's exposure
    would: at 1 a white sheet is about to burn out.
    """
    follow = float(np.clip((0.5 / brightness) ** 0.6, 0.8, 2.0))
    exposure = follow * float(np.clip(np.exp(rng.normal(-0.05, 0.2)), 0.65, 1.4))
    # Everywhere, from the camera, the key lamp and up to two others.
    shares = rng.dirichlet([2.0, 0.6, 3.0, 1.0, 0.6][: rng.integers(3, 6)])
    tint = 1 - rng.uniform(0, 0.15) * rng.random((len(shares), 3))
    light = exposure * shares[:, None] * tint
    headlight = (
        f'<headlight ambient="{_numbers(light[0] + 0.08)}" '
        f'diffuse="{_numbers(light[1])}" specular="{_numbers(0.3 * light[1])}"/>'
    )
    lamps = [_lamp(part, rng, shadow=index == 0) for index, part in enumerate(light[2:])]
    return headlight, ''.join(lamps)


def _lamp(light: NDArray[np.float64], rng: np.random.Generator, *, shadow: bool) -> str:
    """Hang one lamp in the room; a small one glares."""
    turn, away = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 1.1)
    place = np.array([away * np.cos(turn), away * np.sin(turn), rng.uniform(1.2, 2.1)])
    glare = rng.uniform(0.3, 1.6)
    return (
        f'<light pos="{_numbers(place)}" dir="{_numbers(-place)}" cutoff="80" exponent="1" '
        f'castshadow="{str(shadow).lower()}" diffuse="{_numbers(1.15 * light)}" '
        f'specular="{_numbers(np.clip(glare * light / light.max(), 0, 1.5))}"/>'
    )


def _numbers(values: NDArray[np.float64]) -> str:
    return ' '.join(f'{value:.4f}' for value in values)
