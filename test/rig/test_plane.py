# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.rig.plane."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.core.frame import Intrinsics
from promptda_ros.rig.plane import fit_plane, is_on, outlier_share, Plane, Rays, residual_m

CAMERA = Intrinsics(width=64, height=48, fx=60.0, fy=58.0, cx=30.0, cy=25.0)
WHOLE = Rays.of(CAMERA, (48, 64), (slice(None), slice(None)))


def plane_at(distance_m: float, across: float, down: float) -> Plane:
    """Return a plane by its distance and the slope of its normal."""
    normal = np.array([across, down, 1.0]) / np.linalg.norm([across, down, 1.0])
    return Plane(normal / distance_m)


@given(st.floats(0.2, 8.0), st.floats(-0.6, 0.6), st.floats(-0.6, 0.6))
def test_any_plane_is_found_again(distance_m, across, down):
    exact = plane_at(distance_m, across, down)
    found = fit_plane(exact.depth_m(WHOLE), WHOLE)
    assert found.distance_m == pytest.approx(distance_m, rel=1e-4)
    assert found.tilt_deg == pytest.approx(exact.tilt_deg, abs=0.02)


def test_a_quarter_of_other_surfaces_and_holes_do_not_move_it():
    depth_m = plane_at(1.5, 0.1, -0.2).depth_m(WHOLE)
    depth_m[:24, :32] += 0.3
    depth_m[40:, :] = np.nan
    found = fit_plane(depth_m, WHOLE)
    assert found.distance_m == pytest.approx(1.5, abs=1e-4)
    off_m = residual_m(depth_m, found, WHOLE)
    assert np.nanmedian(off_m[:24, :32]) == pytest.approx(0.3, abs=1e-3)
    assert outlier_share(off_m, found) == pytest.approx(24 * 32 / (40 * 64))
    assert not is_on(off_m, found)[40:].any()


def test_noise_of_two_percent_does_not_bias_the_distance():
    rng = np.random.default_rng(1)
    exact_m = plane_at(2.0, 0.0, 0.0).depth_m(WHOLE)
    found_m = [
        fit_plane(exact_m + 0.04 * rng.standard_normal(exact_m.shape), WHOLE).distance_m
        for _ in range(20)
    ]
    assert np.mean(found_m) == pytest.approx(2.0, abs=0.001)


def test_a_window_has_the_rays_of_its_pixels_at_any_size():
    exact, half = plane_at(1.0, 0.3, 0.1), Rays.of(CAMERA, (24, 32), (slice(6, 18), slice(8, 24)))
    assert fit_plane(exact.depth_m(half), half).distance_m == pytest.approx(1.0, rel=1e-4)


@pytest.mark.parametrize('shape', ['nothing', 'one row', 'too little'])
def test_what_no_plane_goes_through_has_none(shape):
    depth_m = np.full((48, 64), np.nan, np.float32)
    if shape == 'one row':
        depth_m[3] = 1.0
    if shape == 'too little':
        depth_m[3:5, 3:5] = 1.0
    assert fit_plane(depth_m, WHOLE) is None
