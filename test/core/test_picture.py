# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Near is red, far is blue, unknown is black."""

from __future__ import annotations

import numpy as np
import pytest

from promptda_ros.core.picture import colourise


def test_near_is_red_far_is_blue_and_unknown_is_black():
    depth_m = np.array([[0.6, 1.4, np.nan]], np.float32)
    near, far, unknown = colourise(depth_m, near_m=0.5, far_m=1.5)[0]
    assert near[0] > 2 * near[2]
    assert far[2] > 2 * far[0]
    assert not unknown.any()


def test_the_picture_has_the_size_of_the_depth():
    picture = colourise(np.ones((7, 5), np.float32), near_m=0.5, far_m=1.5)
    assert picture.shape == (7, 5, 3)
    assert picture.dtype == np.uint8


@pytest.mark.parametrize('beyond, end', [(0.1, 0.5), (9.0, 1.5), (-np.inf, np.nan)])
def test_what_lies_beyond_the_range_takes_its_end(beyond, end):
    pictures = [
        colourise(np.array([[value]], np.float32), near_m=0.5, far_m=1.5)
        for value in (beyond, end)
    ]
    np.testing.assert_array_equal(*pictures)


def test_a_flat_wall_and_no_depth_at_all_have_a_picture():
    """C9, D8: there is no range to divide by."""
    assert colourise(np.ones((3, 3), np.float32), near_m=1.0, far_m=1.0).any()
    assert not colourise(np.full((3, 3), np.nan, np.float32), near_m=1.0, far_m=1.0).any()
