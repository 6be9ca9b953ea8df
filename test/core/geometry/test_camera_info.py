# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A camera_info has one reading in which it does not contradict itself, or it is refused."""

from __future__ import annotations

from pathlib import Path
import runpy
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.core.frame import Intrinsics
from promptda_ros.core.geometry import camera
from promptda_ros.core.geometry.camera import BadIntrinsics
from promptda_ros.core.geometry.camera_info import (
    is_ideal,
    read_camera_info,
    rotation_of,
    same_camera,
    STRAIGHT,
)

_PINHOLE = runpy.run_path(str(Path(__file__).parents[2] / 'pinhole.py'))
project = _PINHOLE['project']

K = (600.0, 0.0, 319.5, 0.0, 610.0, 239.5, 0.0, 0.0, 1.0)
WHOLE = {'x_offset': 0, 'y_offset': 0, 'width': 0, 'height': 0}
NO_P, NO_R = (0.0,) * 12, (0.0,) * 9


def p_of(k: tuple[float, ...]) -> tuple[float, ...]:
    return (k[0], 0.0, k[2], 0.0, 0.0, k[4], k[5], 0.0, 0.0, 0.0, 1.0, 0.0)


def info(k: tuple[float, ...] = K, **fields: Any) -> Any:
    """Return a camera_info of 640x480 whose P is K, unless told otherwise."""
    roi = SimpleNamespace(**{**WHOLE, **fields.pop('roi', {})})
    given = {'width': 640, 'height': 480, 'k': k, 'p': p_of(k), 'r': STRAIGHT, 'd': ()}
    return SimpleNamespace(
        **{'distortion_model': '', 'binning_x': 0, 'binning_y': 0, 'roi': roi, **given, **fields}
    )


def read(message: Any, height: int = 480, width: int = 640, **how: bool) -> Any:
    return read_camera_info(message, height=height, width=width, **{'rectified': False, **how})


@st.composite
def cameras(draw: st.DrawFn) -> Intrinsics:
    """Sensors of a size that bins well, with their axis near the middle."""
    width, height = draw(st.integers(20, 200)) * 12, draw(st.integers(20, 200)) * 12
    focal_px = max(width, height) * draw(st.floats(0.3, 3.0))
    across, down = (draw(st.floats(0.4, 0.6)) for _ in range(2))
    fy = focal_px * draw(st.floats(0.8, 1.25))
    return Intrinsics(width, height, focal_px, fy, across * width - 0.5, down * height - 0.5)


def matrix_of(intrinsics: Intrinsics) -> tuple[float, ...]:
    fx, fy, cx, cy = intrinsics.fx, intrinsics.fy, intrinsics.cx, intrinsics.cy
    return (fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0)


def assert_alike(found: Intrinsics, expected: Intrinsics) -> None:
    """Compare where points are seen."""
    assert (found.width, found.height) == (expected.width, expected.height)
    points_m = np.random.default_rng(5).uniform((-1, -1, 0.5), (1, 1, 4), (20, 3))
    places = (project(each, points_m) for each in (found, expected))
    np.testing.assert_allclose(*places, rtol=1e-9, atol=1e-6)


binnings = st.sampled_from([1, 2, 3, 4])


@given(cameras(), binnings, binnings)
def test_binning_is_worked_in_once_whatever_k_is_of(sensor, across, down):
    """K4, E5: of the whole sensor, as sensor_msgs says, or of the binned pixels already."""
    binned = camera.bin_pixels(sensor, across=across, down=down)
    size = {'width': sensor.width, 'height': sensor.height}
    how = {**size, 'binning_x': across, 'binning_y': down}
    for k in (matrix_of(sensor), matrix_of(binned)):
        reading = read(info(k, **how), binned.height, binned.width)
        assert_alike(reading.intrinsics, binned)
        is_as_documented = k == matrix_of(sensor)
        assert (reading.odd == '') == is_as_documented
        rectified = read(info(k, **how), binned.height, binned.width, rectified=True)
        assert rectified == reading


@given(cameras(), st.floats(0.3, 0.6), st.floats(0.3, 0.6))
def test_a_region_of_interest_is_worked_in_once_whatever_k_is_of(sensor, across, down):
    """K4, E5: at a corner of the sensor, where its own axis is far off the middle."""
    left, top = int(sensor.width * across), int(sensor.height * down)
    width, height = sensor.width - left, sensor.height - top
    region = camera.crop(sensor, left=left, top=top, width=width, height=height)
    roi = {'x_offset': left, 'y_offset': top, 'width': width, 'height': height}
    size = {'width': sensor.width, 'height': sensor.height}
    for k in (matrix_of(sensor), matrix_of(region)):
        reading = read(info(k, roi=roi, **size), height, width)
        assert_alike(reading.intrinsics, region)
        assert (reading.odd == '') == (k == matrix_of(sensor))


@given(cameras())
def test_a_plausible_calibration_is_read_as_it_is(sensor):
    for rectified in (False, True):
        how = {'width': sensor.width, 'height': sensor.height}
        reading = read(
            info(matrix_of(sensor), **how), sensor.height, sensor.width, rectified=rectified
        )
        assert reading.intrinsics == sensor
        assert reading.odd == ''


@given(cameras(), st.floats(0.3, 3.0))
def test_a_resized_image_sees_the_same_when_that_is_asked_for(sensor, scale):
    """E4: to the aspect ratio that whole pixels allow."""
    width, height = round(sensor.width * scale), round(sensor.height * scale)
    message = info(matrix_of(sensor), width=sensor.width, height=sensor.height)
    found = read(message, height, width, rescale=True).intrinsics
    assert_alike(found, camera.resize(sensor, width=width, height=height))


def test_a_size_that_is_of_the_binned_image_is_refused_with_the_binning_named():
    """K4: and what the sentence advises fixes it."""
    message = info(binning_x=2, binning_y=2)
    with pytest.raises(BadIntrinsics) as refused:
        read(message)
    assert '320x240 (640x480, binning 2x2) but the image is 640x480' in str(refused.value)
    assert 'publish binning 1' in str(refused.value)
    assert read(message, rescale=True).intrinsics == read(info(binning_x=1)).intrinsics
    assert 'binning 2x2' in read(message, rescale=True).odd


@pytest.mark.parametrize('rescale', [False, True])
def test_binning_that_leaves_no_pixel_is_refused(rescale):
    """K4: it was a division by zero."""
    with pytest.raises(BadIntrinsics, match='binning 1000x1000, which leaves no pixel'):
        read(info(binning_x=1000, binning_y=1000), rescale=rescale)


def test_a_region_outside_the_sensor_is_refused_with_both():
    roi = {'x_offset': 400, 'y_offset': 0, 'width': 320, 'height': 240}
    with pytest.raises(BadIntrinsics, match=r'320x240 at \(400, 0\) lies outside the 640x480'):
        read(info(roi=roi), 240, 320)


@pytest.mark.parametrize('size', [{'width': 0, 'height': 0}, {'width': 0}])
@pytest.mark.parametrize('binning', [1, 2])
def test_a_size_that_is_missing_is_that_of_the_image(size, binning):
    """E3: before binning."""
    fields = {**size, 'binning_x': binning, 'binning_y': binning}
    found = read(info(**fields), 480 // binning, 640 // binning).intrinsics
    assert (found.width, found.fx) == (640 // binning, 600 / binning)


@pytest.mark.parametrize('k', [(0.0,) * 9, (1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0)])
def test_an_empty_k_is_p_where_nothing_is_bent(k):
    """K4: zeros, or the identity that a message library fills in."""
    reading = read(info(k, p=p_of(K)))
    assert reading.intrinsics == read(info()).intrinsics
    assert 'P is taken' in reading.odd
    with pytest.raises(BadIntrinsics, match=r'\(K\[0\]='):
        read(info(k, p=p_of(K), d=(0.1, 0.0, 0.0, 0.0)))
    with pytest.raises(BadIntrinsics, match=r'\(K\[0\]='):
        read(info(k, p=NO_P))


def test_a_k_that_may_be_of_another_size_is_taken_and_said():
    """K4: or the image is cropped in software, which moves its principal point anywhere."""
    reading = read(info((300.0, 0.0, 159.5, 0.0, 305.0, 119.5, 0.0, 0.0, 1.0)))
    assert reading.intrinsics.fx == 300.0
    assert 'principal point (159.5, 119.5) of K lies far off the middle of 640x480' in reading.odd


def test_an_empty_p_and_r_are_k_and_straight():
    """K4: as depthai and ZED publish them."""
    message = info(p=NO_P, r=NO_R)
    assert read(message, rectified=True) == read(message) == read(info())
    assert rotation_of(message) == rotation_of(info(r=NO_R)) == STRAIGHT


@pytest.mark.parametrize(
    'r', [(2.0, 0, 0, 0, 2.0, 0, 0, 0, 2.0), (1, 0, 0, 0, 1, 0, 0, 0, -1), (float('nan'),) * 9]
)
def test_an_r_that_is_no_rotation_is_refused(r):
    """K4: two times the identity would halve the depth."""
    with pytest.raises(BadIntrinsics, match='R that would scale or bend depth'):
        rotation_of(info(r=r))


@pytest.mark.parametrize('rectified', [False, True])
def test_an_r_that_is_not_used_refuses_nothing(rectified):
    """Only rectifying here turns a picture by it."""
    message = info(r=(0.5,) * 9)
    assert read(message, rectified=rectified) == read(info())


def test_an_r_rounded_by_hand_is_the_rotation_nearest_to_it():
    found = np.reshape(rotation_of(info(r=(0.707, -0.707, 0, 0.707, 0.707, 0, 0, 0, 1))), (3, 3))
    np.testing.assert_allclose(found @ found.T, np.eye(3), atol=1e-12)
    assert found[0, 1] < 0 < found[1, 0]


def test_k_and_p_that_contradict_each_other_are_refused_with_both():
    """K4: one of them would make the cloud twice as wide."""
    half = (300.0, 0.0, 319.5, 0.0, 305.0, 239.5, 0.0, 0.0, 1.0)
    for rectified in (False, True):
        with pytest.raises(BadIntrinsics, match='600, 610 in K and 300, 305 in P though nothing'):
            read(info(p=p_of(half)), rectified=rectified)
    bent = info(p=p_of(half), d=(-0.3, 0.1, 0.0, 0.0))
    assert read(bent, rectified=True).intrinsics.fx == 300.0
    far = info(p=p_of((100.0, 0.0, 319.5, 0.0, 100.0, 239.5, 0.0, 0.0, 1.0)), d=bent.d)
    with pytest.raises(BadIntrinsics, match='100, 100 in P; calibrate'):
        read(far, rectified=True)
    assert read(far).intrinsics.fx == 600.0


def test_a_p_left_from_another_size_says_nothing_of_a_raw_image():
    twice = (1200.0, 0.0, 639.5, 0.0, 1220.0, 479.5, 0.0, 0.0, 1.0)
    assert read(info(p=p_of(twice))).intrinsics == read(info()).intrinsics
    with pytest.raises(BadIntrinsics):
        read(info(p=p_of(twice)), rectified=True)


def test_cameras_are_the_same_if_everything_but_the_header_is():
    """K5: P tells the two of a stereo pair apart, and nothing is evidence of nothing."""
    assert same_camera(info(), info())
    right = list(p_of(K))
    right[3] = -60.0
    others = [{'p': tuple(right)}, {'width': 641}, {'d': (0.1,)}, {'binning_x': 2}, {'r': NO_R}]
    for other in (info((600.1, *K[1:])), *(info(**fields) for fields in others)):
        assert not same_camera(info(), other)
    assert not same_camera(info((0.0,) * 9), info((0.0,) * 9))


@pytest.mark.parametrize('cx, cy', [(319.5, 239.5), (320.0, 240.0), (320.5, 240.5)])
def test_simulators_centre_their_cameras_to_the_pixel(cx, cy):
    assert is_ideal(info((600.0, 0.0, cx, 0.0, 600.1, cy, 0.0, 0.0, 1.0)))


@pytest.mark.parametrize('fx, cx', [(600.0, 315.2), (604.0, 319.5), (0.0, 0.0)])
def test_a_measured_camera_is_not_ideal(fx, cx):
    assert not is_ideal(info((fx, 0.0, cx, 0.0, 600.0, 239.5, 0.0, 0.0, 1.0)))


counts = st.integers(0, 2**32 - 1) | st.integers(0, 700)
numbers = st.floats() | st.sampled_from([0.0, 1.0, 320.0, 600.0])
messages = st.builds(
    info,
    st.tuples(*[numbers] * 9),
    p=st.tuples(*[numbers] * 12),
    r=st.tuples(*[numbers] * 9) | st.just(STRAIGHT),
    d=st.lists(numbers, max_size=6),
    width=counts,
    height=counts,
    binning_x=counts,
    binning_y=counts,
    roi=st.fixed_dictionaries(dict.fromkeys(WHOLE, counts)),
)


@given(messages, st.booleans(), st.booleans(), st.integers(1, 700), st.integers(1, 700))
def test_any_camera_info_is_read_or_refused(message, rectified, rescale, height, width):
    """J1, K4, K9: never another exception, and never intrinsics of another size."""
    try:
        found = read(message, height, width, rectified=rectified, rescale=rescale).intrinsics
    except BadIntrinsics:
        return
    assert (found.width, found.height) == (width, height)
    assert np.isfinite([found.fx, found.fy, found.cx, found.cy]).all()
    assert min(found.fx, found.fy) > 0
