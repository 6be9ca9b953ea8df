# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Decoys: prints and hard shadows on flat surfaces, which do not change depth.

Decoys have a generator of their own, so that a seed gives the same objects with and without them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from promptda_ros.lab.sim.materials import Material, Palette, SIDE_PX
from promptda_ros.lab.sim.support import Room, Slab, Support
from promptda_ros.lab.sim.textures import Picture
from promptda_ros.lab.sim.things.prints import make_print

SHEET_HALF_M = 0.00015  # half as thick as a card
SHADE_HALF_M = 0.002
REPRINTED = {'2d': 0.6, 'cube': 0.4}  # share of the pictures of slabs and objects
SHEET_PX = 384
SHEETS_ON_SUPPORT, POSTERS = (1, 7), (1, 5)  # at least, below
SHADELESS_SHARE = 0.25
PATTERN_HALF_M = 0.16  # of what hangs in front of the lamp


@dataclass(frozen=True)
class Decoyed:
    """A scene's parts with decoys in them."""

    palette: Palette
    support: Support
    room: Room
    key_m: NDArray[np.float64]  # (3,) where the lamp hangs that casts the shadows


def has_decoys(seed: int, share: float) -> bool:
    """Return whether a scene is one of the share of all scenes that have decoys."""
    return bool(np.random.default_rng((seed, 5)).random() < share)


def add_decoys(palette: Palette, support: Support, room: Room, seed: int) -> Decoyed:
    """Print on what there is, lay sheets, hang posters, and shade the key lamp."""
    rng = np.random.default_rng((seed, 3))
    sheets, posters = list(_sheets(support, rng)), list(_posters(room, rng))
    palette = _printed(palette, [*sheets, *posters], rng)
    turn, away = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 1.1)
    key_m = np.array([away * np.cos(turn), away * np.sin(turn), rng.uniform(1.4, 2.1)])
    shades = list(_shades(key_m, support, rng))
    # Cameras look down and stay below, so that a shade hardly ever hides what casts no shadow.
    lowest_m = min((slab.centre_m[2] - PATTERN_HALF_M for slab in shades), default=np.inf)
    return Decoyed(
        palette,
        replace(support, slabs=(*support.slabs, *sheets)),
        replace(
            room,
            ceiling_m=min(room.ceiling_m, float(lowest_m)),
            slabs=(*room.slabs, *posters, *shades),
        ),
        key_m,
    )


def _printed(palette: Palette, sheets: list[Slab], rng: np.random.Generator) -> Palette:
    """Print over some pictures, and one of its own for every sheet."""
    pictures: dict[str, Picture] = {}
    for name, picture in palette.pictures.items():
        kind = name.split('_')[0]
        reprint = rng.random() < REPRINTED[kind]
        pictures[name] = make_print(rng, SIDE_PX[kind]) if reprint else picture
    tiled = tuple(_exposed(each, palette.pictures, pictures) for each in palette.tiled)
    materials = []
    for sheet in sheets:
        name, gloss = f'2d_{sheet.part}', round(float(rng.uniform(0, 0.8)), 3)
        pictures[name] = make_print(rng, SHEET_PX)
        materials.append(Material.of_sheet(sheet.part, name, gloss))
    return replace(palette, tiled=tiled, pictures=pictures, sheets=tuple(materials))


def _exposed(
    material: Material, before: dict[str, Picture], after: dict[str, Picture]
) -> Material:
    """Tell how bright a material is with another picture."""
    gain = float(after[material.texture].mean() / before[material.texture].mean())
    return replace(material, brightness=gain * material.brightness)


def _sheets(support: Support, rng: np.random.Generator) -> Iterator[Slab]:
    """Lay cards, labels and pages on the free area, each a little higher than the one before."""
    for number in range(rng.integers(*SHEETS_ON_SUPPORT)):
        half = np.exp(rng.uniform(np.log(0.02), np.log(0.18), 2))
        half = np.minimum(half, 0.6 * support.half_m)
        spot = rng.uniform(-1, 1, 2) * np.maximum(support.half_m - 0.7 * half.max(), 0)
        turn = float(rng.uniform(0, 2 * np.pi)) if support.rim_m == 0 else 0.0
        height = (2 * number + 1) * SHEET_HALF_M
        yield Slab((*half, SHEET_HALF_M), (*spot, height), f'sheet_{number}', (turn, 0.0, 0.0))


def _posters(room: Room, rng: np.random.Generator) -> Iterator[Slab]:
    """Hang pictures on the walls."""
    for number in range(rng.integers(*POSTERS)):
        half = rng.uniform(0.15, 0.6, 2)
        side = int(rng.integers(4))
        out = np.array([(1, 0), (0, 1), (-1, 0), (0, -1)][side], float)
        along = np.array([-out[1], out[0]]) * rng.uniform(-0.6, 0.6) * room.wall_m.min()
        away = (room.wall_m * np.abs(out)).sum() - 0.001 * (1 + number)
        middle = (*(out * away + along), rng.uniform(-0.3, 1.2))
        turn = (side * np.pi / 2, np.pi / 2, 0.0)
        yield Slab((*half, SHEET_HALF_M), middle, f'poster_{number}', turn)


def _shades(
    key_m: NDArray[np.float64], support: Support, rng: np.random.Generator
) -> Iterator[Slab]:
    """Hang a frame, blinds, beams or leaves between the key lamp and the support."""
    if rng.random() < SHADELESS_SHARE:
        return
    aim = np.array([*rng.uniform(-0.6, 0.6, 2) * support.half_m, 0.0]) - key_m
    aim /= np.linalg.norm(aim)
    turn = (
        float(np.arctan2(aim[1], aim[0])),
        float(np.arcsin(-aim[2])),
        float(rng.uniform(0, np.pi)),
    )
    centre, axes = key_m + rng.uniform(0.2, 0.4) * aim, _axes(turn)
    patterns = list(PATTERNS.values())
    for along, up, half_along, half_up in patterns[int(rng.integers(len(patterns)))](rng):
        middle = centre + axes @ np.array([0.0, along, up])
        yield Slab((SHADE_HALF_M, half_along, half_up), tuple(middle), 'shade', turn)


def _axes(turn_rad: tuple[float, float, float]) -> NDArray[np.float64]:
    """Return the rotation (3, 3) of turns about z, then y, then x."""
    (a, b, c), (sa, sb, sc) = np.cos(turn_rad), np.sin(turn_rad)
    about_z = np.array([[a, -sa, 0], [sa, a, 0], [0, 0, 1]])
    about_y = np.array([[b, 0, sb], [0, 1, 0], [-sb, 0, b]])
    about_x = np.array([[1, 0, 0], [0, c, -sc], [0, sc, c]])
    return np.asarray(about_z @ about_y @ about_x)


Boxes = Iterator[tuple[float, float, float, float]]  # middle and half sides within the pattern


def _window(rng: np.random.Generator) -> Boxes:
    """Let light through an opening with bars."""
    x, y = rng.uniform(0.03, 0.08, 2)
    edge = PATTERN_HALF_M
    for side in (-1, 1):
        yield side * 0.5 * (x + edge), 0, 0.5 * (edge - x), edge
        yield 0, side * 0.5 * (y + edge), x, 0.5 * (edge - y)
    for place in np.linspace(-x, x, int(rng.integers(2, 5)))[1:-1]:
        yield place, 0, 0.003, y
    for place in np.linspace(-y, y, int(rng.integers(2, 5)))[1:-1]:
        yield 0, place, x, 0.003


def _blinds(rng: np.random.Generator) -> Boxes:
    """Let light through between slats."""
    pitch = float(rng.uniform(0.012, 0.05))
    half = 0.5 * pitch * float(rng.uniform(0.2, 0.75))
    for place in np.arange(-PATTERN_HALF_M, PATTERN_HALF_M, pitch):
        yield place, 0, half, PATTERN_HALF_M


def _beams(rng: np.random.Generator) -> Boxes:
    """Hold a few bars across, as of a gantry or a robot's arm."""
    for _ in range(int(rng.integers(1, 5))):
        place, half = rng.uniform(-0.1, 0.1), rng.uniform(0.003, 0.02)
        yield (place, 0, half, PATTERN_HALF_M) if rng.random() < 0.5 else (
            0, place, PATTERN_HALF_M, half)  # fmt: skip


def _leaves(rng: np.random.Generator) -> Boxes:
    """Scatter small pieces."""
    for _ in range(int(rng.integers(6, 40))):
        x, y = rng.normal(0, 0.06, 2)
        half_x, half_y = rng.uniform(0.003, 0.018, 2)
        yield x, y, half_x, half_y


PATTERNS: dict[str, Callable[[np.random.Generator], Boxes]] = {
    'window': _window,
    'blinds': _blinds,
    'beams': _beams,
    'leaves': _leaves,
}
