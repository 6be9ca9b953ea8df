# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Lamps that cast shadows and glare, bright or dim."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Everywhere, from the camera, the key lamp and up to two others.
USUAL_SHARES = (2.0, 0.6, 3.0, 1.0, 0.6)
HARD_SHARES = (2.5, 0.2, 8.0, 0.8, 0.4)


def make_lights(
    rng: np.random.Generator,
    brightness: float,
    *,
    shares: Sequence[float] = USUAL_SHARES,
    key_m: NDArray[np.float64] | None = None,
) -> tuple[str, str]:
    """Return the headlight and the lamps as MuJoCo XML; the key lamp may have its place.

    What all lamps add up to varies, and follows the brightness of the table as a camera's exposure
    would: at 1 a white sheet is about to burn out.
    """
    follow = float(np.clip((0.5 / brightness) ** 0.6, 0.8, 2.0))
    exposure = follow * float(np.clip(np.exp(rng.normal(-0.05, 0.2)), 0.65, 1.4))
    parts = rng.dirichlet(shares[: int(rng.integers(3, 6))])
    tint = 1 - rng.uniform(0, 0.15) * rng.random((len(parts), 3))
    light = exposure * parts[:, None] * tint
    headlight = (
        f'<headlight ambient="{_numbers(light[0] + 0.08)}" '
        f'diffuse="{_numbers(light[1])}" specular="{_numbers(0.3 * light[1])}"/>'
    )
    lamps = [
        _lamp(part, _place(rng) if index or key_m is None else key_m, rng, shadow=index == 0)
        for index, part in enumerate(light[2:])
    ]
    return headlight, ''.join(lamps)


def _place(rng: np.random.Generator) -> NDArray[np.float64]:
    """Hang a lamp somewhere in the room."""
    turn, away = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 1.1)
    return np.array([away * np.cos(turn), away * np.sin(turn), rng.uniform(1.2, 2.1)])


def _lamp(
    light: NDArray[np.float64],
    place: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    shadow: bool,
) -> str:
    """Write one lamp; a small one glares."""
    glare = rng.uniform(0.3, 1.6)
    return (
        f'<light pos="{_numbers(place)}" dir="{_numbers(-place)}" cutoff="80" exponent="1" '
        f'castshadow="{str(shadow).lower()}" diffuse="{_numbers(1.15 * light)}" '
        f'specular="{_numbers(np.clip(glare * light / light.max(), 0, 1.5))}"/>'
    )


def _numbers(values: NDArray[np.float64]) -> str:
    return ' '.join(f'{value:.4f}' for value in values)
