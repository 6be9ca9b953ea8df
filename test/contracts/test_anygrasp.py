# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""anygrasp_ros: the first row alone, fixed offsets, rgb as an integer at 12, z above 0."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest


def read_by_anygrasp(message):
    """Return points (N, 3) and colours (N, 3) as its loop over the points does."""
    points, colours = [], []
    for number in range(message.width):
        start = number * message.point_step
        x, y, z = struct.unpack_from('<fff', message.data, start)
        (rgb,) = struct.unpack_from('<I', message.data, start + 12)
        if not all(map(math.isfinite, (x, y, z))) or z <= 0:
            continue
        points.append((x, y, z))
        colours.append((rgb >> 16 & 255, rgb >> 8 & 255, rgb & 255))
    return np.array(points).reshape(-1, 3), np.array(colours).reshape(-1, 3)


def test_it_reads_every_point_of_the_scene_with_its_colour(receive, scene):
    points_m, colours = read_by_anygrasp(receive('points_dense'))
    np.testing.assert_allclose(points_m, scene.points_m[scene.known], atol=1e-5)
    np.testing.assert_array_equal(colours, scene.image[scene.known])


@pytest.mark.parametrize('pcl_layout', [False, True])
def test_the_layout_is_its_own_whatever_the_organised_cloud_has(receive, pcl_layout):
    message = receive('points_dense', output__pcl_layout=pcl_layout)
    assert (message.height, message.point_step, message.is_dense) == (1, 16, True)
    assert message.row_step == 16 * message.width == len(message.data)
    assert {field.name: field.offset for field in message.fields} == {
        'x': 0,
        'y': 4,
        'z': 8,
        'rgb': 12,
    }


def test_a_workspace_and_cubes_make_it_small_enough_for_a_loop(receive, scene):
    message = receive('points_dense', workspace__max_depth=0.65, output__voxel=0.02)
    points_m, _ = read_by_anygrasp(message)
    assert 0 < len(points_m) < 0.5 * (scene.depth_m == np.float32(0.6)).sum()
    assert points_m[:, 2].max() < 0.65


def test_a_workspace_without_a_point_is_read_as_nothing(receive):
    points_m, _ = read_by_anygrasp(receive('points_dense', workspace__min_depth=5.0))
    assert len(points_m) == 0
