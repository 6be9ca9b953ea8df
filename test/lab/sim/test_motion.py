# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Cameras stand where cameras fit, and move without jerks."""

from __future__ import annotations

import os

import numpy as np
import pytest

os.environ.setdefault('MUJOCO_GL', 'egl')
pytest.importorskip('mujoco', reason='the simulator is an optional extra: mujoco')

from promptda_ros.lab.sim.motion import is_free, random_lens, random_pose, smooth_path
from promptda_ros.lab.sim.scene import make_scene, Scene


@pytest.fixture(scope='module', params=[0, 3])
def scene(request: pytest.FixtureRequest) -> Scene:
    return make_scene(request.param)


def test_lens_sees_40_to_80_degrees_from_left_to_right() -> None:
    rng = np.random.default_rng(0)
    lenses = [random_lens(rng, 336, 252) for _ in range(200)]
    angles = np.rad2deg([2 * np.arctan(168 / lens.focal_px) for lens in lenses])
    assert 40 <= angles.min() < 43
    assert 77 < angles.max() <= 80


def test_random_cameras_are_clear_of_everything_and_25_cm_to_2_m_away(scene: Scene) -> None:
    rng = np.random.default_rng(0)
    poses = [random_pose(rng, scene) for _ in range(200)]
    away_m = np.array([np.linalg.norm(pose.eye_m - pose.target_m) for pose in poses])
    assert all(is_free(pose.eye_m, scene) for pose in poses)
    assert 0.249 < away_m.min() < 0.4
    assert 1.2 < away_m.max() < 2.001


def test_camera_does_not_fit_into_an_object_nor_behind_a_wall(scene: Scene) -> None:
    instance = next(iter(scene.families))
    assert not is_free(scene.data.xpos[instance - 1] + 0.05, scene)
    assert not is_free(np.array([scene.room.wall_m[0] + 0.1, 0, 1.0]), scene)


def test_path_has_no_steps_in_place_or_speed(scene: Scene) -> None:
    times = np.arange(300) / 30
    eyes = np.array([pose.eye_m for pose in smooth_path(4, times, scene)])
    speed = np.diff(eyes, axis=0) * 30
    acceleration = np.diff(speed, axis=0) * 30
    assert 0.02 < np.linalg.norm(speed, axis=1).mean() < 0.5
    assert np.linalg.norm(speed, axis=1).max() < 1.0
    assert np.linalg.norm(acceleration, axis=1).max() < 1.5


def test_path_depends_on_seed_and_time_alone(scene: Scene) -> None:
    fine = smooth_path(4, [0.0, 0.5, 1.0], scene)
    coarse = smooth_path(4, [0.0, 1.0], scene)
    np.testing.assert_array_equal(fine[2].eye_m, coarse[1].eye_m)
    other = smooth_path(5, [0.0], scene)
    assert np.linalg.norm(other[0].eye_m - fine[0].eye_m) > 0.01
