# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Contact-GraspNet: an npz of depth in metres, K 3x3 and rgb; depth that is not above 0 is out."""

from __future__ import annotations

import numpy as np

Z_RANGE_M = (0.2, 1.8)


def points_of(path):
    """Return points (N, 3) and colours (N, 3) as it reads and lifts its file."""
    with np.load(path, allow_pickle=False) as file:
        depth_m, matrix, rgb = file['depth'], file['K'], file['rgb']
    assert matrix.shape == (3, 3)
    assert rgb.shape[:2] == depth_m.shape
    with np.errstate(invalid='ignore'):
        rows, columns = np.where(depth_m > 0)
    z = depth_m[rows, columns]
    x = (columns - matrix[0, 2]) / matrix[0, 0] * z
    y = (rows - matrix[1, 2]) / matrix[1, 1] * z
    near = (z > Z_RANGE_M[0]) & (z < Z_RANGE_M[1])
    return np.stack((x, y, z), axis=1)[near], rgb[rows, columns][near]


def test_a_file_of_our_messages_gives_the_points_of_the_scene(receive, scene, tmp_path):
    image, info = receive('depth/image_rect'), receive('depth/camera_info')
    depth_m = np.frombuffer(image.data, '<f4').reshape(image.height, image.width)
    path = tmp_path / 'scene.npz'
    np.savez(path, depth=depth_m, K=np.reshape(info.k, (3, 3)), rgb=scene.image)
    points_m, colours = points_of(path)
    np.testing.assert_allclose(points_m, scene.points_m[scene.known], atol=1e-5)
    np.testing.assert_array_equal(colours, scene.image[scene.known])
