# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""depth_image_proc: its point_cloud_xyz, from our depth and P of our camera_info."""

from __future__ import annotations

import numpy as np
import pytest

MILLIMETRE = 0.001


def converted(image, info):
    """Return the points (H, W, 3) that the node makes: 0 and NaN are no depth."""
    assert image.header.frame_id == info.header.frame_id
    assert image.header.stamp == info.header.stamp
    dtype, unit = {'32FC1': ('<f4', 1.0), '16UC1': ('<u2', MILLIMETRE)}[image.encoding]
    rows = np.frombuffer(image.data, np.uint8).reshape(image.height, image.step)
    depth = rows.view(dtype)[:, : image.width].astype(np.float64)
    depth[depth == 0] = np.nan
    down, across = np.mgrid[: image.height, : image.width]
    x = (across - info.p[2]) * depth * (unit / info.p[0])
    y = (down - info.p[6]) * depth * (unit / info.p[5])
    return np.stack((x, y, depth * unit), axis=-1)


@pytest.mark.parametrize(
    'output, tolerance_m', [('depth/image_rect', 1e-5), ('depth/image_mm', 0.6 * MILLIMETRE)]
)
def test_its_cloud_of_our_depth_is_ours(receive, scene, output, tolerance_m):
    """J3: holes in the same pixels; counts of millimetres are rounded."""
    found_m = converted(receive(output), receive('depth/camera_info'))
    np.testing.assert_allclose(found_m, scene.points_m, atol=tolerance_m)
