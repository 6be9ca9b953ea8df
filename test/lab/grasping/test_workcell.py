# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The model in which a grasp is tried has every object exactly where the rendered scene has it."""

from __future__ import annotations

from functools import cache
import os

import numpy as np
import pytest

os.environ.setdefault('MUJOCO_GL', 'egl')
mujoco = pytest.importorskip('mujoco', reason='the simulator is an optional extra: mujoco')

from promptda_ros.lab.grasping.grasp import Floats, Gripper  # noqa: E402
from promptda_ros.lab.grasping.workcell import bodies_near, compile_workcell  # noqa: E402
from promptda_ros.lab.sim.scene import HELD_OUT_SEED, make_scene, Scene  # noqa: E402
from promptda_ros.lab.sim.things.shapes import FAMILIES  # noqa: E402

FAR_ABOVE = np.array([[1, 0, 0, 0], [0, -1, 0, 0], [0, 0, -1, 1.5], [0, 0, 0, 1.0]])
SEEDS = (HELD_OUT_SEED + 1, HELD_OUT_SEED + 2)  # a full bin, and meshes on a table


@cache
def scene_of(seed: int) -> Scene:
    return make_scene(seed, tuple(FAMILIES))


def moving_in(scene: Scene) -> list[int]:
    """Choose about half of the objects."""
    return [instance - 1 for instance in scene.families][::2]


def corners_of(model: mujoco.MjModel, data: mujoco.MjData, geom: int) -> Floats:
    """Return the lowest and highest x, y, z (2, 3) of a mesh."""
    mesh = model.geom_dataid[geom]
    begin, count = model.mesh_vertadr[mesh], model.mesh_vertnum[mesh]
    vertices_m = model.mesh_vert[begin : begin + count]
    world_m = vertices_m @ data.geom_xmat[geom].reshape(3, 3).T + data.geom_xpos[geom]
    return np.stack([world_m.min(axis=0), world_m.max(axis=0)])


@pytest.mark.parametrize('seed', SEEDS)
def test_every_felt_part_is_where_it_was(seed: int) -> None:
    scene = scene_of(seed)
    model = compile_workcell(scene, Gripper(), FAR_ABOVE, moving_in(scene))
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    stayed = {0, *(instance - 1 for instance in scene.families)}
    felt = {
        geom
        for geom in range(scene.model.ngeom)
        if scene.model.geom_contype[geom] and int(scene.model.geom_bodyid[geom]) in stayed
    }
    numbers = {
        int(model.geom(geom).name): geom
        for geom in range(model.ngeom)
        if model.geom(geom).name.isdigit()
    }
    assert set(numbers) == felt
    for number, geom in numbers.items():
        if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_MESH:
            same = corners_of(scene.model, scene.data, number)
            np.testing.assert_allclose(corners_of(model, data, geom), same, atol=1e-6)
        else:
            np.testing.assert_allclose(
                data.geom_xpos[geom], scene.data.geom_xpos[number], atol=1e-9
            )
            np.testing.assert_allclose(
                data.geom_xmat[geom], scene.data.geom_xmat[number], atol=1e-7
            )


def test_objects_weigh_what_they_weigh_in_the_scene() -> None:
    scene = scene_of(SEEDS[0])
    moving = moving_in(scene)
    model = compile_workcell(scene, Gripper(), FAR_ABOVE, moving)
    masses = [model.body(str(body)).mass[0] for body in moving]
    np.testing.assert_allclose(masses, scene.model.body_mass[moving], rtol=1e-12)
    assert model.nv == 6 * len(moving) + 5


def test_pile_stays_at_rest_while_the_hand_is_far() -> None:
    scene = scene_of(SEEDS[0])
    moving = moving_in(scene)
    model = compile_workcell(scene, Gripper(), FAR_ABOVE, moving)
    data = mujoco.MjData(model)
    mujoco.mj_step(model, data, 100)
    ways_m = [np.linalg.norm(data.body(str(b)).xpos - scene.data.xpos[b]) for b in moving]
    assert np.median(ways_m) < 0.001
    assert max(ways_m) < 0.006


def test_objects_near_the_grasp_and_what_touches_them_can_move() -> None:
    scene = scene_of(SEEDS[0])
    body = next(iter(scene.families)) - 1
    near = bodies_near(scene, scene.data.xpos[body])
    touching = {
        int(other)
        for pair in scene.model.geom_bodyid[scene.data.contact.geom[: scene.data.ncon]]
        for other in pair
        if body in pair and int(other) + 1 in scene.families
    }
    assert {body} | touching <= set(near)
    assert bodies_near(scene, np.array([5.0, 5.0, 5.0])) == []
