# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A seed stands for one scene at rest, and every pixel of it has a depth and an owner."""

from __future__ import annotations

from functools import cache
import os
from pathlib import Path
import subprocess
import sys

import numpy as np
import pytest

os.environ.setdefault('MUJOCO_GL', 'egl')
pytest.importorskip('mujoco', reason='the simulator is an optional extra: mujoco')

from promptda_ros.lab.sim.camera import PinholeCamera, TableCamera
from promptda_ros.lab.sim.motion import random_pose
from promptda_ros.lab.sim.scene import HELD_OUT_SEED, make_scene, plan_scene, Scene
from promptda_ros.lab.sim.things.shapes import FAMILIES, HELD_OUT_FAMILIES, TRAINING_FAMILIES
from promptda_ros.lab.sim.view import FIRST_OBJECT, RenderedView, ROOM, SUPPORT
from test.off_screen import table_camera

DIGEST = 'from promptda_ros.lab.sim.scene import plan_scene; print(plan_scene(7).digest())'


@cache
def scene_of(seed: int) -> Scene:
    return make_scene(seed)


def watch(scene: Scene) -> TableCamera:
    return table_camera(scene, PinholeCamera(160, 120))


def see(scene: Scene, pose_seed: int = 0) -> RenderedView:
    camera = watch(scene)
    view = camera.look(random_pose(np.random.default_rng(pose_seed), scene))
    camera.close()
    return view


def test_same_seed_gives_the_same_model_in_this_and_in_another_process() -> None:
    other = subprocess.run(
        [sys.executable, '-c', DIGEST],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert plan_scene(7).digest() == plan_scene(7).digest() == other.stdout.strip()


def test_same_seed_falls_to_the_same_rest() -> None:
    first, second = make_scene(12), make_scene(12)
    np.testing.assert_array_equal(first.data.qpos, second.data.qpos)
    assert first.families == second.families


def test_same_seed_gives_the_same_picture_and_depth() -> None:
    first, second = see(make_scene(11)), see(make_scene(11))
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.depth_m, second.depth_m)
    np.testing.assert_array_equal(first.instance_ids, second.instance_ids)


def test_picture_depends_on_the_pose_alone_not_on_what_was_seen_before() -> None:
    """Shadows once came from the picture before."""
    scene, rng = scene_of(5), np.random.default_rng(0)
    camera, pose = watch(scene), random_pose(rng, scene)
    first = camera.look(pose)
    camera.look(random_pose(rng, scene))
    again = camera.look(pose)
    camera.close()
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.depth_m, again.depth_m)


def test_another_seed_gives_another_scene() -> None:
    assert np.abs(see(scene_of(5)).depth_m - see(scene_of(6)).depth_m).mean() > 0.01


@pytest.mark.parametrize('seed', range(4))
def test_room_is_closed_so_that_every_pixel_has_a_depth(seed: int) -> None:
    view = see(scene_of(seed))
    assert view.depth_m.min() > 0.02
    assert view.depth_m.max() < 11.0
    assert (view.behind_m >= view.depth_m).all()


@pytest.mark.parametrize('seed', range(6))
def test_objects_lie_still_on_the_support(seed: int) -> None:
    scene = scene_of(seed)
    bodies = [instance - 2 for instance in scene.families]
    places = scene.data.qpos.reshape(-1, 7)[bodies, :3]
    speeds = np.linalg.norm(scene.data.qvel.reshape(-1, 6)[bodies, :3], axis=1)
    assert len(bodies) >= 4
    assert (places[:, 2] > -0.02).all()
    assert (np.abs(places[:, :2]) < scene.support.half_m + 0.15).all()
    assert np.median(speeds) < 0.05


@pytest.mark.parametrize('seed', range(6))
def test_no_object_is_stuck_in_another(seed: int) -> None:
    scene = scene_of(seed)
    stayed = {instance - 1 for instance in scene.families} | {0}
    contacts = scene.data.contact[: scene.data.ncon]
    owners = [scene.model.geom_bodyid[contact.geom] for contact in contacts]
    depths = [
        contact.dist
        for contact, owner in zip(contacts, owners, strict=True)
        if stayed.issuperset(owner.tolist())
    ]
    assert min(depths, default=0) > -0.006


def test_pixels_of_an_object_lie_at_the_object() -> None:
    scene = scene_of(1)
    camera, pose = watch(scene), random_pose(np.random.default_rng(3), scene)
    view = camera.look(pose)
    camera.close()
    column, row = np.meshgrid(np.arange(160), np.arange(120))
    rays = np.stack([column, row, np.ones_like(row)], axis=-1) @ np.linalg.inv(view.matrix).T
    points_m = (view.depth_m[..., None] * rays) @ (pose.table_from_gl * [1, -1, -1]).T + pose.eye_m
    for instance in np.unique(view.instance_ids[view.instance_ids >= FIRST_OBJECT]):
        assert int(instance) in scene.families
        middle = scene.data.xpos[instance - 1]
        away = np.linalg.norm(points_m[view.instance_ids == instance] - middle, axis=1)
        assert away.max() < 0.3
    assert points_m[view.instance_ids == SUPPORT, 2].max() < scene.support.rim_m + 0.01


def test_numbers_tell_room_support_and_objects_apart() -> None:
    numbers = np.concatenate([np.unique(see(scene_of(s), s).instance_ids) for s in range(4)])
    assert {ROOM, SUPPORT} < set(numbers.tolist())
    assert numbers.max() >= FIRST_OBJECT


def test_gloss_goes_from_matt_to_mirror() -> None:
    gloss = np.concatenate([scene_of(seed).gloss_of_geom for seed in range(6)])
    assert gloss.min() < 0.05
    assert 0.9 < gloss.max() <= 1


def test_training_scenes_have_no_held_out_families() -> None:
    assert len(HELD_OUT_FAMILIES) >= 3
    assert not set(HELD_OUT_FAMILIES) & set(TRAINING_FAMILIES)
    for seed in range(4):
        families = {item.shape.family for item in plan_scene(seed).items}
        assert families <= set(TRAINING_FAMILIES)


def test_held_out_scenes_mix_all_families_and_wear_pictures_of_their_own() -> None:
    """The list of pictures to choose from is longer from the held-out seed on."""
    plans = [plan_scene(HELD_OUT_SEED + n, tuple(FAMILIES)) for n in range(2)]
    seen = {item.shape.family for plan in plans for item in plan.items}
    assert seen & set(HELD_OUT_FAMILIES)
    assert seen & set(TRAINING_FAMILIES)
    trained = {picture.tobytes() for n in range(2) for picture in plan_scene(n).pictures.values()}
    held_out = {picture.tobytes() for plan in plans for picture in plan.pictures.values()}
    assert not trained & held_out
