# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""RViz: what its PointCloud2 and DepthCloud displays check before they show anything."""

from __future__ import annotations

import numpy as np
import pytest
from sensor_msgs.msg import PointField


@pytest.mark.parametrize('output', ['points', 'points_dense', 'points_normals'])
@pytest.mark.parametrize('pcl_layout', [False, True])
def test_a_cloud_has_as_many_bytes_as_it_says(receive, output, pcl_layout):
    """J5: 'Data size (..) does not match width (..) times height (..) times point_step'."""
    message = receive(output, output__pcl_layout=pcl_layout)
    assert message.width * message.height * message.point_step == len(message.data)
    assert message.row_step == message.width * message.point_step
    axes = [field for field in message.fields if field.name in 'xyz']
    assert [field.datatype for field in axes] == [PointField.FLOAT32] * 3


@pytest.mark.parametrize('output', ['points', 'points_dense'])
@pytest.mark.parametrize('pcl_layout', [False, True])
def test_the_transformer_rgb8_finds_the_colours(receive, scene, output, pcl_layout):
    """J5."""
    message = receive(output, output__pcl_layout=pcl_layout)
    (rgb,) = (field for field in message.fields if field.name == 'rgb')
    assert rgb.datatype in (PointField.FLOAT32, PointField.UINT32)
    words = np.frombuffer(message.data, '<u4').reshape(-1, message.point_step // 4)
    packed = words[:, rgb.offset // 4]
    colours = np.stack([packed >> shift & 255 for shift in (16, 8, 0)], axis=1)
    expected = scene.image[scene.known] if message.is_dense else scene.image.reshape(-1, 3)
    np.testing.assert_array_equal(colours, expected)


@pytest.mark.parametrize('output', ['depth/image_rect', 'depth/image_mm'])
def test_a_depth_cloud_has_a_known_encoding_and_a_camera_of_its_size(receive, output):
    """J5."""
    image, info = receive(output), receive('depth/camera_info')
    assert image.encoding in ('32FC1', '16UC1')
    assert (info.width, info.height) == (image.width, image.height)
    assert info.header.stamp == image.header.stamp
    assert info.p[0] == info.k[0] > 0


def test_an_empty_cloud_is_no_error(receive):
    message = receive('points_dense', workspace__min_depth=5.0)
    assert message.width * message.height * message.point_step == len(message.data) == 0
