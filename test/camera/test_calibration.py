# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every frame gets the intrinsics of its own moment, or none with a reason said once."""

from __future__ import annotations

from itertools import pairwise

import cv2
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.camera.calibration import Calibration, DEPTH, ImageReference, KEPT
from promptda_ros.core.settings.input import InputSettings

SEC = 1_000_000_000
FRAME_ID = 'camera_color_optical_frame'


def reference_at(stamp_ns: int, *, height: int = 84, width: int = 112, frame_id: str = FRAME_ID):
    """Return a picture of the size that the sensors send."""
    return ImageReference(stamp_ns, frame_id, height, width)


def intrinsics_of(calibration, reference, **settings):
    """Return the intrinsics of a picture, None where there are none."""
    optics = calibration.optics_of(reference, InputSettings(**settings))
    return None if optics is None else optics.intrinsics


@pytest.fixture
def warnings():
    return []


@pytest.fixture
def calibration(warnings):
    return Calibration(warn=warnings.append, error=warnings.append, rectified=False)


def test_without_any_camera_info_there_are_no_intrinsics_and_no_noise(calibration, warnings):
    """E1: it never arrives; saying so is the supervision's."""
    assert not calibration.received
    assert intrinsics_of(calibration, reference_at(SEC)) is None
    assert warnings == []


def test_one_latched_message_serves_every_image(calibration, sensors, warnings):
    """E9: before its stamp and long after."""
    calibration.add(sensors.camera_info(10 * SEC))
    assert calibration.received
    for stamp_ns in (1, 10 * SEC, 4000 * SEC):
        assert intrinsics_of(calibration, reference_at(stamp_ns)).fx == 100.0
    assert warnings == []


def test_the_message_of_the_images_own_moment_is_taken(calibration, sensors):
    """E6: while the camera zooms, an image gets what held when it was taken."""
    for sec in range(1, 6):
        calibration.add(sensors.camera_info(sec * SEC, focal_px=100.0 * sec))
    for stamp_ns, focal_px in (
        (3 * SEC, 300.0),
        (4 * SEC - 1, 300.0),
        (9 * SEC, 500.0),
        (1, 100.0),
    ):
        assert intrinsics_of(calibration, reference_at(stamp_ns)).fx == focal_px


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=40, unique=True), st.integers(1, 1100))
def test_the_latest_message_not_younger_than_the_image_is_taken(sensors, stamps, image_sec):
    """E6: as long as time goes forward."""
    calibration = Calibration(warn=pytest.fail, error=pytest.fail, rectified=False)
    for sec in sorted(stamps):
        calibration.add(sensors.camera_info(sec * SEC, focal_px=100.0 + sec))
    expected = max([sec for sec in stamps if sec <= image_sec], default=min(stamps))
    assert intrinsics_of(calibration, reference_at(image_sec * SEC)).fx == 100.0 + expected


@pytest.mark.parametrize('info_frame_id', ['left', 'left_camera', ''])
@pytest.mark.parametrize('wrong', [['right'], ['x', 'y', 'x']])
def test_a_latched_message_returns_with_its_camera(calibration, sensors, info_frame_id, wrong):
    """C12: one wrong frame_id takes away nothing for good, whatever the camera_info is called."""
    header = sensors.image(SEC, info_frame_id).header
    calibration.add(sensors.camera_info(SEC, header=header))
    for before, now in pairwise(['left', *wrong]):
        calibration.follow(now, before=before)
        assert intrinsics_of(calibration, reference_at(2 * SEC, frame_id=now)) is None
    calibration.follow('left', before=wrong[-1])
    assert intrinsics_of(calibration, reference_at(3 * SEC, frame_id='left')).fx == 100.0
    calibration.follow('right', before='left')
    calibration.clear()
    calibration.follow('left', before='right')
    assert not calibration.received


@pytest.mark.parametrize('prefix', ['', '/'])
def test_each_of_two_cameras_that_take_over_has_its_own_messages(calibration, sensors, prefix):
    """C12, K17: there, back and there, also if a slash is before the frame of the messages."""
    for stamp_ns, frame_id, focal_px in ((1, 'left', 100.0), (2, 'right', 150.0)):
        header = sensors.image(stamp_ns, f'{prefix}{frame_id}').header
        calibration.add(sensors.camera_info(stamp_ns, focal_px=focal_px, header=header))
    for now, before, focal_px in (
        ('right', 'left', 150.0),
        ('left', 'right', 100.0),
        ('right', 'left', 150.0),
    ):
        calibration.follow(now, before=before)
        assert intrinsics_of(calibration, reference_at(SEC, frame_id=now)).fx == focal_px


def test_old_messages_are_forgotten(calibration, sensors):
    for sec in range(1, 2 * KEPT):
        calibration.add(sensors.camera_info(sec * SEC, focal_px=100.0 + sec))
    assert intrinsics_of(calibration, reference_at(1)).fx == 100.0 + KEPT


def test_a_jump_back_forgets_what_came_before(calibration, sensors):
    """E6, F12: a bag that loops must not use the end's calibration at its start."""
    calibration.add(sensors.camera_info(50 * SEC, focal_px=500.0))
    calibration.add(sensors.camera_info(1 * SEC, focal_px=100.0))
    assert intrinsics_of(calibration, reference_at(60 * SEC)).fx == 100.0


@pytest.mark.parametrize(
    'k, text',
    [
        ([0.0] * 9, 'uncalibrated (K[0]=0)'),
        ([-5.0, 0, 3, 0, 5.0, 3, 0, 0, 1], 'uncalibrated (K[0]=-5)'),
        ([float('nan')] * 9, 'not finite'),
    ],
)
def test_an_uncalibrated_camera_is_said_once_and_recovered_from(
    calibration, sensors, warnings, k, text
):
    """E2: points are missing, nothing else; the next good message brings them back."""
    calibration.add(sensors.camera_info(SEC, k=k, p=[0.0] * 12))
    for _ in range(3):
        assert intrinsics_of(calibration, reference_at(SEC)) is None
    assert len(warnings) == 1
    assert warnings[0].startswith('no point cloud: ')
    assert text in warnings[0]
    calibration.add(sensors.camera_info(2 * SEC))
    assert intrinsics_of(calibration, reference_at(2 * SEC)) is not None
    assert len(warnings) == 1


def test_a_camera_info_of_another_size_is_said_once_with_both_sizes(
    calibration, sensors, warnings
):
    """E4: neither binning nor a region of interest explains it."""
    calibration.add(sensors.camera_info(SEC))
    for _ in range(2):
        assert intrinsics_of(calibration, reference_at(SEC, height=480, width=640)) is None
    (text,) = warnings
    assert 'camera_info is for 112x84 but the image is 640x480' in text


@pytest.mark.setting('input.rescale_camera_info')
def test_a_camera_info_of_another_size_and_the_same_shape_is_scaled_when_asked(
    calibration, sensors, warnings
):
    """E4: a driver that resizes images and leaves the calibration as it was."""
    calibration.add(sensors.camera_info(SEC, focal_px=100.0))
    found = intrinsics_of(
        calibration, reference_at(SEC, height=168, width=224), rescale_camera_info=True
    )
    assert (found.width, found.height, found.fx, found.fy) == (224, 168, 200.0, 200.0)
    assert (
        intrinsics_of(
            calibration, reference_at(SEC, height=360, width=640), rescale_camera_info=True
        )
        is None
    )
    assert len(warnings) == 1


def test_a_size_of_zero_is_taken_from_the_image_and_said_once(calibration, sensors, warnings):
    """E3: OAK drivers leave it out."""
    calibration.add(sensors.camera_info(SEC, width=0, height=0))
    for _ in range(2):
        found = intrinsics_of(calibration, reference_at(SEC))
        assert (found.width, found.height) == (112, 84)
    assert warnings == ['camera_info has no size: 112x84 of the image is taken']


def test_another_frame_id_is_said_once_and_the_images_own_wins(calibration, sensors, warnings):
    """E7: the intrinsics are used all the same."""
    calibration.add(sensors.camera_info(SEC))
    for _ in range(2):
        assert intrinsics_of(calibration, reference_at(SEC, frame_id='left_optical')) is not None
    (text,) = warnings
    assert f"camera_info is of frame '{FRAME_ID}' but the image of 'left_optical'" in text


@pytest.mark.parametrize('frame_id', [f'/{FRAME_ID}', ''])
def test_a_frame_with_a_slash_or_without_a_name_is_nothing_to_speak_of(
    calibration, sensors, warnings, frame_id
):
    """K17: the first is the frame of the image, the second contradicts nothing."""
    message = sensors.camera_info(SEC)
    message.header.frame_id = frame_id
    calibration.add(message)
    assert intrinsics_of(calibration, reference_at(SEC)) is not None
    assert warnings == []


def test_an_empty_k_is_taken_from_p_and_said_once(calibration, sensors, warnings):
    """K4: nothing is bent, so that both are of one camera."""
    calibration.add(sensors.camera_info(SEC, k=[0.0] * 9))
    for _ in range(2):
        assert intrinsics_of(calibration, reference_at(SEC)).fx == 100.0
    assert warnings == [
        'camera_info: K is empty, P is not: P is taken, since there is no distortion'
    ]


def test_a_k_of_binned_pixels_is_not_divided_again_and_said_once(calibration, sensors, warnings):
    """K4: the cloud was as many times too wide."""
    size = {'width': 448, 'height': 336, 'binning_x': 4, 'binning_y': 4}
    calibration.add(sensors.camera_info(SEC, **size))
    for _ in range(2):
        found = intrinsics_of(calibration, reference_at(SEC))
        assert (found.width, found.fx, found.cx) == (112, 100.0, 55.5)
    (text,) = warnings
    assert '448x336, binning 4x4, but the principal point (55.5, 41.5)' in text


@pytest.mark.parametrize('rescale', [False, True])
def test_binning_without_pixels_is_said_once(calibration, sensors, warnings, rescale):
    """K4: ten of these ended the node."""
    calibration.add(sensors.camera_info(SEC, binning_x=1000, binning_y=1000))
    for _ in range(2):
        assert intrinsics_of(calibration, reference_at(SEC), rescale_camera_info=rescale) is None
    (text,) = warnings
    assert 'binning 1000x1000, which leaves no pixel' in text


@pytest.mark.parametrize('model', ['plumb_bob', 'unheard_of'])
@pytest.mark.parametrize('d', [[0.1, 0.0, 0.0, 0.0, 0.0], [0.1]])
def test_a_distorted_image_is_said_once_with_the_remedy(calibration, sensors, warnings, model, d):
    """E8: of any model and any number of coefficients; never an exception."""
    calibration.add(sensors.camera_info(SEC, d=d, distortion_model=model))
    for _ in range(2):
        assert intrinsics_of(calibration, reference_at(SEC)) is not None
    (text,) = warnings
    assert 'not rectified' in text
    assert 'image_rect' in text


def test_a_rectified_image_takes_p_and_has_no_distortion(sensors, warnings):
    """E8: the coefficients are those of the raw image."""
    calibration = Calibration(warn=warnings.append, error=warnings.append, rectified=True)
    message = sensors.camera_info(SEC, d=[0.1, 0.0, 0.0, 0.0, 0.0])
    message.p[0] = 90.0
    calibration.add(message)
    assert intrinsics_of(calibration, reference_at(SEC)).fx == 90.0
    assert warnings == []


# Rectifying

BENT = {'d': [-0.2, 0.05, 0.001, 0.0, 0.0]}


def optics_of(calibration, **settings):
    """Return the optics of a picture with `input.rectify`."""
    return calibration.optics_of(reference_at(SEC), InputSettings(rectify=True, **settings))


@pytest.mark.setting('input.rectify')
def test_a_known_distortion_is_undone_when_asked(calibration, sensors, warnings):
    """E8: towards P, which the calibration made for this."""
    message = sensors.camera_info(SEC, **BENT)
    message.p[0], message.p[5] = 90.0, 91.0
    calibration.add(message)
    optics = optics_of(calibration)
    assert (optics.intrinsics.fx, optics.intrinsics.fy) == (90.0, 91.0)
    assert optics.rectifier.lens.distorted.fx == 100.0
    assert optics.rectifier.lens.rectified == optics.intrinsics
    assert warnings == []


def test_without_p_the_camera_matrix_stays(calibration, sensors):
    calibration.add(sensors.camera_info(SEC, p=[0.0] * 12, r=[0.5] * 9, **BENT))
    optics = optics_of(calibration)
    assert optics.intrinsics.fx == 100.0
    assert optics.rectifier.lens.rotation == (1, 0, 0, 0, 1, 0, 0, 0, 1)


def test_distance_along_the_ray_becomes_the_same_depth_as_depth_itself(calibration, sensors):
    """Of a plane before a lens that bends, whose rectified camera is turned."""
    turned = [np.cos(0.1), 0, -np.sin(0.1), 0, 1, 0, np.sin(0.1), 0, np.cos(0.1)]
    calibration.add(sensors.camera_info(SEC, r=turned, **BENT))
    optics = optics_of(calibration)
    rows, columns = np.mgrid[0:84, 0:112].astype(np.float64)
    matrix = np.array([[100, 0, 55.5], [0, 100, 41.5], [0, 0, 1]])
    pixels = np.stack((columns.ravel(), rows.ravel()), axis=1)[:, None]
    rays = cv2.undistortPoints(pixels, matrix, np.array(BENT['d']))[:, 0]
    depth_m = np.full((84, 112), 1.5, np.float32)
    distance_m = (1.5 * np.sqrt(1 + (rays**2).sum(axis=1))).reshape(84, 112).astype(np.float32)
    found_m, expected_m = optics.depth_of_rays(distance_m), optics.depth_of_z(depth_m)
    np.testing.assert_array_equal(np.isnan(found_m), np.isnan(expected_m))
    known = np.isfinite(found_m)
    np.testing.assert_allclose(found_m[known], expected_m[known], rtol=5e-3)  # nearest pixels
    assert np.abs(distance_m / 1.5 - 1).max() > 0.2


def test_p_belongs_to_a_camera_that_r_has_turned(calibration, sensors):
    turned = [0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    calibration.add(sensors.camera_info(SEC, r=turned, **BENT))
    rotation = optics_of(calibration).rectifier.lens.rotation
    assert rotation == pytest.approx(turned)


def test_an_r_that_is_no_rotation_is_refused(calibration, sensors, warnings):
    """K4: two times the identity halved the depth."""
    calibration.add(sensors.camera_info(SEC, r=[2.0, 0, 0, 0, 2.0, 0, 0, 0, 2.0], **BENT))
    for _ in range(2):
        assert optics_of(calibration) is None
    (text,) = warnings
    assert 'an axis is 1 too long' in text


@pytest.mark.parametrize(
    'changes, text',
    [
        (
            {'distortion_model': 'Plumb Bob'},
            "'Plumb Bob' with 5 coefficients: taken for",
        ),
        ({'d': [*BENT['d'], 0.0]}, 'with 6 coefficients: taken for plumb_bob with 5'),
    ],
)
def test_a_lens_that_is_described_oddly_is_told_once_and_its_maps_are_kept(
    sensors, warnings, changes, text
):
    """K12: nothing to warn of."""
    told = []
    calibration = Calibration(
        warn=warnings.append, error=warnings.append, info=told.append, rectified=False
    )
    calibration.add(sensors.camera_info(SEC, **{**BENT, **changes}))
    first, second = (optics_of(calibration) for _ in range(2))
    assert first.rectifier is second.rectifier is not None
    assert warnings == []
    (said,) = told
    assert text in said


def test_the_region_and_the_binning_hold_for_both_cameras(sensors):
    """E5: of the distorted image and of the rectified one."""
    calibration = Calibration(warn=pytest.fail, error=pytest.fail, rectified=False)
    calibration.add(sensors.camera_info(SEC, binning_x=2, binning_y=2, **BENT))
    reference = reference_at(SEC, height=42, width=56)
    optics = calibration.optics_of(reference, InputSettings(rectify=True))
    assert optics.intrinsics.fx == optics.rectifier.lens.distorted.fx == 50.0


@given(
    asked=st.lists(
        st.tuples(st.sampled_from([0.0, 90.0, 100.0]), st.sampled_from([0.0, 0.2]), st.booleans()),
        max_size=6,
    )
)
def test_what_was_asked_before_does_not_change_an_answer(sensors, asked):
    """E6: whatever of the message, the picture or the settings is another now."""
    calibration = Calibration(warn=print, error=print, rectified=False)
    for sec, (focal_px, bend, rectify) in enumerate(asked, 1):
        info = sensors.camera_info(sec * SEC, focal_px=focal_px, d=[bend, 0.0, 0.0, 0.0, 0.0])
        fresh = Calibration(warn=print, error=print, rectified=False)
        for each in (calibration, fresh):
            each.add(info)
        reference, settings = reference_at(sec * SEC), InputSettings(rectify=rectify)
        answer, expected = (each.optics_of(reference, settings) for each in (calibration, fresh))
        assert (answer is None) == (expected is None) == (focal_px == 0.0)
        assert calibration.problem == fresh.problem
        if answer is not None and expected is not None:
            assert answer.intrinsics == expected.intrinsics
            assert (answer.rectifier is None) == (expected.rectifier is None)


def test_maps_are_kept_until_the_lens_changes(calibration, sensors):
    """E6: a camera that zooms."""
    for sec in (1, 2):
        calibration.add(sensors.camera_info(sec * SEC, **BENT))
    settings = InputSettings(rectify=True)
    first, second = (calibration.optics_of(reference_at(sec * SEC), settings) for sec in (1, 2))
    assert first.rectifier is second.rectifier
    calibration.add(sensors.camera_info(3 * SEC, focal_px=110.0, **BENT))
    assert calibration.optics_of(reference_at(3 * SEC), settings).rectifier is not first.rectifier


@pytest.mark.parametrize(
    'changes, text',
    [
        ({'distortion_model': 'unheard_of', 'd': [0.1] * 5}, "'unheard_of' is unknown"),
        ({'d': [0.1]}, 'plumb_bob has 1 coefficients'),
    ],
)
def test_a_distortion_that_can_not_be_undone_is_said_once(
    calibration, sensors, warnings, changes, text
):
    """E8: depth and points go on, bent as before."""
    calibration.add(sensors.camera_info(SEC, **changes))
    for _ in range(2):
        optics = optics_of(calibration)
        assert optics.rectifier is None
        assert optics.intrinsics.fx == 100.0
    (said,) = warnings
    assert text in said
    assert 'image_rect' in said


def test_nothing_is_undone_where_nothing_is_bent(calibration, sensors, warnings):
    """Neither without coefficients nor on a topic that is rectified."""
    calibration.add(sensors.camera_info(SEC))
    assert optics_of(calibration).rectifier is None
    rectified = Calibration(warn=warnings.append, error=warnings.append, rectified=True)
    rectified.add(sensors.camera_info(SEC, **BENT))
    assert optics_of(rectified).rectifier is None
    assert warnings == []


numbers = st.floats() | st.sampled_from([0.0, 1.0, 8.0, 12.0])
counts = st.integers(0, 2**32 - 1) | st.integers(0, 40)


@given(
    st.lists(numbers, min_size=9, max_size=9),
    st.lists(numbers, min_size=9, max_size=9),
    st.lists(numbers, min_size=12, max_size=12),
    st.lists(numbers, max_size=14),
    st.text(max_size=20) | st.sampled_from(['plumb_bob', 'Equidistant', 'rational_polynomial']),
    st.lists(counts, min_size=4, max_size=4),
    st.booleans(),
)
def test_any_camera_info_gives_optics_that_work_or_none(sensors, k, r, p, d, model, sizes, good_k):
    """J1, K9: and the reason is one line."""
    said = []
    calibration = Calibration(warn=said.append, error=said.append, rectified=False)
    width, height, binning_x, binning_y = sizes
    fields = {'width': width, 'height': height, 'binning_x': binning_x, 'binning_y': binning_y}
    k = [12.0, 0.0, 7.5, 0.0, 12.0, 5.5, 0.0, 0.0, 1.0] if good_k else k
    calibration.add(sensors.camera_info(SEC, k=k, r=r, p=p, d=d, distortion_model=model, **fields))
    for rescale in (False, True):
        settings = InputSettings(rectify=True, rescale_camera_info=rescale)
        optics = calibration.optics_of(reference_at(SEC, height=12, width=16), settings)
        assert (optics is None) == bool(calibration.problem)
        if optics is not None:
            depth_m = np.ones((12, 16), np.float32)
            assert optics.depth_of_z(depth_m).shape == optics.depth_of_rays(depth_m).shape
    assert all('\n' not in text for text in said)


def test_what_is_said_of_the_depth_camera_names_its_topic(sensors, warnings):
    """E1, E2, E7, E8: of the sensor beside the camera."""
    calibration = Calibration(
        warn=warnings.append, error=warnings.append, rectified=False, role=DEPTH
    )
    assert intrinsics_of(calibration, reference_at(SEC)) is None
    assert calibration.problem == 'no depth_camera_info has arrived'
    calibration.add(sensors.camera_info(SEC, d=[0.1] * 5))
    intrinsics_of(calibration, reference_at(SEC, frame_id='depth_optical'))
    assert warnings[0].startswith(f"depth_camera_info is of frame '{FRAME_ID}' but the depth of")
    assert warnings[1].startswith('the depth is not rectified (depth_camera_info has distortion)')
    calibration.add(sensors.camera_info(SEC, k=[0.0] * 9, p=[0.0] * 12))
    assert intrinsics_of(calibration, reference_at(SEC)) is None
    assert warnings[2].startswith('no registered depth: ')
