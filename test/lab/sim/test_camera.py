# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulated camera sees known surfaces at their exact depth, each under its own number."""

from __future__ import annotations

from collections.abc import Iterator
import os

import numpy as np
import pytest

os.environ.setdefault('MUJOCO_GL', 'egl')
mujoco = pytest.importorskip('mujoco', reason='the simulator is an optional extra: mujoco')

from promptda_ros.lab.sim.camera import PinholeCamera, Pose, TableCamera  # noqa: E402
from promptda_ros.lab.sim.scene import CLEAR_GROUP, Scene  # noqa: E402
from promptda_ros.lab.sim.support import Room, Support  # noqa: E402
from test.off_screen import table_camera  # noqa: E402

LENS = PinholeCamera(160, 120)
FLOOR, GLASS, BRICK = range(3)
PLANE = f"""
<mujoco>
  <statistic extent="1"/>
  <visual><map znear="0.02" zfar="12"/></visual>
  <worldbody>
    <camera name="camera"/>
    <light pos="0 0 2"/>
    <geom type="plane" size="20 20 1"/>
    <geom type="sphere" size="0.1" pos="5 0 0.1" group="{CLEAR_GROUP}" rgba="1 1 1 0.2"/>
    <geom type="box" size="0.1 0.1 0.1" pos="5.3 0 0.1"/>
  </worldbody>
</mujoco>
"""
ABOVE_GLASS = Pose(np.array([5.0, 0.0, 1.2]), np.array([5.0, 0.0, 0.0]))


@pytest.fixture
def camera() -> Iterator[TableCamera]:
    model = mujoco.MjModel.from_xml_string(PLANE)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    scene = Scene(
        model=model,
        data=data,
        instance_of_geom=np.array([1, 2, 3], np.int32),
        gloss_of_geom=np.array([0.25, 1.0, 0.5], np.float32),
        has_clear=True,
        families={},
        support=Support(np.ones(2), 0, ()),
        room=Room(np.ones(2), 2, ()),
    )
    camera = table_camera(scene, LENS)
    yield camera
    camera.close()


def test_plane_seen_from_straight_above_is_at_the_height_of_the_camera(
    camera: TableCamera,
) -> None:
    depth_m = camera.look(Pose(np.array([0.1, 0.2, 1.234]), np.array([0.1, 0.2, 0.0]))).depth_m
    np.testing.assert_allclose(depth_m, 1.234, atol=1e-4)


def test_slanted_plane_is_where_the_camera_matrix_says(camera: TableCamera) -> None:
    """Half a pixel of offset between K and the picture would show as 1 mm and more."""
    pose = Pose(np.array([0.6, -0.3, 0.7]), np.zeros(3), roll_rad=0.2)
    column, row = np.meshgrid(np.arange(LENS.width), np.arange(LENS.height))
    pixels = np.stack([column, row, np.ones_like(row)], axis=-1)
    rays = pixels @ np.linalg.inv(LENS.matrix).T  # (H, W, 3) right, down, forward
    table_from_optical = pose.table_from_gl * [1, -1, -1]
    expected_m = -pose.eye_m[2] / (rays @ table_from_optical.T)[..., 2]

    error_m = camera.look(pose).depth_m - expected_m
    assert np.abs(error_m).mean() < 5e-4
    assert abs(error_m.mean()) < 5e-4


def test_view_has_the_size_of_the_lens(camera: TableCamera) -> None:
    view = camera.look(Pose(np.array([0.5, 0.0, 0.5]), np.zeros(3)))
    assert view.image.shape == (120, 160, 3)
    assert view.image.dtype == np.uint8
    for picture, kind in (
        (view.depth_m, np.float32),
        (view.behind_m, np.float32),
        (view.instance_ids, np.int32),
        (view.gloss, np.float32),
    ):
        assert picture.shape == (120, 160)
        assert picture.dtype == kind
    np.testing.assert_array_equal(view.matrix, LENS.matrix)


def test_glass_has_its_own_depth_and_the_plane_shows_behind_it(camera: TableCamera) -> None:
    view = camera.look(ABOVE_GLASS)
    assert view.depth_m[60, 80] == pytest.approx(1.0, abs=1e-3)
    assert view.behind_m[60, 80] == pytest.approx(1.2, abs=1e-3)
    np.testing.assert_array_equal(view.clear, view.instance_ids == 2)


def test_glass_lets_the_plane_shine_through_in_colour(camera: TableCamera) -> None:
    image = camera.look(ABOVE_GLASS).image.astype(int)
    assert np.abs(image[60, 80] - image[60, 10]).max() < 120


def test_every_pixel_has_the_number_and_gloss_of_one_surface(camera: TableCamera) -> None:
    """Numbers mixed along outlines would be numbers of other objects."""
    view = camera.look(Pose(np.array([5.1, -0.4, 0.9]), np.array([5.1, 0.0, 0.0])))
    assert set(np.unique(view.instance_ids)) == {1, 2, 3}
    gloss_of = np.array([0, 0.25, 1.0, 0.5], np.float32)
    np.testing.assert_array_equal(view.gloss, gloss_of[view.instance_ids])


def test_two_lenses_on_one_scene_keep_their_angles(camera: TableCamera) -> None:
    wide = TableCamera(camera.scene, PinholeCamera.from_fov_x(160, 120, np.deg2rad(80)))
    seen = [each.look(ABOVE_GLASS).instance_ids == 2 for each in (camera, wide)]
    wide.close()
    ratio = (wide.lens.focal_px / LENS.focal_px) ** 2
    assert seen[1].sum() / seen[0].sum() == pytest.approx(ratio, rel=0.05)


def test_angle_from_left_to_right_is_kept() -> None:
    lens = PinholeCamera.from_fov_x(640, 480, np.deg2rad(70))
    assert 2 * np.arctan(320 / lens.focal_px) == pytest.approx(np.deg2rad(70))
