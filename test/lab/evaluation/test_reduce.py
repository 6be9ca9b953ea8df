# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.evaluation.reduce."""

from __future__ import annotations

import numpy as np
import pytest

from promptda_ros.lab.evaluation.reduce import reduce_median


def test_a_block_of_two_surfaces_takes_the_larger_and_invents_nothing():
    depth_m = np.full((20, 20), 1.0, np.float32)
    depth_m[:, 14:] = 2.0  # 4 of 10 columns of the right blocks stay at 1 m
    np.testing.assert_array_equal(reduce_median(depth_m, (2, 2)), [[1.0, 2.0], [1.0, 2.0]])


def test_unknown_pixels_have_no_weight_and_half_a_block_must_be_known():
    depth_m = np.full((10, 20), 1.5, np.float32)
    depth_m[:5, :10] = np.nan  # half of the left block
    depth_m[:6, 10:] = np.nan  # more than half of the right one
    np.testing.assert_array_equal(reduce_median(depth_m, (1, 2)), [[1.5, np.nan]])


def test_most_of_a_block_beyond_range_is_beyond_range():
    """K1: not the surface that the smaller part shows."""
    depth_m = np.full((10, 20), 1.5, np.float32)
    depth_m[:4, :10], depth_m[:6, 10:] = np.inf, np.inf
    np.testing.assert_array_equal(reduce_median(depth_m, (1, 2)), [[1.5, np.inf]])


@pytest.mark.parametrize('size', [(48, 64), (7, 9), (192, 256)])
def test_any_size_covers_the_whole_view(size):
    slope_m = np.linspace(1, 2, 100, dtype=np.float32)[:, None].repeat(150, axis=1)
    reduced_m = reduce_median(slope_m, size)
    assert reduced_m.shape == size
    np.testing.assert_allclose(
        reduced_m[:, 0], np.linspace(1, 2, size[0] * 2 + 1)[1::2], atol=0.02
    )
