# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Beyond, nearer, measured, unknown: four things that stay apart at every resolution."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.core.prompt.prompt import condition
from promptda_ros.core.prompt.sensor_range import (
    find_out_of_range,
    fit_side,
    read_sides,
    reduce_reading,
)
from promptda_ros.core.settings.depth import PromptSettings

SETTINGS = PromptSettings()
BEYOND = (np.inf, 10.0, 65.535, 1e30)
NEARER = (-np.inf, 0.0499, 1e-42)
UNKNOWN = (np.nan, 0.0, -0.0, -1.0, -1e30)
MEASURED = (0.05, 1.0, 9.99)


@pytest.mark.parametrize('depth_m', [*BEYOND, *NEARER, *UNKNOWN, *MEASURED])
def test_every_number_is_of_one_side_of_the_range_or_unknown(depth_m: float):
    """D6, K1, K2: as REP 117 reads infinities; zero and NaN tell nothing."""
    reading = read_sides(np.full((2, 3), depth_m, np.float32), SETTINGS)
    assert reading.measured.all() == (depth_m in MEASURED)
    assert (reading.beyond is not None) == (depth_m in BEYOND)
    assert (reading.nearer is not None) == (depth_m in NEARER)
    assert (reading.depth_m == (np.float32(depth_m) if depth_m in MEASURED else 0)).all()


@given(st.integers(0, 2**32 - 1))
def test_the_sides_are_apart_before_and_after_reducing(seed: int):
    random = np.random.default_rng(seed)
    kinds = random.integers(4, size=(30, 41))
    depth_m = np.float32([1.0, np.nan, np.inf, -np.inf])[kinds]
    reading = read_sides(depth_m, SETTINGS)
    np.testing.assert_array_equal(reading.measured, kinds == 0)
    np.testing.assert_array_equal(reading.beyond, kinds == 2)
    np.testing.assert_array_equal(reading.nearer, kinds == 3)
    small = reduce_reading(reading, 16)
    assert small.beyond is not None
    assert small.nearer is not None
    assert not (small.measured & (small.beyond | small.nearer)).any()


def test_a_block_that_is_not_measured_is_out_of_range_where_any_pixel_is():
    depth_m = np.full((4, 4), np.nan, np.float32)
    depth_m[:2, :2] = ((1.0, 1.0), (np.inf, np.nan))  # half of it is a surface
    depth_m[:2, 2:] = ((1.0, np.inf), (np.nan, np.nan))
    depth_m[2:, 2:] = ((-np.inf, np.inf), (np.nan, np.nan))
    small = reduce_reading(read_sides(depth_m, SETTINGS), 2)
    np.testing.assert_array_equal(small.measured, [[True, False], [False, False]])
    np.testing.assert_array_equal(small.beyond, [[False, True], [False, True]])
    np.testing.assert_array_equal(small.nearer, [[False, False], [False, True]])


def test_a_side_in_a_larger_picture_is_never_lost_in_a_smaller_one():
    side = np.zeros((48, 64), np.bool_)
    side[17, 23] = True
    assert fit_side(side, (7, 9)).sum() >= 1
    np.testing.assert_array_equal(fit_side(side, (96, 128)), np.kron(side, np.ones((2, 2), bool)))


@pytest.mark.parametrize('side', [np.inf, -np.inf])
def test_single_pixels_of_a_fine_sensor_are_marked_in_the_image_as_they_are(side: float):
    """K1, K2: a crack that a reduced prompt averages away; no more is lost than its pixels."""
    depth_m = np.full((480, 640), 1.0, np.float32)
    depth_m[100:200, 300], depth_m[7, 7] = side, side
    marked = find_out_of_range(condition(depth_m, SETTINGS), (480, 640))
    np.testing.assert_array_equal(marked, np.isinf(depth_m))


def test_nothing_is_marked_where_nothing_is_out_of_range():
    assert find_out_of_range(condition(np.ones((4, 4), np.float32), SETTINGS), (8, 8)) is None


@given(
    st.tuples(st.integers(2, 40), st.integers(2, 40)),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.data(),
)
def test_a_marked_pixel_always_leaves_one(size, wanted, data):
    """Also where there are as many rows and fewer columns: a mask may be the robot itself."""
    side = np.zeros(size, np.bool_)
    side[data.draw(st.integers(0, size[0] - 1)), data.draw(st.integers(0, size[1] - 1))] = True
    assert fit_side(side, wanted).any()
