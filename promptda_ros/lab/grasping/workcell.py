# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A settled scene with the gripper in it, as a model of what is felt and nothing that is seen.

The objects near the grasp move; all others are part of the world, which saves most of the time.
"""

from __future__ import annotations

from collections.abc import Collection

import mujoco
import numpy as np

from promptda_ros.lab.grasping.grasp import Floats, Gripper
from promptda_ros.lab.grasping.hand import ACTUATORS, APART, COUPLING, hand_xml, numbers
from promptda_ros.lab.sim.scene import Scene
from promptda_ros.lab.sim.view import FIRST_OBJECT

NEAR_M = 0.08  # from the point between the finger tips
TIMESTEP_SEC = 0.002
# Without steps against slip, what is pinched creeps out of the fingers; without several contacts
# between two bodies (multiccd) a pen spins between them; stiffer friction (impratio) shakes piles.
SOLVER = (
    'integrator="implicitfast" cone="elliptic" '
    'iterations="20" ls_iterations="10" noslip_iterations="5"'
)


def compile_workcell(
    scene: Scene, gripper: Gripper, world_from_hand: Floats, moving: Collection[int]
) -> mujoco.MjModel:
    """Compile the scene at rest with a hand; the scene's bodies and geoms are named by number."""
    fixed = [0, *(body for body in _stayed(scene) if body not in moving)]
    hulls = ''.join(_hull(scene.model, geom) for geom in _felt(scene, [*fixed, *moving]))
    parts = ''.join(_part(scene, geom, in_world=True) for geom in _felt(scene, fixed))
    bodies = ''.join(_body(scene, body) for body in moving)
    return mujoco.MjModel.from_xml_string(f"""
    <mujoco>
      <compiler angle="radian"/>
      <option timestep="{TIMESTEP_SEC}" {SOLVER}><flag multiccd="enable"/></option>
      <size memory="64M"/>
      <default><mesh inertia="shell"/></default>
      <asset>{hulls}</asset>
      <worldbody>{parts}{bodies}{hand_xml(gripper, world_from_hand)}</worldbody>
      <contact>{APART}</contact>
      <equality>{COUPLING}</equality>
      <actuator>{ACTUATORS}</actuator>
    </mujoco>""")


def bodies_near(scene: Scene, place_m: Floats) -> list[int]:
    """Return the objects near a place and those that touch them."""
    model, data, stayed = scene.model, scene.data, _stayed(scene)
    gap_m = np.linalg.norm(data.geom_xpos - place_m, axis=1) - model.geom_rbound
    close = set(model.geom_bodyid[gap_m < NEAR_M].tolist())
    touching = model.geom_bodyid[data.contact.geom[: data.ncon]]
    next_to = {body for pair in touching.tolist() if close & set(pair) - {0} for body in pair}
    return [body for body in stayed if body in close | next_to]


def _stayed(scene: Scene) -> list[int]:
    return sorted(instance - FIRST_OBJECT + 1 for instance in scene.families)


def _felt(scene: Scene, bodies: Collection[int]) -> list[int]:
    """Return the geoms of these bodies that others collide with."""
    model = scene.model
    felt = (model.geom_contype > 0) & np.isin(model.geom_bodyid, list(bodies))
    return [int(geom) for geom in np.flatnonzero(felt)]


def _body(scene: Scene, body: int) -> str:
    model, data = scene.model, scene.data
    damping = model.dof_damping[model.body_dofadr[body]]
    parts = ''.join(_part(scene, geom, in_world=False) for geom in _felt(scene, [body]))
    return (
        f'<body name="{body}" pos="{numbers(data.xpos[body])}" '
        f'quat="{numbers(data.xquat[body])}"><joint type="free" damping="{damping}"/>'
        f'<inertial pos="{numbers(model.body_ipos[body])}" '
        f'quat="{numbers(model.body_iquat[body])}" mass="{model.body_mass[body]}" '
        f'diaginertia="{numbers(model.body_inertia[body])}"/>{parts}</body>'
    )


def _part(scene: Scene, geom: int, *, in_world: bool) -> str:
    model, data = scene.model, scene.data
    place, turn = model.geom_pos[geom], model.geom_quat[geom]
    if in_world:
        place, turn = data.geom_xpos[geom], np.empty(4)
        mujoco.mju_mat2Quat(turn, data.geom_xmat[geom])
    kind = _kind(model, geom)
    form = f'mesh="{geom}"' if kind == 'mesh' else f'size="{numbers(model.geom_size[geom])}"'
    return (
        f'<geom name="{geom}" type="{kind}" {form} pos="{numbers(place)}" '
        f'quat="{numbers(turn)}" friction="{numbers(model.geom_friction[geom])}" '
        f'solref="{numbers(model.geom_solref[geom])}" '
        f'contype="{model.geom_contype[geom]}" conaffinity="{model.geom_conaffinity[geom]}"/>'
    )


def _hull(model: mujoco.MjModel, geom: int) -> str:
    """Write the corners of a mesh's convex hull, which is all that others feel of it."""
    if _kind(model, geom) != 'mesh':
        return ''
    mesh = model.geom_dataid[geom]
    corners, begin = model.mesh_graph[model.mesh_graphadr[mesh] :], model.mesh_vertadr[mesh]
    picked = corners[2 + corners[0] : 2 + 2 * corners[0]]  # after both counts and the edge list
    return f'<mesh name="{geom}" vertex="{numbers(model.mesh_vert[begin + picked])}"/>'


def _kind(model: mujoco.MjModel, geom: int) -> str:
    name: str = mujoco.mjtGeom(int(model.geom_type[geom])).name
    return name.removeprefix('mjGEOM_').lower()
