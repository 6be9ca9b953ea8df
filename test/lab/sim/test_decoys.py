# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Prints and hard shadows change what a picture shows, and nothing else."""

from __future__ import annotations

from functools import cache
import os

import numpy as np
import pytest

os.environ.setdefault('MUJOCO_GL', 'egl')
pytest.importorskip('mujoco', reason='the simulator is an optional extra: mujoco')

from promptda_ros.lab.sim.camera import PinholeCamera, Pose
from promptda_ros.lab.sim.cell import views_of
from promptda_ros.lab.sim.decoys import has_decoys, PATTERNS, SHEET_HALF_M, SHEETS_ON_SUPPORT
from promptda_ros.lab.sim.motion import random_pose
from promptda_ros.lab.sim.scene import make_scene, plan_scene, Scene
from promptda_ros.lab.sim.view import RenderedView, SUPPORT
from test.off_screen import table_camera

SEEDS = (0, 3)
SMALL = {'width': 96, 'height': 72}


@cache
def scene_of(seed: int, *, decoys: bool) -> Scene:
    return make_scene(seed, decoys=decoys)


def look(scene: Scene, pose: Pose) -> RenderedView:
    camera = table_camera(scene, PinholeCamera(160, 120))
    view = camera.look(pose)
    camera.close()
    return view


def seen_twice(seed: int) -> tuple[RenderedView, RenderedView]:
    """See one scene without and with decoys from where shades do not hang in between."""
    decoyed = scene_of(seed, decoys=True)
    pose = random_pose(np.random.default_rng(seed), decoyed)
    return look(scene_of(seed, decoys=False), pose), look(decoyed, pose)


@pytest.mark.parametrize('seed', SEEDS)
def test_depth_of_table_and_objects_does_not_depend_on_decoys(seed: int) -> None:
    plain, decoyed = seen_twice(seed)
    thickest_m = 2 * SHEET_HALF_M * SHEETS_ON_SUPPORT[1]
    near = plain.instance_ids >= SUPPORT
    # A sheet seen at a grazing angle, and the pixels of an edge, are not where they were.
    away_m = np.abs(plain.depth_m - decoyed.depth_m)[near]
    assert np.mean(away_m > 5 * thickest_m) < 0.005
    assert np.mean(plain.instance_ids[near] != decoyed.instance_ids[near]) < 0.005


@pytest.mark.parametrize('seed', SEEDS)
def test_objects_come_to_rest_where_they_do_without_decoys(seed: int) -> None:
    plain, decoyed = scene_of(seed, decoys=False), scene_of(seed, decoys=True)
    np.testing.assert_array_equal(plain.data.qpos, decoyed.data.qpos)
    assert plain.families == decoyed.families


def edges_on_flat(view: RenderedView) -> float:
    """Give the share of the support's inner pixels at which the picture has a strong edge."""
    flat = view.instance_ids == SUPPORT
    inner = flat[1:, 1:] & flat[:-1, 1:] & flat[1:, :-1]
    grey = view.image.mean(-1)
    step = np.abs(np.diff(grey, axis=0))[:, 1:] + np.abs(np.diff(grey, axis=1))[1:]
    return float((step[inner] > 30).mean())


def test_flat_surfaces_have_more_edges_in_the_picture_with_decoys() -> None:
    pairs = [seen_twice(seed) for seed in SEEDS]
    plain, decoyed = np.array([[edges_on_flat(view) for view in pair] for pair in pairs]).T
    assert decoyed.mean() > 2 * plain.mean()


def test_seed_gives_the_same_decoys_again_and_another_seed_others() -> None:
    first = plan_scene(3, decoys=True).digest()
    assert first == plan_scene(3, decoys=True).digest()
    assert first != plan_scene(4, decoys=True).digest()
    assert first != plan_scene(3).digest()


@pytest.mark.parametrize('pattern', PATTERNS)
def test_shades_leave_light_and_take_light(pattern: str) -> None:
    for seed in range(5):
        boxes = np.array(list(PATTERNS[pattern](np.random.default_rng(seed))))
        assert boxes.shape[1] == 4
        assert (boxes[:, 2:] > 0).all()
        edges = np.linspace(-0.15, 0.15, 200)
        x, y = (grid.ravel()[:, None] for grid in np.meshgrid(edges, edges))
        inside = (np.abs(x - boxes[:, 0]) < boxes[:, 2]) & (np.abs(y - boxes[:, 1]) < boxes[:, 3])
        assert 0 < inside.any(axis=1).mean() < 1


def test_share_of_the_seeds_that_have_decoys_is_the_one_asked_for() -> None:
    seeds = range(1000)
    assert not any(has_decoys(seed, 0) for seed in seeds)
    assert all(has_decoys(seed, 1) for seed in seeds)
    assert 260 < sum(has_decoys(seed, 0.3) for seed in seeds) < 340


def test_views_have_decoys_where_their_seed_has() -> None:
    few, many = (next(views_of(1, count=1, decoy_share=share, **SMALL)) for share in (0, 1))
    np.testing.assert_array_equal(few.image, next(views_of(1, count=1, **SMALL)).image)
    assert (few.image != many.image).mean() > 0.2
