# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A random table or bin with objects in a room: built from one seed and settled by physics.

The numbers come from NumPy's generator and are rounded where they are written into the model, so
that a seed gives the same model everywhere. MuJoCo lets it fall on the CPU in one thread, which
repeats exactly with the same MuJoCo binary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import hashlib

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from promptda_ros.lab.sim import textures
from promptda_ros.lab.sim.decoys import add_decoys
from promptda_ros.lab.sim.lighting import HARD_SHARES, make_lights
from promptda_ros.lab.sim.materials import make_palette, Material, paint, Palette
from promptda_ros.lab.sim.settling import Item, place_items, settle
from promptda_ros.lab.sim.support import make_room, make_support, Room, Slab, Support
from promptda_ros.lab.sim.textures import Picture
from promptda_ros.lab.sim.things.geoms import Geom
from promptda_ros.lab.sim.things.shapes import make_shape, TRAINING_FAMILIES
from promptda_ros.lab.sim.view import FIRST_OBJECT, ROOM, SUPPORT

HELD_OUT_SEED = 1_000_000  # scenes from here on are never trained on
OBJECTS_ON_TABLE, OBJECTS_IN_BIN = (5, 25), (12, 40)
CAMERA_NAME = 'camera'
SOLID_GROUP, CLEAR_GROUP, HIDDEN_GROUP = 0, 1, 3  # MuJoCo draws groups 0 to 2
CLEAR_SHARE = 0.35  # of the objects that may be of glass
DENSITY_KG_PER_M3 = 500
SHADOW_PX = {False: 1024, True: 2048}  # with decoys their edges are looked at


@dataclass(frozen=True)
class Blueprint:
    """Everything that a seed decides before anything falls."""

    xml: str
    pictures: dict[str, Picture]
    items: tuple[Item, ...]
    materials: dict[str, Material]
    support: Support
    room: Room

    def digest(self) -> str:
        """Return a fingerprint of the model and its pictures."""
        pictures = [picture.tobytes() for picture in self.pictures.values()]
        return hashlib.sha256(b''.join([self.xml.encode(), *pictures])).hexdigest()


@dataclass(frozen=True)
class Scene:
    """A compiled scene at rest, which cameras look at from anywhere."""

    model: mujoco.MjModel
    data: mujoco.MjData
    instance_of_geom: NDArray[np.int32]  # (geoms,)
    gloss_of_geom: NDArray[np.float32]  # (geoms,)
    has_clear: bool
    families: dict[int, str]  # of every object that stayed, by its instance id
    support: Support
    room: Room


def make_scene(
    seed: int, families: Sequence[str] = TRAINING_FAMILIES, *, decoys: bool = False
) -> Scene:
    """Build, compile and settle the scene of this seed; the surface is z = 0, z points up."""
    plan = plan_scene(seed, families, decoys=decoys)
    model = mujoco.MjModel.from_xml_string(plan.xml)
    paint(model, plan.pictures)
    data, lost = settle(model, plan.items, plan.support)
    return _scene(model, data, plan, lost)


def plan_scene(
    seed: int, families: Sequence[str] = TRAINING_FAMILIES, *, decoys: bool = False
) -> Blueprint:
    """Draw everything of this seed and write it as a MuJoCo model."""
    rng = np.random.default_rng(seed)
    pictures = textures.TRAINING_FAMILIES
    if seed >= HELD_OUT_SEED:
        pictures = (*pictures, *textures.HELD_OUT_FAMILIES)
    palette = make_palette(rng, pictures)
    support, room = make_support(rng), make_room(rng)
    fewest_most = OBJECTS_IN_BIN if support.rim_m else OBJECTS_ON_TABLE
    count = round(float(np.exp(rng.uniform(*np.log(fewest_most)))))
    shapes = [make_shape(rng, families) for _ in range(count)]
    items = tuple(place_items(shapes, support, rng))
    if decoys:
        decoyed = add_decoys(palette, support, room, seed)
        palette, support, room = decoyed.palette, decoyed.support, decoyed.room
    fixed, brightness = _slabs((*support.slabs, *room.slabs), palette, rng)
    headlight, lamps = make_lights(rng, brightness)
    if decoys:  # drawn twice: what follows is as without decoys
        headlight, lamps = make_lights(
            np.random.default_rng((seed, 4)), brightness, shares=HARD_SHARES, key_m=decoyed.key_m
        )
    meshes, bodies = _bodies(items, palette, rng)
    xml = f"""
    <mujoco>
      <compiler angle="radian" eulerseq="zyx" boundmass="0.001" boundinertia="1e-6"/>
      <option timestep="0.004" integrator="implicitfast" iterations="12" ls_iterations="8"
        cone="pyramidal"><flag multiccd="disable"/></option>
      <size memory="64M"/>
      <statistic extent="1" center="0 0 0"/>
      <visual>
        <map znear="0.02" zfar="12" shadowscale="0.4"/>
        <quality shadowsize="{SHADOW_PX[decoys]}" offsamples="4" numslices="24" numstacks="14"
          numquads="8"/>
        {headlight}
      </visual>
      <default>
        <geom friction="0.6 0.005 0.0005" solref="0.012 1" density="{DENSITY_KG_PER_M3}"/>
        <mesh inertia="shell"/>
      </default>
      <asset>{palette.xml}{meshes}</asset>
      <worldbody><camera name="{CAMERA_NAME}"/>{lamps}{fixed}{bodies}</worldbody>
    </mujoco>"""
    materials = {material.name: material for material in palette.materials}
    return Blueprint(xml, palette.pictures, items, materials, support, room)


def _slabs(slabs: Sequence[Slab], palette: Palette, rng: np.random.Generator) -> tuple[str, float]:
    """Write what does not move, one material for each kind of part; tell how bright it is."""
    wear = {
        part: palette.tiled[rng.integers(len(palette.tiled))]
        for part in ('table', 'support', 'floor', 'wall', 'ceiling', 'furniture', 'funnel')
    }
    wear |= {sheet.name: sheet for sheet in palette.sheets} | {'shade': wear['furniture']}
    lines: list[str] = []
    for slab in slabs:
        felt = int(slab.part in ('table', 'support', 'funnel'))
        group = HIDDEN_GROUP if slab.part == 'funnel' else SOLID_GROUP
        turn = ' '.join(f'{angle:.4f}' for angle in slab.turn_rad)
        lines.append(
            f'<geom name="{slab.part}_{len(lines)}" type="box" size="{_numbers(slab.half_m)}" '
            f'pos="{_numbers(slab.centre_m)}" euler="{turn}" '
            f'contype="{felt}" conaffinity="{felt}" group="{group}" '
            f'material="{wear[slab.part].name}"/>'
        )
    brightness = np.mean([wear[slab.part].brightness for slab in slabs if slab.is_support])
    return ''.join(lines), float(brightness)


def _bodies(items: Sequence[Item], palette: Palette, rng: np.random.Generator) -> tuple[str, str]:
    """Write the meshes and the bodies of all objects."""
    meshes, bodies = [], []
    for number, item in enumerate(items):
        pick = rng.integers(len(palette.wrapped), size=2)
        wear = [palette.wrapped[i] for i in pick]
        if item.shape.may_be_clear and rng.random() < CLEAR_SHARE:
            wear[0] = palette.glass[rng.integers(len(palette.glass))]
        geoms = []
        for part, geom in enumerate(item.shape.geoms):
            name = f'mesh_{number}_{part}'
            if geom.mesh is not None:
                meshes.append(_mesh(name, geom))
            geoms.append(_geom(geom, name, wear[geom.paint]))
        bodies.append(
            f'<body name="object_{number}" pos="{_numbers(item.position_m)}" '
            f'quat="{_numbers(item.quaternion)}"><joint type="free" damping="0.0006"/>'
            f'{"".join(geoms)}</body>'
        )
    return ''.join(meshes), ''.join(bodies)


def _mesh(name: str, geom: Geom) -> str:
    assert geom.mesh is not None
    micrometres = np.round(geom.mesh.vertices_m * 1e6).astype(int)
    vertices = ' '.join(map(str, micrometres.ravel().tolist()))
    corners = ' '.join(map(str, geom.mesh.triangles.ravel().tolist()))
    return f'<mesh name="{name}" scale="1e-6 1e-6 1e-6" vertex="{vertices}" face="{corners}"/>'


def _geom(geom: Geom, mesh: str, material: Material) -> str:
    group = HIDDEN_GROUP if not geom.seen else CLEAR_GROUP if material.clear else SOLID_GROUP
    text = f'<geom type="{geom.kind}" group="{group}" material="{material.name}"'
    if geom.kind == 'mesh':
        text += f' mesh="{mesh}"'
    else:
        text += f' size="{_numbers(geom.size_m)}"'
    if geom.fromto_m:
        text += f' fromto="{_numbers(geom.fromto_m)}"'
    else:
        text += f' pos="{_numbers(geom.position_m)}" euler="{_numbers(geom.turn_rad)}"'
    if not geom.felt:
        text += ' contype="0" conaffinity="0" mass="0"'
    elif geom.kind == 'mesh':
        text += f' mass="{_mesh_mass_kg(geom):.4f}"'
    return text + '/>'


def _mesh_mass_kg(geom: Geom) -> float:
    """Guess a mass: MuJoCo would weigh the skin of a mesh."""
    volume_m3 = 0.5 * float(np.ptp(geom.bounds_m(), axis=0).prod())
    return max(0.002, DENSITY_KG_PER_M3 * volume_m3)


def _numbers(values: ArrayLike) -> str:
    return ' '.join(f'{value:.6f}' for value in np.ravel(values))


def _scene(
    model: mujoco.MjModel, data: mujoco.MjData, plan: Blueprint, lost: Sequence[int]
) -> Scene:
    """Tell geoms apart and hide the objects that were lost."""
    instance = np.full(model.ngeom, ROOM, np.int32)
    instance[: len(plan.support.slabs)] = SUPPORT
    owner = model.geom_bodyid
    instance[owner > 0] = owner[owner > 0] - 1 + FIRST_OBJECT
    model.geom_group[np.isin(owner - 1, lost) & (owner > 0)] = HIDDEN_GROUP
    gloss = [
        0.0 if index < 0 else plan.materials[model.material(index).name].gloss
        for index in model.geom_matid
    ]
    stayed = {
        number + FIRST_OBJECT: item.shape.family
        for number, item in enumerate(plan.items)
        if number not in lost
    }
    return Scene(
        model=model,
        data=data,
        instance_of_geom=instance,
        gloss_of_geom=np.array(gloss, np.float32),
        has_clear=bool((model.geom_group == CLEAR_GROUP).any()),
        families=stayed,
        support=plan.support,
        room=plan.room,
    )
