# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Printed pictures of high contrast: what a surface can show and yet be flat."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from promptda_ros.lab.sim.textures import Picture

Colour = tuple[int, int, int]
FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX)
LEAST_CONTRAST = 70  # levels between the ground and an ink


def make_print(rng: np.random.Generator, side_px: int = 256) -> Picture:
    """Print one square picture of a random kind."""
    kinds = list(PRINTS)
    page = PRINTS[kinds[int(rng.integers(len(kinds)))]](rng, side_px)
    grain = rng.standard_normal((side_px, side_px, 1), np.float32) * rng.uniform(0, 4)
    return np.clip(page + grain, 0, 255).astype(np.uint8)


def _ink(rng: np.random.Generator, ground: Colour | None = None) -> Colour:
    """Choose a colour that stands out from the ground."""
    while True:
        grey = float(rng.uniform(10, 245))
        red, green, blue = np.clip(grey + rng.normal(0, rng.uniform(0, 70), 3), 5, 250).tolist()
        ink = int(red), int(green), int(blue)
        if ground is None or abs(np.mean(ink) - np.mean(ground)) > LEAST_CONTRAST:
            return ink


def _page(rng: np.random.Generator, side: int) -> tuple[Picture, Colour]:
    """Lay out paper, mostly light, and say its colour."""
    light = int(rng.integers(190, 252))
    ground = (light, light, light) if rng.random() < 0.5 else _ink(rng)
    return np.full((side, side, 3), ground, np.uint8), ground


def _stripes(rng: np.random.Generator, side: int) -> Picture:
    """Print bars of some colours, straight or slanted, of one width or of many."""
    page, ground = _page(rng, side)
    turn, width = rng.uniform(0, np.pi), float(np.exp(rng.uniform(np.log(4), np.log(side / 4))))
    row, column = np.indices((side, side))
    along = column * np.cos(turn) + row * np.sin(turn)
    if rng.random() < 0.5:
        along = along + 0.4 * width * np.sin(along / (2.2 * width))
    inks = np.array([ground, _ink(rng, ground), _ink(rng)], np.uint8)[: rng.integers(2, 4)]
    page[:] = inks[np.floor(along / width).astype(int) % len(inks)]
    return page


def _checkers(rng: np.random.Generator, side: int) -> Picture:
    page, ground = _page(rng, side)
    row, column = np.indices((side, side)) // int(rng.integers(max(3, side // 48), side // 3))
    page[(row + column) % 2 == 1] = _ink(rng, ground)
    return page


def _tiles(rng: np.random.Generator, side: int) -> Picture:
    """Print floor tiles: joints, and a tone of its own for each."""
    page, ground = _page(rng, side)
    pitch = int(rng.integers(side // 12, side // 2))
    tones = rng.normal(0, rng.uniform(3, 40), (side // pitch + 1, side // pitch + 1))
    tones = tones.repeat(pitch, 0).repeat(pitch, 1)[:side, :side]
    tiled = np.clip(page + tones[..., None], 0, 255).astype(np.uint8)
    joint, wide = _ink(rng, ground), int(rng.integers(1, max(2, pitch // 8) + 1))
    for edge in range(0, side, pitch):
        tiled[edge : edge + wide] = joint
        tiled[:, edge : edge + wide] = joint
    return tiled


def _text(rng: np.random.Generator, side: int) -> Picture:
    """Print lines of letters, a headline and sometimes a picture and a barcode."""
    page, ground = _page(rng, side)
    if rng.random() < 0.5:
        _place(page, _photo(rng, side // 2), rng)
    ink, line = _ink(rng, ground), 0
    while line < side:
        size = side / 256 * float(rng.choice([0.35, 0.45, 0.6, 1.6], p=[0.4, 0.3, 0.2, 0.1]))
        line += int(30 * size + rng.integers(0, side // 16))
        letters = rng.integers(ord('A'), ord('z'), int(rng.integers(6, 40)))
        font, thick = FONTS[int(rng.integers(len(FONTS)))], max(1, round(2 * size))
        start = int(rng.integers(0, side // 6)), line
        word = ''.join(map(chr, letters))
        cv2.putText(page, word, start, font, size, ink, thick, cv2.LINE_AA)
    if rng.random() < 0.5:
        _place(page, _barcode(rng, side), rng)
    return page


def _barcode(rng: np.random.Generator, side: int) -> Picture:
    bars = np.repeat(rng.integers(0, 2, side // 8), rng.integers(1, 4)) * 235 + 10
    label = np.full((side // 4, len(bars) + 16, 3), 245, np.uint8)
    label[8:-8, 8:-8] = bars[:, None]
    return label[:, : side - 2]


def _place(page: Picture, part: Picture, rng: np.random.Generator) -> None:
    """Paste a picture somewhere within a page."""
    height, width = part.shape[:2]
    top, left = (int(rng.integers(len(page) - size)) for size in (height, width))
    page[top : top + height, left : left + width] = part


def _photo(rng: np.random.Generator, side: int) -> Picture:
    """Print a scene with a depth of its own: ground to a horizon, shaded balls, their shadows."""
    level = np.linspace(0, 1, side, dtype=np.float32)[:, None, None]
    sky, ground, horizon = np.array(_ink(rng)), np.array(_ink(rng)), rng.uniform(0.2, 0.6)
    scene = np.where(level < horizon, sky * (1 - 0.4 * level), ground * (0.5 + 0.5 * level))
    page = np.ascontiguousarray(np.broadcast_to(scene, (side, side, 3)), np.float32)
    row, column = np.indices((side, side), np.float32)
    for base in np.sort(rng.uniform(horizon, 1, int(rng.integers(2, 9)))):
        radius = side * float(rng.uniform(0.04, 0.3)) * (0.3 + base - horizon)
        x, y = float(rng.uniform(0, side)), float(side * base - 0.6 * radius)
        shadow = ((column - x - radius) / (1.6 * radius)) ** 2 + (
            (row - side * base) / (0.45 * radius)
        ) ** 2 < 1
        page[shadow] *= 0.35
        right, down = (column - x) / radius, (row - y) / radius
        ball = right**2 + down**2 < 1
        facing = np.sqrt(np.maximum(1 - right**2 - down**2, 0))
        shade = np.clip(0.25 + 0.75 * (0.6 * facing - 0.5 * right - 0.6 * down), 0.1, 1.2)
        page[ball] = np.array(_ink(rng)) * shade[ball][:, None]
    return np.clip(page, 0, 255).astype(np.uint8)


def _blots(rng: np.random.Generator, side: int) -> Picture:
    """Print blots, rings and patches with hard or soft rims, as stains and painted shadows are."""
    page, ground = _page(rng, side)
    for _ in range(int(rng.integers(3, 14))):
        corners = rng.uniform(0, side, 2) + rng.normal(0, side * rng.uniform(0.03, 0.2), (6, 2))
        hull = cv2.convexHull(corners.astype(np.float32)).astype(np.int32)
        ink, blotted = _ink(rng, ground), page.copy()
        if rng.random() < 0.6:
            cv2.fillPoly(blotted, [hull], ink, cv2.LINE_AA)
        else:
            cv2.polylines(blotted, [hull], True, ink, int(rng.integers(1, 8)), cv2.LINE_AA)
        soft = rng.random() < 0.3
        page = cv2.GaussianBlur(blotted, (0, 0), side / 60) if soft else blotted
    return page


def _cables(rng: np.random.Generator, side: int) -> Picture:
    """Print curved lines, shaded like cables and rods, that are none."""
    page, ground = _page(rng, side)
    turn = np.linspace(0, 1, 40)
    for _ in range(int(rng.integers(1, 7))):
        begin, end = rng.uniform(-0.1, 1.1, (2, 2)) * side
        bend = rng.normal(0, 0.2 * side, 2)
        path = begin + turn[:, None] * (end - begin) + np.sin(np.pi * turn)[:, None] * bend
        wide, ink = int(rng.integers(2, max(3, side // 18))), np.array(_ink(rng, ground))
        for share, tone in ((1.0, 0.5), (0.6, 1.0), (0.2, 1.5)):
            colour = np.clip(ink * tone, 0, 255).tolist()
            points = [np.round(path).astype(np.int32)]
            cv2.polylines(page, points, False, colour, max(1, round(share * wide)), cv2.LINE_AA)
    return page


def _poster(rng: np.random.Generator, side: int) -> Picture:
    """Print large shapes, a photograph and a word."""
    page, ground = _page(rng, side)
    for _ in range(int(rng.integers(2, 9))):
        centre, ink = rng.integers(0, side, 2).tolist(), _ink(rng, ground)
        if rng.random() < 0.5:
            for radius in np.linspace(rng.uniform(0.05, 0.4) * side, 1, int(rng.integers(1, 6))):
                cv2.circle(page, centre, int(radius), ink, -1, cv2.LINE_AA)
                ink = _ink(rng, ink)
        else:
            far = (np.array(centre) + rng.integers(side // 20, side // 2, 2)).tolist()
            cv2.rectangle(page, centre, far, ink, int(rng.choice([-1, 3, 9])))
    if rng.random() < 0.6:
        _place(page, _photo(rng, int(rng.integers(side // 4, side * 3 // 4))), rng)
    word = ''.join(map(chr, rng.integers(ord('A'), ord('Z') + 1, 5)))
    start = int(rng.integers(0, side // 3)), int(rng.integers(side // 3, side))
    cv2.putText(page, word, start, FONTS[1], side / 90, _ink(rng), side // 40, cv2.LINE_AA)
    return page


PRINTS: dict[str, Callable[[np.random.Generator, int], Picture]] = {
    'stripes': _stripes,
    'checkers': _checkers,
    'tiles': _tiles,
    'text': _text,
    'photo': _photo,
    'blots': _blots,
    'cables': _cables,
    'poster': _poster,
}
