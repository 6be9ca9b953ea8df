# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A random table with objects in a room, written as a MuJoCo model from one seed."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

import cv2
import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from promptda_ros.sim.shapes import Geom, lathe, make_shape, Shape
from promptda_ros.sim.textures import make_texture

OBJECTS = (6, 16)  # fewest and most asked for; those that find no free place are left out
MATERIALS = 8
TABLE_HALF_M = (0.3, 0.7)
CAMERA_NAME = 'camera'


@dataclass(frozen=True)
class Placed:
    """One object on the table: x, y of its centre and its turn about the vertical."""

    shape: Shape
    x_m: float
    y_m: float
    yaw_rad: float


def make_scene(seed: int) -> mujoco.MjModel:
    """Build the table of this seed; its top is z = 0, its centre the origin, z points up."""
    rng = np.random.default_rng(seed)
    assets = {f'texture{i}.png': _png(make_texture(rng)) for i in range(MATERIALS)}
    materials = ''.join(_material(i, rng) for i in range(MATERIALS))
    table_half_m = rng.uniform(*TABLE_HALF_M, 2)
    objects = _place_objects(table_half_m, rng)
    meshes, bodies = _bodies(objects, rng)
    xml = f"""
    <mujoco>
      <compiler angle="radian"/>
      <statistic extent="1" center="0 0 0"/>
      <visual>
        <global offwidth="1920" offheight="1440"/>
        <map znear="0.02" zfar="12"/>
        <quality shadowsize="1024" offsamples="4"/>
        {_headlight(rng)}
      </visual>
      <asset>{materials}{meshes}</asset>
      <worldbody>
        <camera name="{CAMERA_NAME}"/>
        {_lights(rng)}{_room(table_half_m, rng)}{bodies}
      </worldbody>
    </mujoco>"""
    return mujoco.MjModel.from_xml_string(xml, assets)


def _png(picture: ArrayLike) -> bytes:
    return cv2.imencode('.png', np.asarray(picture)[:, :, ::-1])[1].tobytes()


def _numbers(values: ArrayLike) -> str:
    return ' '.join(f'{value:.6g}' for value in np.ravel(values))


def _material(index: int, rng: np.random.Generator) -> str:
    """Write one texture and its two materials: wrapped round objects, tiled over flat surfaces."""
    shine = f'specular="{rng.uniform(0, 0.8):.3f}" shininess="{rng.uniform(0, 0.9):.3f}"'
    file = quoteattr(f'texture{index}.png')
    tiles = rng.uniform(0.5, 4)
    return (
        f'<texture name="cube{index}" type="cube" file={file}/>'
        f'<texture name="flat{index}" type="2d" file={file}/>'
        f'<material name="object{index}" texture="cube{index}" {shine}/>'
        f'<material name="flat{index}" texture="flat{index}" texuniform="true" '
        f'texrepeat="{tiles:.2f} {tiles:.2f}" {shine}/>'
    )


def _headlight(rng: np.random.Generator) -> str:
    """Light the room from everywhere and, weaker, from the camera."""
    ambient, diffuse = rng.uniform(0.2, 0.5), rng.uniform(0, 0.3)
    return f'<headlight ambient="{_numbers([ambient] * 3)}" diffuse="{_numbers([diffuse] * 3)}"/>'


def _lights(rng: np.random.Generator) -> str:
    """Hang one to three lamps over the table; the first one casts shadows."""
    lamps = []
    for index in range(rng.integers(1, 4)):
        position = np.array([*rng.uniform(-1.2, 1.2, 2), rng.uniform(1.0, 2.0)])
        brightness = rng.uniform(0.4, 0.9) / (1 + index) * rng.uniform(0.85, 1.0, 3)
        lamps.append(
            f'<light pos="{_numbers(position)}" dir="{_numbers(-position)}" cutoff="80" '
            f'castshadow="{str(index == 0).lower()}" diffuse="{_numbers(brightness)}" '
            f'specular="{_numbers(brightness)}"/>'
        )
    return ''.join(lamps)


def _room(table_half_m: ArrayLike, rng: np.random.Generator) -> str:
    """Stand the table in a closed room, so that every pixel has a finite depth."""
    half_x, half_y = np.asarray(table_half_m)
    floor_m, wall_m, ceiling_m = -rng.uniform(0.4, 0.8), rng.uniform(1.0, 2.0), 2.2
    picks = rng.integers(0, MATERIALS, 3)
    slabs = [
        ('table', (half_x, half_y, 0.015), (0, 0, -0.015), picks[0]),
        ('floor', (wall_m, wall_m, 0.05), (0, 0, floor_m - 0.05), picks[1]),
        ('ceiling', (wall_m, wall_m, 0.05), (0, 0, ceiling_m + 0.05), picks[2]),
        ('left', (0.05, wall_m, 3.0), (-wall_m, 0, 0), picks[2]),
        ('right', (0.05, wall_m, 3.0), (wall_m, 0, 0), picks[2]),
        ('back', (wall_m, 0.05, 3.0), (0, wall_m, 0), picks[2]),
        ('front', (wall_m, 0.05, 3.0), (0, -wall_m, 0), picks[2]),
    ]
    return ''.join(
        f'<geom name="{name}" type="box" size="{_numbers(size)}" pos="{_numbers(position)}" '
        f'material="flat{pick}"/>'
        for name, size, position, pick in slabs
    )


def _place_objects(table_half_m: ArrayLike, rng: np.random.Generator) -> list[Placed]:
    """Drop objects at free places near the middle of the table, none through another."""
    placed: list[Placed] = []
    for _ in range(int(rng.integers(*OBJECTS))):
        shape = make_shape(rng)
        reach = np.minimum(np.asarray(table_half_m) - 0.5 * shape.radius_m, 0.32)
        for _ in range(20):
            x, y = rng.uniform(-reach, reach)
            if all(
                np.hypot(x - o.x_m, y - o.y_m) > shape.radius_m + o.shape.radius_m for o in placed
            ):
                placed.append(Placed(shape, float(x), float(y), float(rng.uniform(0, 2 * np.pi))))
                break
    return placed


def _bodies(objects: list[Placed], rng: np.random.Generator) -> tuple[str, str]:
    """Write the meshes and the bodies of all objects."""
    meshes, bodies = [], []
    material = ''
    for number, item in enumerate(objects):
        geoms = []
        for part, geom in enumerate(item.shape.geoms):
            name = f'mesh{number}_{part}'
            if part < 2:  # longer chains are of one piece
                material = f'object{rng.integers(MATERIALS)}'
            if geom.profile_m is not None:
                meshes.append(_mesh(name, geom.profile_m))
            geoms.append(_geom(geom, name, material))
        pose = f'pos="{_numbers([item.x_m, item.y_m, 0])}" euler="0 0 {item.yaw_rad:.4f}"'
        bodies.append(f'<body {pose}>{"".join(geoms)}</body>')
    return ''.join(meshes), ''.join(bodies)


def _mesh(name: str, profile_m: NDArray[np.float64]) -> str:
    vertices, triangles = lathe(profile_m)
    corners = ' '.join(map(str, triangles.ravel()))
    return f'<mesh name="{name}" inertia="shell" vertex="{_numbers(vertices)}" face="{corners}"/>'


def _geom(geom: Geom, mesh: str, material: str) -> str:
    if geom.kind == 'mesh':
        return f'<geom type="mesh" mesh="{mesh}" material="{material}"/>'
    size = f'size="{_numbers(geom.size_m)}"'
    place = (
        f'fromto="{_numbers(geom.fromto_m)}"'
        if geom.fromto_m
        else f'pos="{_numbers(geom.position_m)}"'
    )
    return f'<geom type="{geom.kind}" {size} {place} material="{material}"/>'
