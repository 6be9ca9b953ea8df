# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulated camera sees known planes at their exact depth."""

from __future__ import annotations

from collections.abc import Iterator
import os

import numpy as np
import pytest

os.environ.setdefault('MUJOCO_GL', 'egl')
mujoco = pytest.importorskip('mujoco', reason='the simulator is an optional extra: mujoco')

from promptda_ros.sim.camera import Lens, Pose, TableCamera  # noqa: E402

LENS = Lens(160, 120)
PLANE = """
<mujoco>
  <statistic extent="1"/>
  <visual><map znear="0.02" zfar="12"/><quality offsamples="4"/></visual>
  <worldbody>
    <camera name="camera"/>
    <light pos="0 0 2"/>
    <geom type="plane" size="20 20 1"/>
  </worldbody>
</mujoco>
"""


@pytest.fixture
def camera() -> Iterator[TableCamera]:
    try:
        camera = TableCamera(mujoco.MjModel.from_xml_string(PLANE), LENS)
    except Exception as error:
        pytest.skip(f'no off-screen OpenGL on this machine: {error}')
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
    assert view.depth_m.shape == (120, 160)
    assert view.depth_m.dtype == np.float32
