# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""GPD: exactly six fields, or coloured points; it removes NaN itself and grasps along normals."""

from __future__ import annotations

import numpy as np
from sensor_msgs.msg import PointField

SIX = ['x', 'y', 'z', 'normal_x', 'normal_y', 'normal_z']


def test_the_cloud_with_normals_has_exactly_the_six_fields(receive):
    """One more, and gpd_ros takes the cloud for one without normals."""
    message = receive('points_normals')
    assert [field.name for field in message.fields] == SIX
    assert {field.datatype for field in message.fields} == {PointField.FLOAT32}
    assert [field.offset for field in message.fields] == [0, 4, 8, 12, 16, 20]
    assert (message.height, message.point_step) == (1, 24)
    assert len(message.data) == 24 * message.width


def test_points_lie_on_the_scene_and_normals_look_at_its_view_point(receive, scene):
    """The camera at (0, 0, 0) of the frame of the cloud is what view_points has to say."""
    message = receive('points_normals')
    six = np.frombuffer(message.data, '<f4').reshape(-1, 6)
    assert np.isfinite(six).all()
    assert len(six) > 0.8 * scene.known.sum()
    places = {tuple(point) for point in scene.points_m[scene.known].astype(np.float32).round(4)}
    assert {tuple(point) for point in six[:, :3].round(4)} <= places
    np.testing.assert_allclose(np.linalg.norm(six[:, 3:], axis=1), 1.0, atol=1e-5)
    assert ((six[:, :3] * six[:, 3:]).sum(axis=1) < 0).all()


def test_the_lid_of_the_box_looks_straight_at_the_camera(receive):
    six = np.frombuffer(receive('points_normals').data, '<f4').reshape(-1, 6)
    lid = six[np.isclose(six[:, 2], 0.6)]
    np.testing.assert_allclose(lid[:, 3:], np.tile([0.0, 0.0, -1.0], (len(lid), 1)), atol=1e-5)


def test_the_organised_cloud_is_read_as_coloured_points_of_pcl(receive):
    """PointXYZRGBA of PCL lies in 32 bytes with rgba at 16; ros2_grasp_library wants rows."""
    message = receive('points', output__pcl_layout=True)
    assert (message.height, message.width, message.point_step) == (48, 64, 32)
    assert {field.name: field.offset for field in message.fields}['rgb'] == 16
