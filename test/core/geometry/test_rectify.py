# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a lens bends is straight again, in images, depth and masks of any size."""

from __future__ import annotations

from dataclasses import replace
import weakref

import cv2
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.core.frame import Intrinsics
from promptda_ros.core.geometry import camera
from promptda_ros.core.geometry.rectify import known_lens, Lens, Rectifier, UnknownLens

WIDTH, HEIGHT = 320, 240
PINHOLE = Intrinsics(width=WIDTH, height=HEIGHT, fx=200.0, fy=202.0, cx=161.0, cy=118.0)
WIDER = replace(PINHOLE, fx=180.0, fy=181.0, cx=158.5, cy=121.25)
MODELS = {
    'plumb_bob': (-0.25, 0.08, 0.001, -0.0007, 0.01),
    'rational_polynomial': (0.4, -0.1, 0.0005, -0.0002, 0.02, 0.7, -0.15, 0.03),
    'equidistant': (-0.02, 0.005, -0.001, 0.0003),
    'fisheye': (-0.02, 0.005, -0.001, 0.0003),
}
STRAIGHT = np.eye(3)
TURN = cv2.Rodrigues(np.array([0.01, -0.02, 0.005]))[0]


def lens_of(model, *, rotation=STRAIGHT, rectified=WIDER):
    return Lens(model, MODELS[model], PINHOLE, rectified, tuple(rotation.ravel()))


def distort(model, points):
    """Return where the distorted camera sees points (N, 3) of its own frame, by definition."""
    matrix = np.array([[PINHOLE.fx, 0, PINHOLE.cx], [0, PINHOLE.fy, PINHOLE.cy], [0, 0, 1]])
    zero, d = np.zeros(3), np.asarray(MODELS[model])
    if model in ('equidistant', 'fisheye'):
        found = cv2.fisheye.projectPoints(points[:, None], zero, zero, matrix, d)[0]
    else:
        found = cv2.projectPoints(points, zero, zero, matrix, d)[0]
    return found.reshape(-1, 2)


def ramp():
    """Return pictures whose values are the column and the row of each pixel."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    return columns, rows


@pytest.mark.parametrize('model', MODELS)
@pytest.mark.parametrize('rotation', [STRAIGHT, TURN], ids=['straight', 'turned'])
def test_a_rectified_pixel_shows_what_a_pinhole_camera_would_see(model, rotation):
    """E8: depth is taken from the nearest pixel, at most half a pixel off in each direction."""
    rectifier = Rectifier(lens_of(model, rotation=rotation))
    rays = np.stack(np.broadcast_arrays(*camera.rays(WIDER), np.float32(1)), axis=-1)
    places = distort(model, rays.reshape(-1, 3).astype(float) @ rotation)
    columns, rows = (rectifier.depth(picture) for picture in ramp())
    if not np.array_equal(rotation, STRAIGHT):
        before = (rays @ rotation.astype(np.float32))[..., 2]
        columns, rows = columns * before, rows * before
    found = np.stack((columns, rows), axis=-1).reshape(-1, 2)
    seen = np.isfinite(found).all(axis=1)
    assert seen.mean() > 0.8
    assert np.abs(found - places)[seen].max() <= 0.55  # half a pixel, maps in 1/32 pixels


def test_an_image_is_taken_between_pixels():
    columns, _ = ramp()
    picture = np.repeat((columns * 0.7).astype(np.uint8)[..., None], 3, axis=2)
    rectifier = Rectifier(lens_of('plumb_bob'))
    exact = rectifier.depth(columns) * 0.7
    covered = ~rectifier.uncovered(HEIGHT, WIDTH)
    found = rectifier.image(picture)
    assert (found.shape, found.dtype) == (picture.shape, np.uint8)
    inside = cv2.erode(covered.astype(np.uint8), np.ones((5, 5)), borderValue=0) > 0
    assert np.abs(found[..., 0] - exact)[inside].max() <= 1.5


def test_no_depth_arises_between_two_surfaces():
    """Neither a mean of near and far, nor of known and unknown."""
    random = np.random.default_rng(3)
    depth_m = random.choice(np.float32([0.5, 2.0, np.nan]), (HEIGHT, WIDTH))
    found = Rectifier(lens_of('plumb_bob')).depth(depth_m)
    assert set(np.unique(found[np.isfinite(found)])) == {0.5, 2.0}


@pytest.mark.parametrize('scale', [0.5, 2.0])
def test_depth_of_another_size_is_bent_alike(scale):
    """Depth registered to an image may have other pixels than the image."""
    size = (int(WIDTH * scale), int(HEIGHT * scale))
    rectifier = Rectifier(lens_of('plumb_bob'))
    columns, _ = ramp()
    small = cv2.resize(columns, size, interpolation=cv2.INTER_LINEAR)
    found = cv2.resize(rectifier.depth(small), (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)
    both = np.isfinite(found) & np.isfinite(expected := rectifier.depth(columns))
    assert np.abs(found - expected)[both].max() <= 4.0  # two pixels of the smaller one


def test_depth_along_the_axis_changes_when_the_axis_turns():
    """A plane before the distorted camera is the same plane before the rectified one."""
    rectifier = Rectifier(lens_of('plumb_bob', rotation=TURN))
    found_m = rectifier.depth(np.full((HEIGHT, WIDTH), 1.5, np.float32))
    columns, rows = camera.rays(WIDER)
    points = np.stack((columns * found_m, rows * found_m, found_m), axis=-1)
    distorted_z = (points.reshape(-1, 3) @ TURN)[:, 2]
    known = np.isfinite(distorted_z)
    np.testing.assert_allclose(distorted_z[known], 1.5, atol=1e-5)


def test_what_the_camera_did_not_see_is_unknown():
    far_wider = replace(PINHOLE, fx=100.0, fy=100.0)
    rectifier = Rectifier(lens_of('plumb_bob', rectified=far_wider))
    uncovered = rectifier.uncovered(HEIGHT, WIDTH)
    assert uncovered[0, 0]
    assert not uncovered[HEIGHT // 2, WIDTH // 2]
    depth_m = rectifier.depth(np.ones((HEIGHT, WIDTH), np.float32))
    np.testing.assert_array_equal(np.isnan(depth_m), uncovered)
    assert not rectifier.image(np.full((HEIGHT, WIDTH, 3), 255, np.uint8))[0, 0].any()
    closer = replace(PINHOLE, fx=400.0, fy=400.0)
    all_seen = Rectifier(lens_of('plumb_bob', rectified=closer))
    assert all_seen.uncovered(HEIGHT, WIDTH) is None


@pytest.mark.parametrize('rotation', [STRAIGHT, TURN], ids=['straight', 'turned'])
def test_the_sides_of_the_range_are_bent_as_depth_is(rotation):
    """K1, K2."""
    rectifier = Rectifier(lens_of('plumb_bob', rotation=rotation))
    kinds = np.float32([1.0, np.inf, -np.inf])[np.indices((HEIGHT, WIDTH)).sum(axis=0) // 40 % 3]
    found = rectifier.depth(kinds)
    numbers = np.select([kinds == np.inf, kinds == -np.inf], [3.0, 2.0], 1.0)
    codes = rectifier.depth(numbers.astype(np.float32))
    for side, code in ((np.inf, 3.0), (-np.inf, 2.0)):
        np.testing.assert_array_equal(found == side, np.isclose(codes, code, rtol=0.1))


def test_a_mask_is_bent_as_depth_is():
    columns, _ = ramp()
    rectifier = Rectifier(lens_of('equidistant'))
    mask = rectifier.mask(columns > 100)
    assert mask.dtype == np.bool_
    np.testing.assert_array_equal(mask, rectifier.depth(columns) > 100)


@pytest.mark.parametrize('model', MODELS)
@pytest.mark.parametrize('surplus', [1, 3, 10])
def test_zeros_that_fill_up_the_coefficients_change_nothing(model, surplus):
    """K12: Orbbec's driver publishes eight of plumb_bob, the T265 five of equidistant."""
    lens = lens_of(model)
    filled = replace(lens, coefficients=(*lens.coefficients, *(0.0,) * surplus))
    known = known_lens(filled)
    if model == 'rational_polynomial':  # twelve and fourteen are numbers of their own
        assert known.coefficients[:8] == lens.coefficients
        assert not any(known.coefficients[8:])
    else:
        assert known == known_lens(lens)


@pytest.mark.parametrize(
    'model, missing, number', [('plumb_bob', 1, 4), ('rational_polynomial', 1, 8)]
)
def test_zeros_that_are_left_out_at_the_end_are_zeros(model, missing, number):
    """K12: what is left out is what it would be if it was there."""
    given = MODELS[model][:-missing]
    known = known_lens(replace(lens_of(model), coefficients=given))
    assert known.coefficients == (*given, *(0.0,) * (number - len(given)))


def test_five_coefficients_of_the_rational_model_are_those_of_plumb_bob():
    five = lens_of('plumb_bob')
    rational = replace(five, model='rational_polynomial')
    columns, _ = ramp()
    straight, same = (Rectifier(lens).depth(columns) for lens in (five, rational))
    np.testing.assert_array_equal(straight, same)


@pytest.mark.parametrize(
    'spelling, model',
    [
        ('Plumb Bob', 'plumb_bob'),
        ('PLUMB-BOB', 'plumb_bob'),
        ('Rational Polynomial', 'rational_polynomial'),
        ('Equidistant', 'equidistant'),
        ('FishEye', 'equidistant'),
        ('kannala_brandt', 'equidistant'),
        ('Kannala Brandt4', 'equidistant'),
    ],
)
def test_a_model_is_known_however_it_is_spelt(spelling, model):
    """K12: by older wrappers of RealSense, by OpenCV, by the papers."""
    lens = lens_of(model)
    assert known_lens(replace(lens, model=spelling)) == known_lens(lens)


@given(
    st.sampled_from([*MODELS, 'Plumb Bob', '', 'inverse_brown_conrady']),
    st.lists(st.floats(), max_size=16),
)
def test_any_lens_is_undone_or_refused(model, coefficients):
    """E8: never another exception, whatever the numbers."""
    size = {'width': 16, 'height': 12}
    small = replace(PINHOLE, **size, fx=10.0, fy=10.0, cx=8.0, cy=6.0)
    try:
        rectifier = Rectifier(Lens(model, tuple(coefficients), small, small))
    except UnknownLens:
        return
    assert rectifier.depth(np.ones((12, 16), np.float32)).shape == (12, 16)


@pytest.mark.parametrize(
    'model, coefficients, text',
    [
        ('unheard_of', (0.1,) * 5, "distortion_model 'unheard_of' is unknown; known: plumb_bob"),
        ('', (0.1,) * 5, "distortion_model '' is unknown"),
        ('plumb_bob', (0.1,), 'plumb_bob has 1 coefficients, not 4 or 5'),
        ('plumb_bob', (0.1, -0.2, 0.05), 'plumb_bob has 3 coefficients'),
        ('plumb_bob', (0.1,) * 8, 'plumb_bob has 8 coefficients'),
        ('rational_polynomial', (0.1,) * 15, 'not 4 or 5 or 8 or 12 or 14'),
        ('rational_polynomial', (0.1,) * 2, 'has 2 coefficients'),
        ('equidistant', (0.1,) * 3, 'equidistant has 3 coefficients, not 4'),
        ('equidistant', (0.1,) * 5, 'equidistant has 5 coefficients, not 4'),
        ('plumb_bob', (float('nan'),) * 5, 'not finite'),
        ('x' * 1000, (0.1,), 'x' * 64 + "...' is unknown"),
    ],
)
def test_a_lens_that_can_not_be_undone_is_refused_with_the_reason(model, coefficients, text):
    """E8: an unknown model, D of the wrong length."""
    with pytest.raises(UnknownLens) as refused:
        Rectifier(Lens(model, coefficients, PINHOLE, WIDER))
    assert text in str(refused.value)


def test_maps_are_made_once_for_each_size(monkeypatch):
    """C7: and there are never more than a few of them in memory."""
    made, convert = [], cv2.convertMaps

    def note(*maps):
        found = convert(*maps)
        made.append(weakref.ref(found[0]))
        return found

    monkeypatch.setattr(cv2, 'convertMaps', note)
    rectifier = Rectifier(lens_of('plumb_bob'))
    depth_m = np.ones((HEIGHT, WIDTH), np.float32)
    for _ in range(3):
        rectifier.depth(depth_m)
        rectifier.depth(depth_m[::2, ::2])
    assert len(made) == 2
    for width in range(10, 30):
        rectifier.depth(np.ones((10, width), np.float32))
    assert sum(each() is not None for each in made) <= 4
