# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""PCL: fields are found by name, type and count, and copied to where its points have them."""

from __future__ import annotations

import numpy as np
import pytest
from sensor_msgs.msg import PointField

# PointXYZRGB and PointNormal: place of each float in the struct, which is aligned to 16 bytes
POINT_XYZRGB = 32, {'x': 0, 'y': 4, 'z': 8, 'rgb': 16}
POINT_NORMAL = 48, {'x': 0, 'y': 4, 'z': 8, 'normal_x': 16, 'normal_y': 20, 'normal_z': 24}


def copied_by(message, point):
    """Return the points (N, floats) that PCL makes of a message; a missing field stays 0."""
    size, places = point
    rows = np.frombuffer(message.data, np.uint8).reshape(message.height, message.row_step)
    points = rows[:, : message.width * message.point_step].reshape(-1, message.point_step)
    found = np.zeros((len(points), size), np.uint8)
    for name, place in places.items():
        (field,) = (
            each
            for each in message.fields
            if (each.name, each.datatype, each.count) == (name, PointField.FLOAT32, 1)
        )
        found[:, place : place + 4] = points[:, field.offset : field.offset + 4]
    return found.view('<f4')


@pytest.mark.parametrize('pcl_layout', [False, True])
def test_points_and_colours_are_those_of_the_scene(receive, scene, pcl_layout):
    """J3: to 0.01 mm, with NaN in the same pixels."""
    found = copied_by(receive('points', output__pcl_layout=pcl_layout), POINT_XYZRGB)
    np.testing.assert_allclose(found[:, :3], scene.points_m.reshape(-1, 3), atol=1e-5)
    bgra = np.ascontiguousarray(found[:, 4]).view(np.uint8).reshape(-1, 4)
    np.testing.assert_array_equal(bgra[:, 2::-1], scene.image.reshape(-1, 3))


def test_the_layout_of_pcl_is_copied_in_one_piece(receive):
    """J3: every field lies where the struct has it, and each point is as long."""
    message = receive('points', output__pcl_layout=True)
    size, places = POINT_XYZRGB
    assert message.point_step == size
    assert {field.name: field.offset for field in message.fields} == places
    whole = np.frombuffer(message.data, '<u4').reshape(-1, size // 4)
    np.testing.assert_array_equal(whole, copied_by(message, POINT_XYZRGB).view('<u4'))


def test_normals_are_of_unit_length_beside_their_points(receive, scene):
    """J3."""
    found = copied_by(receive('points_normals'), POINT_NORMAL)
    np.testing.assert_allclose(np.linalg.norm(found[:, 4:7], axis=1), 1.0, atol=1e-5)
    known_m = scene.points_m[scene.known]
    assert all(
        np.isclose(known_m, point_m, atol=1e-5).all(axis=1).any() for point_m in found[:9, :3]
    )
