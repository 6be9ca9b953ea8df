# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""sensor_msgs_py, the parser of ROS itself: the same points, colours and holes."""

from __future__ import annotations

import numpy as np
import pytest
from sensor_msgs_py import point_cloud2


@pytest.mark.parametrize('pcl_layout', [False, True])
def test_the_organised_cloud_is_the_scene(receive, scene, pcl_layout):
    """J3: to 0.01 mm, with NaN in the same pixels."""
    message = receive('points', output__pcl_layout=pcl_layout)
    assert (message.height, message.width, message.is_dense) == (48, 64, False)
    points = point_cloud2.read_points(message, skip_nans=False)
    found_m = np.stack([points[axis] for axis in 'xyz'], axis=-1).reshape(48, 64, 3)
    np.testing.assert_allclose(found_m, scene.points_m, atol=1e-5)
    packed = np.ascontiguousarray(points['rgb']).view(np.uint32).reshape(48, 64)
    for channel, shift in enumerate((16, 8, 0)):
        np.testing.assert_array_equal(packed >> shift & 255, scene.image[..., channel])


def test_the_dense_cloud_is_the_organised_one_without_its_holes(receive):
    organised, dense = receive('points'), receive('points_dense')
    kept = point_cloud2.read_points(organised, skip_nans=True)
    np.testing.assert_array_equal(
        np.ascontiguousarray(point_cloud2.read_points(dense)).view(np.uint8),
        np.ascontiguousarray(kept).view(np.uint8),
    )


def test_the_cloud_with_normals_is_read_field_by_field(receive):
    points = point_cloud2.read_points(receive('points_normals'))
    assert points.dtype.names == ('x', 'y', 'z', 'normal_x', 'normal_y', 'normal_z')
    assert (points['normal_z'] < 0).all()
