# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Open3D, where it is installed: its own functions make our clouds of our depth images."""

from __future__ import annotations

import numpy as np
import pytest
from sensor_msgs_py import point_cloud2

try:
    import open3d
except (ImportError, OSError) as error:  # its libraries may miss others of the system
    pytest.skip(f'Open3D does not load: {error}', allow_module_level=True)


def camera_of(info):
    """Return Open3D's camera of a camera_info."""
    return open3d.camera.PinholeCameraIntrinsic(
        info.width, info.height, info.k[0], info.k[4], info.k[2], info.k[5]
    )


@pytest.mark.parametrize(
    'output, dtype, scale, atol',
    [('depth/image_rect', '<f4', 1.0, 1e-5), ('depth/image_mm', '<u2', 1000.0, 1e-3)],
)
def test_its_cloud_of_our_depth_is_our_cloud(receive, output, dtype, scale, atol):
    """J3: identical points, and unknown pixels left out."""
    image, info, cloud = receive(output), receive('depth/camera_info'), receive('points')
    pixels = np.frombuffer(image.data, dtype).reshape(image.height, image.width).copy()
    theirs = open3d.geometry.PointCloud.create_from_depth_image(
        open3d.geometry.Image(pixels),
        camera_of(info),
        depth_scale=scale,
        depth_trunc=10.0,
        project_valid_depth_only=True,
    )
    found_m = np.asarray(theirs.points)
    found_m = found_m[np.isfinite(found_m).all(axis=1)]
    ours_m = point_cloud2.read_points_numpy(cloud, field_names=('x', 'y', 'z'), skip_nans=True)
    np.testing.assert_allclose(found_m, ours_m.reshape(-1, 3), atol=atol)


def test_it_takes_our_dense_cloud_with_normals(receive, scene):
    six = np.frombuffer(receive('points_normals').data, '<f4').reshape(-1, 6)
    cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(six[:, :3].astype(float)))
    cloud.normals = open3d.utility.Vector3dVector(six[:, 3:].astype(float))
    given = np.asarray(cloud.normals).copy()
    cloud.estimate_normals(open3d.geometry.KDTreeSearchParamKNN(9))
    cloud.orient_normals_towards_camera_location(np.zeros(3))
    agree = (np.asarray(cloud.normals) * given).sum(axis=1)
    assert np.quantile(agree, 0.1) > 0.95
