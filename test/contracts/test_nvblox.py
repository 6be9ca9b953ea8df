# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""nvblox: depth and camera_info of one stamp, K alone, colour as rgb8."""

from __future__ import annotations

import numpy as np
import pytest

MAX_DISTANCE_M = 5.0


@pytest.mark.parametrize('output', ['depth/image_rect', 'depth/image_mm'])
def test_depth_of_both_encodings_integrates_to_the_scene(receive, scene, output):
    image, info = receive(output), receive('depth/camera_info')
    assert image.header == info.header
    assert image.encoding in ('32FC1', '16UC1')
    if image.encoding == '16UC1':
        depth_m = np.frombuffer(image.data, '<u2').reshape(image.height, -1) * 0.001
    else:
        depth_m = np.frombuffer(image.data, '<f4').reshape(image.height, -1)
    integrated = (depth_m > 0) & (depth_m < MAX_DISTANCE_M)  # NaN fails
    np.testing.assert_array_equal(integrated, scene.known)
    rows, columns = np.nonzero(integrated)
    z = depth_m[integrated]
    x = (columns - info.k[2]) / info.k[0] * z
    y = (rows - info.k[5]) / info.k[4] * z
    expected_m = scene.points_m[scene.known]
    np.testing.assert_allclose(np.stack((x, y, z), axis=1), expected_m, atol=1e-3)


def test_the_preview_has_an_encoding_of_its_host_path(receive):
    assert receive('depth/preview').encoding == 'rgb8'
