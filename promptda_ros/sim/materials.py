# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What surfaces are made of: a picture, a tint, how glossy they are and whether they are clear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from promptda_ros.sim.textures import make_texture, Picture

WRAPPED, TILED = 6, 4  # pictures for objects and for flat surfaces
OBJECT_MATERIALS, FLAT_MATERIALS = 18, 6
SIDE_PX = {'cube': 256, '2d': 512}
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
    clear: bool = False


@dataclass(frozen=True)
class Palette:
    """All materials of a scene with their MuJoCo assets."""

    wrapped: tuple[Material, ...]  # for objects
    tiled: tuple[Material, ...]  # for tables, floors and walls
    glass: tuple[Material, ...]
    xml: str
    pictures: dict[str, Picture]


def make_palette(rng: np.random.Generator, families: Sequence[str]) -> Palette:
    """Paint a scene's pictures and mix more materials from them by tint and gloss."""
    pictures: dict[str, Picture] = {}
    xml: list[str] = []
    kinds = {
        'cube': _kinds(rng, families, WRAPPED),
        '2d': _kinds(rng, [name for name in families if name != 'chrome'], TILED),
    }
    for kind, chosen in kinds.items():
        for index, family in enumerate(chosen):
            name = f'{kind}_{index}'
            pictures[name] = make_texture(rng, family, SIDE_PX[kind])
            size = f'width="{SIDE_PX[kind]}" height="{SIDE_PX[kind]}"'
            xml.append(f'<texture name="{name}" type="{kind}" builtin="flat" {size}/>')
    materials: dict[str, list[Material]] = {'cube': [], '2d': []}
    for kind, count in (('cube', OBJECT_MATERIALS), ('2d', FLAT_MATERIALS)):
        for index in range(count):
            picture = index % len(kinds[kind])
            gloss = rng.uniform(*GLOSS.get(kinds[kind][picture], ANY_GLOSS))
            material = Material(f'{kind}_material_{index}', round(float(gloss), 3))
            materials[kind].append(material)
            xml.append(_material(material, f'{kind}_{picture}', kind, rng))
    glass = [Material(f'glass_{i}', round(float(rng.uniform(0.8, 1)), 3), True) for i in range(2)]
    xml += [_glass(material, rng) for material in glass]
    return Palette(
        tuple(materials['cube']), tuple(materials['2d']), tuple(glass), ''.join(xml), pictures
    )


def _kinds(rng: np.random.Generator, families: Sequence[str], count: int) -> list[str]:
    return [families[i] for i in rng.choice(len(families), count, replace=False)]


def _material(material: Material, texture: str, kind: str, rng: np.random.Generator) -> str:
    # A strong tint makes one picture into many; the first use of each is left as it is painted.
    tint = np.clip(1 - abs(rng.normal(0, 0.25)) * rng.random(3), 0.2, 1)
    tiles = rng.uniform(0.7, 3)
    mapping = f' texuniform="true" texrepeat="{tiles:.2f} {tiles:.2f}"' if kind == '2d' else ''
    return (
        f'<material name="{material.name}" texture="{texture}" rgba="{_numbers(tint)} 1" '
        f'{shine(material.gloss)}{mapping}/>'
    )


def _glass(material: Material, rng: np.random.Generator) -> str:
    tint, alpha = rng.uniform(0.5, 1, 3), rng.uniform(0.15, 0.4)
    return (
        f'<material name="{material.name}" rgba="{_numbers(tint)} {alpha:.3f}" '
        f'{shine(material.gloss)}/>'
    )


def shine(gloss: float) -> str:
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
