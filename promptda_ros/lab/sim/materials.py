# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What surfaces are made of: a picture, a tint, how glossy they are and whether they are clear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from promptda_ros.lab.sim.textures import make_texture, Picture

PICTURES = {'cube': 6, '2d': 4}  # how many are painted to wrap round objects and to tile slabs
MATERIALS = {'cube': 24, '2d': 8}  # how many are mixed from them
SIDE_PX = {'cube': 256, '2d': 512}
PLAIN_SHARE = 0.25  # of the materials for objects
MIRROR_SHARE = 0.3  # of the glossy slabs show a reflection
GLOSS = {  # the range of each kind of surface, 0 matt to 1 mirror
    'metal': (0.6, 0.9),
    'chrome': (0.9, 1.0),
    'cloth': (0.0, 0.05),
    'cardboard': (0.0, 0.15),
    'wood': (0.0, 0.6),
    'print': (0.0, 0.7),
    'marble': (0.2, 0.8),
}
ANY_GLOSS = (0.0, 0.85)


@dataclass(frozen=True)
class Material:
    """One surface; its gloss is what the pixels of a view report."""

    name: str
    gloss: float
    xml: str
    brightness: float = 0.5  # share of the light that comes back, on average
    clear: bool = False
    texture: str = ''  # the name of its picture, if it has one

    @classmethod
    def of_sheet(cls, name: str, texture: str, gloss: float) -> Material:
        """Show one whole picture on one slab."""
        look = f'texture="{texture}" {_shine(gloss)}'
        return cls(name, gloss, f'<material name="{name}" {look}/>')


@dataclass(frozen=True)
class Palette:
    """All materials of a scene and the pictures that they wear."""

    wrapped: tuple[Material, ...]  # for objects
    tiled: tuple[Material, ...]  # for tables, floors and walls
    glass: tuple[Material, ...]
    pictures: dict[str, Picture]
    sheets: tuple[Material, ...] = ()  # each for one slab, over the whole of it

    @property
    def materials(self) -> tuple[Material, ...]:
        """Return all of them."""
        return (*self.wrapped, *self.tiled, *self.glass, *self.sheets)

    @property
    def xml(self) -> str:
        """Write MuJoCo's textures, empty as yet, and materials."""
        textures = [
            f'<texture name="{name}" type="{name.split("_")[0]}" builtin="flat" '
            f'width="{len(picture)}" height="{len(picture)}"/>'
            for name, picture in self.pictures.items()
        ]
        return ''.join([*textures, *(material.xml for material in self.materials)])


def make_palette(rng: np.random.Generator, families: Sequence[str]) -> Palette:
    """Paint a scene's pictures and mix more materials from them by tint and gloss."""
    pictures: dict[str, Picture] = {}
    mixed: dict[str, tuple[Material, ...]] = {}
    for kind in ('cube', '2d'):
        fitting = [name for name in families if kind == 'cube' or name != 'chrome']
        chosen = rng.choice(len(fitting), PICTURES[kind], replace=False)
        worn = {f'{kind}_{index}': fitting[pick] for index, pick in enumerate(chosen)}
        painted = {name: make_texture(rng, worn[name], SIDE_PX[kind]) for name in worn}
        bright = {name: float(picture.mean()) / 255 for name, picture in painted.items()}
        mixed[kind] = tuple(
            _mix(kind, number, worn, bright, rng) for number in range(MATERIALS[kind])
        )
        pictures |= painted
    glass = tuple(_glass(number, rng) for number in range(2))
    return Palette(mixed['cube'], mixed['2d'], glass, pictures)


def _mix(
    kind: str,
    number: int,
    worn: dict[str, str],
    bright: dict[str, float],
    rng: np.random.Generator,
) -> Material:
    """Mix a material from a picture, or from a colour alone."""
    name = f'{kind}_material_{number}'
    texture = list(worn)[number % len(worn)]
    gloss = round(float(rng.uniform(*GLOSS.get(worn[texture], ANY_GLOSS))), 3)
    tint = 1 - rng.uniform(0, 0.6) * rng.random(3) ** 1.5
    look = f'texture="{texture}" rgba="{_numbers(tint)} 1" {_shine(gloss)}'
    if kind == 'cube' and rng.random() < PLAIN_SHARE:
        gloss = round(float(rng.uniform(*ANY_GLOSS)), 3)
        look = f'rgba="{_numbers(_vivid(rng))} 1" {_shine(gloss)}'
    if kind == '2d':
        tiles = rng.uniform(0.7, 3)
        look += f' texuniform="true" texrepeat="{tiles:.2f} {tiles:.2f}"'
        if gloss > 0.5 and rng.random() < MIRROR_SHARE:
            look += f' reflectance="{0.4 * gloss:.3f}"'
    brightness = bright[texture] * float(tint.mean())
    xml = f'<material name="{name}" {look}/>'
    return Material(name, gloss, xml, brightness, texture=texture)


def _vivid(rng: np.random.Generator) -> NDArray[np.float64]:
    """Choose a colour from white over pastel to strong."""
    return rng.uniform(0.25, 1) * (1 - rng.uniform(0, 0.9) * rng.random(3))


def _glass(number: int, rng: np.random.Generator) -> Material:
    name, gloss = f'glass_{number}', round(float(rng.uniform(0.8, 1)), 3)
    tint, alpha = rng.uniform(0.6, 1, 3), rng.uniform(0.12, 0.35)
    look = f'rgba="{_numbers(tint)} {alpha:.3f}" {_shine(gloss)}'
    return Material(name, gloss, f'<material name="{name}" {look}/>', clear=True)


def _shine(gloss: float) -> str:
    """Say gloss in MuJoCo's terms: how bright and how sharp highlights are."""
    return f'specular="{gloss**1.5:.3f}" shininess="{0.02 + 0.95 * gloss:.3f}"'


def _numbers(values: NDArray[np.float64]) -> str:
    return ' '.join(f'{value:.3f}' for value in values)


def paint(model: mujoco.MjModel, pictures: dict[str, Picture]) -> None:
    """Copy pictures into the model, which is much faster than files that are packed and unpacked.

    All six sides of a cube show the same picture.
    """
    for name, picture in pictures.items():
        texture = model.texture(name)
        begin = int(texture.adr[0])
        sides = int(texture.height[0]) // len(picture)
        model.tex_data[begin : begin + sides * picture.size] = np.tile(picture.ravel(), sides)
