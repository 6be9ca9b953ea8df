# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""MoveIt's PointCloudOctomapUpdater: every point that is not NaN becomes a voxel."""

from __future__ import annotations

import numpy as np
import pytest
from sensor_msgs.msg import PointField


def occupied_by(message):
    """Return the points (N, 3) that the updater takes: rows of points, NaN alone is left out."""
    fields = {field.name: field for field in message.fields}
    for axis in 'xyz':
        assert fields[axis].datatype == PointField.FLOAT32
    start = [fields[axis].offset // 4 for axis in 'xyz']
    rows = np.frombuffer(message.data, np.uint8).reshape(message.height, message.row_step)
    points = rows[:, : message.width * message.point_step].reshape(-1, message.point_step)
    xyz = np.ascontiguousarray(points).view('<f4')[:, start]
    return xyz[~np.isnan(xyz).any(axis=1)]


@pytest.mark.parametrize('output', ['points', 'points_dense'])
@pytest.mark.parametrize('pcl_layout', [False, True])
def test_only_surfaces_become_voxels(receive, scene, output, pcl_layout):
    """J5: neither the camera itself, nor infinity."""
    message = receive(output, output__pcl_layout=pcl_layout)
    points_m = occupied_by(message)
    assert np.isfinite(points_m).all()
    assert (np.abs(points_m).max(axis=1) > 0.1).all()
    np.testing.assert_allclose(points_m, scene.points_m[scene.known], atol=1e-5)


def test_tf_is_looked_up_at_the_stamp_of_the_image(receive):
    message = receive('points')
    assert message.header.frame_id == 'camera_color_optical_frame'
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (1_700_000_000, 987_654_321)
    assert not message.is_bigendian
