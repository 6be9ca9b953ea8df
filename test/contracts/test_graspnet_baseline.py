# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""graspnet-baseline: a 16-bit PNG in millimetres, factor_depth 1000, an organised cloud."""

from __future__ import annotations

import cv2
import numpy as np

FACTOR_DEPTH = 1000


def cloud_of(depth, matrix, factor_depth):
    """Return points (H, W, 3) as its create_point_cloud_from_depth_image does."""
    assert depth.shape == (48, 64)
    across, down = np.meshgrid(np.arange(depth.shape[1]), np.arange(depth.shape[0]))
    z = depth / factor_depth
    x = (across - matrix[0, 2]) * z / matrix[0, 0]
    y = (down - matrix[1, 2]) * z / matrix[1, 1]
    return np.stack((x, y, z), axis=-1)


def test_a_png_of_our_millimetres_gives_the_cloud_of_the_scene(receive, scene, tmp_path):
    image, info = receive('depth/image_mm'), receive('depth/camera_info')
    counts = np.frombuffer(image.data, '<u2').reshape(image.height, image.width)
    path = str(tmp_path / 'depth.png')
    assert cv2.imwrite(path, counts)
    depth = cv2.imread(path, cv2.IMREAD_UNCHANGED)
    assert depth.dtype == np.uint16
    points_m = cloud_of(depth, np.reshape(info.k, (3, 3)), FACTOR_DEPTH)
    mask = depth > 0
    np.testing.assert_array_equal(mask, scene.known)
    np.testing.assert_allclose(points_m[mask], scene.points_m[mask], atol=1e-3)


def test_compressed_millimetres_hold_that_png_already(receive):
    """Behind the 12 bytes of the header of compressedDepth."""
    image, message = receive('depth/image_mm'), receive('depth/image_mm/compressedDepth')
    counts = np.frombuffer(image.data, '<u2').reshape(image.height, image.width)
    png = np.frombuffer(bytes(message.data)[12:], np.uint8)
    np.testing.assert_array_equal(cv2.imdecode(png, cv2.IMREAD_UNCHANGED), counts)
