# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A seed stands for one table, and every pixel of it has a depth."""

from __future__ import annotations

import os

import numpy as np
import pytest

os.environ.setdefault('MUJOCO_GL', 'egl')
pytest.importorskip('mujoco', reason='the simulator is an optional extra: mujoco')

from promptda_ros.sim.camera import Lens, random_pose, TableCamera, View
from promptda_ros.sim.scene import make_scene
from promptda_ros.sim.shapes import lathe, make_shape


def watch(seed: int) -> TableCamera:
    model = make_scene(seed)
    try:
        return TableCamera(model, Lens(160, 120))
    except Exception as error:
        pytest.skip(f'no off-screen OpenGL on this machine: {error}')


def see(seed: int) -> View:
    camera = watch(seed)
    view = camera.look(random_pose(np.random.default_rng(0)))
    camera.close()
    return view


def test_same_seed_gives_the_same_picture_and_depth() -> None:
    first, second = see(11), see(11)
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.depth_m, second.depth_m)


def test_picture_depends_on_the_pose_alone_not_on_what_was_seen_before() -> None:
    """Shadows once came from the picture before."""
    camera, rng = watch(5), np.random.default_rng(0)
    pose = random_pose(rng)
    first = camera.look(pose)
    camera.look(random_pose(rng))
    again = camera.look(pose)
    camera.close()
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.depth_m, again.depth_m)


def test_another_seed_gives_another_table() -> None:
    assert np.abs(see(11).depth_m - see(12).depth_m).mean() > 0.01


@pytest.mark.parametrize('seed', range(4))
def test_room_is_closed_so_that_every_pixel_has_a_depth(seed: int) -> None:
    depth_m = see(seed).depth_m
    assert depth_m.min() > 0.05
    assert depth_m.max() < 6.0


def test_picture_shows_more_than_one_colour() -> None:
    assert see(3).image.std() > 10


@pytest.mark.parametrize('seed', range(30))
def test_objects_stand_on_the_table(seed: int) -> None:
    shape = make_shape(np.random.default_rng(seed))
    assert 0 < shape.radius_m < 0.3
    for geom in shape.geoms:
        if geom.profile_m is not None:
            assert geom.profile_m[:, 1].min() >= 0


def test_lathe_closes_its_surface() -> None:
    """Every edge of a closed surface belongs to two triangles that run along it both ways."""
    square = np.array([(0.02, 0.0), (0.03, 0.0), (0.03, 0.01), (0.02, 0.01)])
    _, triangles = lathe(square)
    edges = {(int(t[i]), int(t[(i + 1) % 3])) for t in triangles for i in range(3)}
    assert len(edges) == 3 * len(triangles)
    assert all((end, begin) in edges for begin, end in edges)
