# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""MoveIt's DepthImageOctomapUpdater: depth and its camera_info beside it, K, no step, no 0."""

from __future__ import annotations

import numpy as np
import pytest

NEAR_M, FAR_M = 0.3, 5.0


def occupied_by(image, info):
    """Return the depth (H, W) that the shader sees, NaN where it clips or rejects."""
    assert image.header == info.header  # exact synchronisation
    assert (image.height, image.width) == (info.height, info.width)
    scale = {'16UC1': 1e-3, '32FC1': 1.0}[image.encoding]
    dtype = {'16UC1': '<u2', '32FC1': '<f4'}[image.encoding]
    # The updater hands the bytes to OpenGL as they are: there must be no padding.
    values = np.frombuffer(image.data, dtype).reshape(image.height, image.width) * scale
    taken = (values > 0) & (values >= NEAR_M) & (values <= FAR_M)
    return np.where(taken, values, np.nan)


@pytest.mark.parametrize(
    'output, step_m', [('depth/image_rect', 1e-6), ('depth/image_mm', 0.000501)]
)
def test_the_depth_is_that_of_the_scene(receive, scene, output, step_m):
    """J5."""
    seen_m = occupied_by(receive(output), receive('depth/camera_info'))
    np.testing.assert_allclose(seen_m, scene.depth_m, atol=step_m)


def test_unknown_is_zero_in_millimetres(receive, scene):
    """The one value that every version of the shader rejects."""
    image = receive('depth/image_mm')
    counts = np.frombuffer(image.data, '<u2').reshape(image.height, image.width)
    np.testing.assert_array_equal(counts == 0, ~scene.known)


def test_image_transport_finds_the_camera_info_beside_the_image(receive):
    """Its rule: the last part of the image's topic is replaced by camera_info."""
    from promptda_ros.node.outputs import OUTPUTS

    for output in ('depth/image_rect', 'depth/image_mm'):
        assert output.rpartition('/')[0] + '/camera_info' in OUTPUTS


def test_k_belongs_to_the_size_that_is_published_and_nothing_is_bent(receive):
    info = receive('depth/camera_info')
    assert [info.k[0], info.k[4], info.k[2], info.k[5]] == [60.0, 61.0, 31.25, 23.75]
    assert not any(info.d)
