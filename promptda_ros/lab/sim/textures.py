# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Procedural pictures that make simulated surfaces look like wood, cloth, print or stone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (side, side, 3) RGB
Share = NDArray[np.float32]  # (side, side) how much of the second colour, 0 to 1


def make_texture(rng: np.random.Generator, family: str, side_px: int = 256) -> Picture:
    """Paint one square picture of a family in random colours."""
    return _paint(FAMILIES[family](rng, side_px), rng, family)


def _paint(share: Share, rng: np.random.Generator, family: str) -> Picture:
    """Mix two random colours by a share and add fine grain."""
    first, second = NAMED_COLOURS.get(family, _two_colours)(rng).astype(np.float32)
    grain = rng.standard_normal(share.shape, np.float32) * np.float32(rng.uniform(0, 6))
    channels = [
        low + share * (high - low) + grain for low, high in zip(first, second, strict=True)
    ]
    # Rounds and keeps within 0 to 255.
    return np.asarray(cv2.merge([cv2.convertScaleAbs(np.maximum(one, 0)) for one in channels]))


def _two_colours(rng: np.random.Generator) -> NDArray[np.float64]:
    """Choose two colours from dark to bright, from grey to saturated."""
    grey = rng.uniform(25, 245, (2, 1))
    return np.clip(grey + rng.normal(0, rng.uniform(5, 60), (2, 3)), 8, 250)


def _wood_colours(rng: np.random.Generator) -> NDArray[np.float64]:
    light = rng.uniform(110, 235) * np.array([1, rng.uniform(0.7, 0.85), rng.uniform(0.4, 0.65)])
    return np.stack([light, light * rng.uniform(0.5, 0.85)])


def _cardboard_colours(rng: np.random.Generator) -> NDArray[np.float64]:
    base = rng.uniform(0.75, 1.1) * np.array([190, 150, 108]) + rng.normal(0, 6, 3)
    return np.stack([base, base * rng.uniform(0.75, 0.92)])


def _metal_colours(rng: np.random.Generator) -> NDArray[np.float64]:
    warm = np.array([1, 1 - abs(rng.normal(0, 0.05)), 1 - abs(rng.normal(0, 0.12))])
    grey = rng.uniform(90, 200) * warm
    return np.stack([grey, grey * rng.uniform(0.6, 1.2)])


def _chrome_colours(rng: np.random.Generator) -> NDArray[np.float64]:
    return np.array([[15, 15, 18], [250, 250, 250]]) + rng.normal(0, 6, (2, 3))


def _noise(rng: np.random.Generator, side: int, rows: int, columns: int | None = None) -> Share:
    """Draw smooth noise in [0, 1] with the given number of cells per side."""
    coarse = rng.random((rows, columns or rows)).astype(np.float32)
    smooth: Share = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth, 0, 1)


def _stretched(values: NDArray[np.floating]) -> Share:
    share = (values - values.min()) / max(float(np.ptp(values)), 1e-6)
    return np.asarray(share, np.float32)


def _plain(rng: np.random.Generator, side: int) -> Share:
    return _noise(rng, side, 3) * np.float32(rng.uniform(0, 0.2))


def _gradient(rng: np.random.Generator, side: int) -> Share:
    turn, ramp = rng.uniform(0, 2 * np.pi), np.linspace(-1, 1, side)
    return _stretched(np.cos(turn) * ramp[:, None] + np.sin(turn) * ramp)


def _speckle(rng: np.random.Generator, side: int) -> Share:
    """Draw noise of one scale, from coarse clouds to fine grain."""
    noise = _noise(rng, side, int(np.exp(rng.uniform(np.log(6), np.log(side)))))
    return (noise > 0.5).astype(np.float32) if rng.random() < 0.3 else noise


def _stone(rng: np.random.Generator, side: int) -> Share:
    cells = (4, 9, 20, 45, 100)
    octaves = [_noise(rng, side, n) / (1 + level) for level, n in enumerate(cells)]
    return _stretched(np.sum(octaves, axis=0))


def _marble(rng: np.random.Generator, side: int) -> Share:
    """Draw stone with veins."""
    warp = 3 * _noise(rng, side, 5) + _noise(rng, side, 14) + 0.4 * _noise(rng, side, 40)
    across = np.linspace(0, rng.uniform(2, 5), side, dtype=np.float32)
    return _stretched(np.abs(np.sin(np.pi * (warp + across))) ** rng.uniform(0.2, 0.6))


def _wood(rng: np.random.Generator, side: int) -> Share:
    across = np.linspace(0, rng.uniform(3, 12), side, dtype=np.float32)[:, None]
    rings = across + 1.6 * _noise(rng, side, 4, 2) + 0.25 * _noise(rng, side, 90, 6)
    saw = rings % 1.0
    grain = 0.35 * _noise(rng, side, side // 2, 8)
    boards = np.floor(np.arange(side) / side * rng.integers(1, 7))
    tone = np.take(rng.uniform(0, 0.5, 8), boards.astype(int))[:, None]
    return np.asarray(np.clip(0.6 * saw**2 + grain + tone, 0, 1), np.float32)


def _cloth(rng: np.random.Generator, side: int) -> Share:
    threads = np.arange(side) * rng.uniform(0.3, 1.2)
    weave = 0.5 + 0.25 * (np.sin(threads)[:, None] + np.sin(threads * rng.uniform(0.4, 1.0)))
    bands = np.sin(np.arange(side) * rng.uniform(0.01, 0.15)) > rng.uniform(-0.5, 1.5)
    return np.asarray(0.5 * weave + 0.2 * _noise(rng, side, 60) + 0.3 * bands, np.float32)


def _checks(rng: np.random.Generator, side: int) -> Share:
    rows, columns = np.indices((side, side)) // int(rng.integers(side // 32, side // 4))
    return ((rows * rng.integers(0, 2) + columns) % 2).astype(np.float32)


def _print(rng: np.random.Generator, side: int) -> Share:
    """Lay out a page or a package: panels, pictures, headlines, small print and a barcode."""
    page = np.full((side, side), rng.integers(0, 80), np.uint8)
    for _ in range(int(rng.integers(3, 16))):
        corner = rng.integers(0, side, 2)
        far = corner + rng.integers(side // 80, side // 3, 2)
        ink = int(rng.integers(256))
        if rng.random() < 0.3:
            cv2.circle(
                page, corner.tolist(), int(rng.integers(3, side // 5)), ink, -1, cv2.LINE_AA
            )
        else:
            cv2.rectangle(
                page, corner.tolist(), far.tolist(), ink, -1 if rng.random() < 0.7 else 2
            )
    _write(page, rng)
    if rng.random() < 0.4:
        bars = np.repeat(rng.integers(0, 2, side // 10) * 255, 2).astype(np.uint8)
        top, left = rng.integers(0, int(0.75 * side), 2)
        page[top : top + side // 8, left : left + bars.size] = bars[: side - left]
    return (page / 255).astype(np.float32)


def _write(page: NDArray[np.uint8], rng: np.random.Generator) -> None:
    side, line = len(page), int(rng.integers(10, 40))
    while line < len(page):
        size = float(rng.choice([0.3, 0.3, 0.5, 1.1]))
        letters = rng.integers(ord('A'), ord('Z') + 1, int(rng.integers(4, 24)))
        word, start = ''.join(map(chr, letters)), (int(rng.integers(0, side // 3)), line)
        ink = int(rng.choice([0, 255]))
        cv2.putText(page, word, start, cv2.FONT_HERSHEY_SIMPLEX, size, ink, 1, cv2.LINE_AA)
        line += int(30 * size + rng.integers(2, 40))


def _cardboard(rng: np.random.Generator, side: int) -> Share:
    ribs = 0.5 + 0.5 * np.sin(np.arange(side) * rng.uniform(0.2, 0.7))
    stains = _noise(rng, side, 9) * _noise(rng, side, 120)
    return np.asarray(0.3 * ribs + 0.5 * stains, np.float32)


def _metal(rng: np.random.Generator, side: int) -> Share:
    """Draw brushed metal: scratches along one direction."""
    brushed = _noise(rng, side, side, int(rng.integers(2, 9)))
    return _stretched(brushed + 0.8 * _noise(rng, side, 3))


def _chrome(rng: np.random.Generator, side: int) -> Share:
    """Draw what a mirror shows: a bright sky over a dark ground, bent, with lamps."""
    level = np.linspace(0, 1, side, dtype=np.float32)[:, None] + 0.3 * (_noise(rng, side, 4) - 0.5)
    horizon = rng.uniform(0.35, 0.65)
    sky = np.where(level < horizon, 0.95 - 0.7 * level / horizon, 0.15 + 0.5 * (level - horizon))
    page = np.ascontiguousarray(sky, np.float32)
    for _ in range(int(rng.integers(1, 4))):
        centre = rng.integers(0, side, 2).tolist()
        axes = rng.integers(side // 40, side // 8, 2).tolist()
        cv2.ellipse(page, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1, cv2.LINE_AA)
    soft = cv2.GaussianBlur(page, (0, 0), rng.uniform(1, 4))
    return np.asarray(np.clip(soft, 0, 1), np.float32)


NAMED_COLOURS: dict[str, Callable[[np.random.Generator], NDArray[np.float64]]] = {
    'wood': _wood_colours,
    'cardboard': _cardboard_colours,
    'metal': _metal_colours,
    'chrome': _chrome_colours,
}
FAMILIES: dict[str, Callable[[np.random.Generator, int], Share]] = {
    'plain': _plain,
    'gradient': _gradient,
    'speckle': _speckle,
    'stone': _stone,
    'wood': _wood,
    'cloth': _cloth,
    'checks': _checks,
    'print': _print,
    'cardboard': _cardboard,
    'metal': _metal,
    'chrome': _chrome,
    'marble': _marble,
}
HELD_OUT_FAMILIES: Sequence[str] = ('marble',)
TRAINING_FAMILIES: Sequence[str] = tuple(
    name for name in FAMILIES if name not in HELD_OUT_FAMILIES
)
