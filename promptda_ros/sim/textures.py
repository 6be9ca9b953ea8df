# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Procedural pictures that make simulated surfaces look like wood, cloth, print or stone."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (SIDE_PX, SIDE_PX, 3) RGB

SIDE_PX = 256


def make_texture(rng: np.random.Generator) -> Picture:
    """Paint one square picture of a random family in random colours."""
    family = FAMILIES[rng.integers(len(FAMILIES))]
    return _paint(family(rng), rng)


def _paint(share: NDArray[np.float32], rng: np.random.Generator) -> Picture:
    """Mix two random colours by a (H, W) share in [0, 1] and add fine grain."""
    dark, light = _two_colours(rng)
    colour = dark + share[:, :, None] * (light - dark)
    colour += rng.normal(0, rng.uniform(0, 8), share.shape)[:, :, None]
    return np.clip(colour, 0, 255).astype(np.uint8)


def _two_colours(rng: np.random.Generator) -> NDArray[np.float64]:
    """Choose two colours from dark to bright, from grey to saturated."""
    grey = rng.uniform(15, 245, (2, 1))
    return np.clip(grey + rng.normal(0, rng.uniform(5, 60), (2, 3)), 5, 250)


def _noise(
    rng: np.random.Generator, cells: int, cells_across: int | None = None
) -> NDArray[np.float32]:
    """Draw smooth noise in [0, 1] with the given number of cells per side."""
    coarse = rng.random((cells, cells_across or cells)).astype(np.float32)
    smooth = cv2.resize(coarse, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth, 0, 1)


def _plain(rng: np.random.Generator) -> NDArray[np.float32]:
    return _noise(rng, 3) * np.float32(rng.uniform(0, 0.2))


def _stone(rng: np.random.Generator) -> NDArray[np.float32]:
    octaves = [_noise(rng, cells) / (1 + level) for level, cells in enumerate((4, 9, 20, 45, 100))]
    total = np.sum(octaves, axis=0)
    return ((total - total.min()) / np.ptp(total)).astype(np.float32)


def _wood(rng: np.random.Generator) -> NDArray[np.float32]:
    across = np.linspace(0, rng.uniform(4, 16), SIDE_PX, dtype=np.float32)[:, None]
    rings = across + 2 * _noise(rng, 4, 2) + 0.3 * _noise(rng, 90, 6)
    return (rings % 1.0).astype(np.float32)


def _cloth(rng: np.random.Generator) -> NDArray[np.float32]:
    threads = np.arange(SIDE_PX) * rng.uniform(0.15, 0.6)
    weave = 0.5 + 0.25 * (np.sin(threads)[:, None] + np.sin(threads * rng.uniform(0.3, 1.0)))
    return (0.7 * weave + 0.3 * _noise(rng, 60)).astype(np.float32)


def _checks(rng: np.random.Generator) -> NDArray[np.float32]:
    rows, columns = np.indices((SIDE_PX, SIDE_PX)) // int(rng.integers(8, 64))
    return ((rows * rng.integers(0, 2) + columns) % 2).astype(np.float32)


def _print(rng: np.random.Generator) -> NDArray[np.float32]:
    page = np.full((SIDE_PX, SIDE_PX), rng.integers(0, 80), np.uint8)
    for _ in range(int(rng.integers(6, 30))):
        corner = rng.integers(0, SIDE_PX, 2)
        far = corner + rng.integers(3, SIDE_PX // 3, 2)
        ink = int(rng.integers(256))
        cv2.rectangle(page, corner.tolist(), far.tolist(), ink, -1 if rng.random() < 0.7 else 2)
    for line in range(20, SIDE_PX, int(rng.integers(20, 70))):
        cv2.putText(page, _word(rng), (8, line), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 2)
    return (page / 255).astype(np.float32)


def _word(rng: np.random.Generator) -> str:
    return ''.join(chr(letter) for letter in rng.integers(ord('A'), ord('Z') + 1, 12))


FAMILIES: tuple[Callable[[np.random.Generator], NDArray[np.float32]], ...] = (
    _plain,
    _plain,
    _stone,
    _wood,
    _cloth,
    _checks,
    _print,
)
