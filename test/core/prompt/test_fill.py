# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.prompt.fill."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.core.frame import FloatImage, Mask
from promptda_ros.core.prompt.fill import distance_px, fill_holes, fill_with_nearest, is_dense

HEIGHT, WIDTH = 48, 64


def slope() -> FloatImage:
    """A table that recedes from 0.9 m at the bottom to 1.1 m at the top."""
    rows = np.linspace(1.1, 0.9, HEIGHT, dtype=np.float32)
    return np.repeat(rows[:, None], WIDTH, axis=1)


def lines(apart: int) -> Mask:
    measured = np.zeros((HEIGHT, WIDTH), bool)
    measured[apart // 2 :: apart] = True
    return measured


def zones(apart: int) -> Mask:
    measured = np.zeros((HEIGHT, WIDTH), bool)
    measured[apart // 2 :: apart, apart // 2 :: apart] = True
    return measured


def dense(share: float) -> Mask:
    return np.random.default_rng(0).random((HEIGHT, WIDTH)) < share


def only(depth_m: FloatImage, measured: Mask) -> FloatImage:
    return np.where(measured, depth_m, np.float32(0))


@given(st.integers(0, 2**32 - 1), st.floats(0.02, 0.95))
def test_filling_keeps_what_is_measured_and_never_leaves_its_range(seed: int, share: float):
    random = np.random.default_rng(seed)
    depth_m = random.uniform(0.3, 3.0, (24, 32)).astype(np.float32)
    measured = random.random(depth_m.shape) < share
    measured[0, 0] = True
    filled_m = fill_holes(only(depth_m, measured), measured)
    np.testing.assert_array_equal(filled_m[measured], depth_m[measured])
    assert filled_m.dtype == np.float32
    assert filled_m.min() >= depth_m[measured].min() * (1 - 1e-6)
    assert filled_m.max() <= depth_m[measured].max() * (1 + 1e-6)


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.95))
def test_the_nearest_fill_takes_only_measured_values(seed: int, share: float):
    random = np.random.default_rng(seed)
    depth_m = random.uniform(0.3, 3.0, (24, 32)).astype(np.float32)
    measured = random.random(depth_m.shape) < share
    measured[0, 0] = True
    filled_m = fill_with_nearest(only(depth_m, measured), measured)
    assert np.isin(filled_m, depth_m[measured]).all()


def test_what_is_measured_everywhere_stays_as_it_is():
    depth_m = slope()
    assert fill_holes(depth_m, np.ones_like(depth_m, dtype=bool)) is depth_m


@pytest.mark.parametrize('share', [0.5, 0.7, 0.95])
def test_holes_of_a_dense_image_take_the_nearest_measurement(share: float):
    """D4, D5: as the embedded network was trained with."""
    depth_m, measured = only(slope(), dense(share)), dense(share)
    assert is_dense(measured)
    np.testing.assert_array_equal(
        fill_holes(depth_m, measured), fill_with_nearest(depth_m, measured)
    )


def test_a_large_hole_takes_the_nearest_measurement():
    measured = np.ones((HEIGHT, WIDTH), bool)
    measured[8:, 4:] = False
    filled_m = fill_holes(only(slope(), measured), measured)
    np.testing.assert_array_equal(filled_m, fill_with_nearest(slope(), measured))


def test_the_nearest_is_the_nearest():
    depth_m = np.zeros((9, 21), np.float32)
    measured = np.zeros_like(depth_m, dtype=bool)
    depth_m[4, 0], depth_m[4, 20] = 1.0, 2.0
    measured[4, 0] = measured[4, 20] = True
    filled_m = fill_holes(depth_m, measured)
    assert (filled_m[:, :9] == 1.0).all()
    assert (filled_m[:, 12:] == 2.0).all()


@pytest.mark.parametrize('measured', [lines(6), lines(12), zones(4), zones(8)])
def test_between_sparse_measurements_a_slope_has_no_stairs(measured: Mask):
    """D16: lines of a LiDAR and zones of a ToF chip; stairs of nearest neighbours are surfaces."""
    assert not is_dense(measured)
    depth_m = slope()
    rows, columns = np.nonzero(measured)
    inside = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    filled_m = fill_holes(only(depth_m, measured), measured)
    stairs_m = fill_with_nearest(only(depth_m, measured), measured)
    error_m, stairs_error_m = np.abs(filled_m - depth_m), np.abs(stairs_m - depth_m)
    assert error_m[inside].mean() < 0.5 * stairs_error_m[inside].mean()
    assert np.abs(np.diff(filled_m[inside], axis=0)).max() < 0.02


def test_between_lines_of_one_plane_depth_is_linear():
    measured = lines(12)
    filled_m = fill_holes(only(slope(), measured), measured)
    np.testing.assert_allclose(filled_m[6:43, 12:52], slope()[6:43, 12:52], atol=2e-3)


@pytest.mark.parametrize('measured', [lines(6), zones(4)])
def test_no_depth_arises_between_two_surfaces(measured: Mask):
    """A value between a box and the table behind it is a lie."""
    depth_m = np.full((HEIGHT, WIDTH), 1.0, np.float32)
    depth_m[16:32, 20:40] = 0.7
    filled_m = fill_holes(only(depth_m, measured), measured)
    assert np.isclose(filled_m, 0.7).any()
    assert (np.isclose(filled_m, 0.7) | np.isclose(filled_m, 1.0)).all()


def test_far_from_all_measurements_the_nearest_counts():
    measured = np.zeros((200, 64), bool)
    measured[:20:6] = True
    depth_m = np.repeat(np.linspace(1.0, 1.05, 200, dtype=np.float32)[:, None], 64, axis=1)
    filled_m = fill_holes(only(depth_m, measured), measured)
    np.testing.assert_array_equal(filled_m[60:], np.broadcast_to(depth_m[18], (140, 64)))


def test_filling_depth_times_k_gives_the_filled_depth_times_k():
    """Metric honesty."""
    measured = zones(4)
    once_m = fill_holes(only(slope(), measured), measured)
    np.testing.assert_allclose(fill_holes(only(slope() * 2, measured), measured), once_m * 2)


def test_distance_is_counted_from_the_nearest_measurement():
    measured = np.zeros((9, 9), bool)
    measured[4, 4] = True
    distance = distance_px(measured)
    assert distance[4, 4] == 0
    assert distance[4, 0] == pytest.approx(4.0, rel=0.03)
    assert distance[0, 0] == pytest.approx(np.hypot(4, 4), rel=0.03)
