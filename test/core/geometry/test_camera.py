# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Projection and its laws: what is done to an image is done to its intrinsics."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
import runpy

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.core.frame import Intrinsics
from promptda_ros.core.geometry import camera

_PINHOLE = runpy.run_path(str(Path(__file__).parents[2] / 'pinhole.py'))
project = _PINHOLE['project']
back_project = _PINHOLE['back_project']

CAMERA = Intrinsics(width=640, height=480, fx=610.0, fy=605.0, cx=322.5, cy=238.25)

focal_px = st.floats(50.0, 3000.0)
sides_px = st.integers(2, 2000)
cameras = st.builds(
    Intrinsics,
    width=sides_px,
    height=sides_px,
    fx=focal_px,
    fy=focal_px,
    cx=st.floats(-100.0, 2100.0),
    cy=st.floats(-100.0, 2100.0),
)


@st.composite
def points(draw: st.DrawFn) -> np.ndarray:
    """Some points (N, 3) in front of the camera."""
    count = draw(st.integers(1, 20))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return random.uniform((-2, -2, 0.05), (2, 2, 20), (count, 3))


@given(cameras, points())
def test_back_project_undoes_project(intrinsics, points_m):
    pixels = project(intrinsics, points_m)
    lifted_m = back_project(intrinsics, pixels, points_m[:, 2])
    np.testing.assert_allclose(lifted_m, points_m, rtol=1e-9, atol=1e-9)


@given(cameras, points())
def test_project_undoes_back_project(intrinsics, points_m):
    pixels = points_m[:, :2] * 300.0
    lifted_m = back_project(intrinsics, pixels, points_m[:, 2])
    np.testing.assert_allclose(project(intrinsics, lifted_m), pixels, atol=1e-6)


@given(cameras, points(), st.integers(0, 500), st.integers(0, 500))
def test_cropping_the_camera_moves_every_pixel_alike(intrinsics, points_m, left, top):
    """E5: a region of interest."""
    cropped = camera.crop(intrinsics, left=left, top=top, width=10, height=20)
    assert (cropped.width, cropped.height) == (10, 20)
    expected = project(intrinsics, points_m) - (left, top)
    np.testing.assert_allclose(project(cropped, points_m), expected, atol=1e-6)


@given(cameras, points(), st.integers(1, 8), st.integers(1, 8))
def test_binning_divides_pixels_as_camera_info_defines_it(intrinsics, points_m, across, down):
    """E5: cx' = cx / n, without the half pixel that resizing has."""
    binned = camera.bin_pixels(intrinsics, across=across, down=down)
    assert (binned.width, binned.height) == (intrinsics.width // across, intrinsics.height // down)
    expected = project(intrinsics, points_m) / (across, down)
    np.testing.assert_allclose(project(binned, points_m), expected, atol=1e-6)


@given(cameras, points(), sides_px, sides_px)
def test_resizing_keeps_what_a_pixel_sees(intrinsics, points_m, width, height):
    """C8: pixel centres lie at integers, so that corners lie at halves."""
    resized = camera.resize(intrinsics, width=width, height=height)
    scale = (width / intrinsics.width, height / intrinsics.height)
    expected = (project(intrinsics, points_m) + 0.5) * scale - 0.5
    np.testing.assert_allclose(project(resized, points_m), expected, atol=1e-4)


@given(cameras, sides_px, sides_px)
def test_resizing_there_and_back_changes_nothing(intrinsics, width, height):
    there = camera.resize(intrinsics, width=width, height=height)
    back = camera.resize(there, width=intrinsics.width, height=intrinsics.height)
    assert (back.width, back.height) == (intrinsics.width, intrinsics.height)
    for name in ('fx', 'fy', 'cx', 'cy'):
        assert getattr(back, name) == pytest.approx(getattr(intrinsics, name), abs=1e-6)


def test_rays_are_the_points_of_every_pixel_one_metre_away():
    small = replace(CAMERA, width=8, height=6, cx=3.25, cy=2.5)
    across, down = camera.rays(small)
    assert (across.shape, down.shape) == ((1, 8), (6, 1))
    assert across.dtype == down.dtype == np.float32
    rows, columns = np.mgrid[0:6, 0:8]
    pixels = np.stack((columns.ravel(), rows.ravel()), axis=1).astype(float)
    lifted_m = back_project(small, pixels, np.ones(48))
    np.testing.assert_allclose(np.broadcast_to(across, (6, 8)).ravel(), lifted_m[:, 0], atol=1e-7)
    np.testing.assert_allclose(np.broadcast_to(down, (6, 8)).ravel(), lifted_m[:, 1], atol=1e-7)


def test_right_is_x_and_below_is_y():
    """J2: the optical frame of REP 103."""
    right, below = back_project(CAMERA, np.array([[600.0, 0], [0, 400]]), np.ones(2))
    assert right[0] > 0 > right[1]
    assert below[1] > 0 > below[0]


shares = st.floats(0.0, 1.0)


@given(sides_px, st.floats(10.0, 150.0), st.floats(1.0, 2.0), shares, shares)
def test_a_plausible_camera_is_returned_as_it_is(side_px, field_deg, askew, across, down):
    """K4: of any size, field of view and shape of pixels, with its axis anywhere inside."""
    focal_px = side_px / 2 / np.tan(np.radians(field_deg) / 2)
    cx, cy = across * side_px - 0.5, down * side_px - 0.5
    intrinsics = Intrinsics(side_px, side_px, focal_px, focal_px * askew, cx, cy)
    assert camera.check(intrinsics) is intrinsics


@pytest.mark.parametrize('bad', [float('nan'), float('inf'), float('-inf')])
@pytest.mark.parametrize('name', ['fx', 'fy', 'cx', 'cy'])
def test_a_value_that_is_not_finite_is_refused(name, bad):
    """E2: NaN and infinity."""
    with pytest.raises(camera.BadIntrinsics, match='not finite'):
        camera.check(replace(CAMERA, **{name: bad}))


@pytest.mark.parametrize('bad', [0.0, -0.0, -600.0])
@pytest.mark.parametrize('name', ['fx', 'fy'])
def test_a_focal_length_that_is_not_positive_is_refused(name, bad):
    """E2: an uncalibrated driver leaves K all zero."""
    with pytest.raises(camera.BadIntrinsics, match='not positive'):
        camera.check(replace(CAMERA, **{name: bad}))


@pytest.mark.parametrize(
    'changes, text',
    [
        ({'cx': -1.0}, r'principal point \(-1, 238.25\) lies outside the image of 640x480'),
        ({'cx': 640.0}, 'lies outside'),
        ({'cy': 480.0}, 'lies outside'),
        ({'fx': 1e-300, 'fy': 1e-300}, 'field of view of 180 degrees, not 5 to 170'),
        ({'fx': 20.0, 'fy': 20.0}, 'field of view of 173 degrees'),
        ({'fx': 1e5, 'fy': 1e5}, 'field of view of 0.367 degrees'),
        ({'fx': 200.0}, 'fx 200 and fy 605 differ by more than 2.5 times'),
        ({'fy': 1e300}, 'differ by more than'),
    ],
)
def test_what_no_camera_has_is_refused_with_the_numbers(changes, text):
    """K4: each of these would be a cloud of the wrong width, published with confidence."""
    with pytest.raises(camera.BadIntrinsics, match=text):
        camera.check(replace(CAMERA, **changes))


@given(*[st.floats()] * 4, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_any_numbers_are_a_camera_or_refused(fx, fy, cx, cy, width, height):
    """J1: never another exception."""
    intrinsics = Intrinsics(width, height, fx=fx, fy=fy, cx=cx, cy=cy)
    try:
        assert camera.check(intrinsics) is intrinsics
    except camera.BadIntrinsics:
        return
    across, down = camera.rays(replace(intrinsics, width=2, height=2))
    assert np.isfinite(across).all()
    assert np.isfinite(down).all()
