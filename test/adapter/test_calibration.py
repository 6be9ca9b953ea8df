# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every frame gets the intrinsics of its own moment, or none with a reason said once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.calibration import Calibration, KEPT
from promptda_ros.core.frame import Frame

SEC = 1_000_000_000
FRAME_ID = 'camera_color_optical_frame'


def frame_at(stamp_ns: int, *, height: int = 84, width: int = 112, frame_id: str = FRAME_ID):
    """Return a frame of the size that the sensors send."""
    return Frame(
        stamp_ns=stamp_ns,
        frame_id=frame_id,
        image=np.zeros((height, width, 3), np.uint8),
        sensor_depth_m=np.ones((1, 1), np.float32),
    )


@pytest.fixture
def warnings():
    return []


@pytest.fixture
def calibration(warnings):
    return Calibration(warn=warnings.append, error=warnings.append, rectified=False)


def test_without_any_camera_info_there_are_no_intrinsics_and_no_noise(calibration, warnings):
    """E1: it never arrives; saying so is the supervision's."""
    assert not calibration.received
    assert calibration.intrinsics_of(frame_at(SEC)) is None
    assert warnings == []


def test_one_latched_message_serves_every_image(calibration, sensors, warnings):
    """E9: before its stamp and long after."""
    calibration.add(sensors.camera_info(10 * SEC))
    assert calibration.received
    for stamp_ns in (1, 10 * SEC, 4000 * SEC):
        assert calibration.intrinsics_of(frame_at(stamp_ns)).fx == 100.0
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
        assert calibration.intrinsics_of(frame_at(stamp_ns)).fx == focal_px


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=40, unique=True), st.integers(1, 1100))
def test_the_latest_message_not_younger_than_the_image_is_taken(sensors, stamps, image_sec):
    """E6: as long as time goes forward."""
    calibration = Calibration(warn=pytest.fail, error=pytest.fail, rectified=False)
    for sec in sorted(stamps):
        calibration.add(sensors.camera_info(sec * SEC, focal_px=float(sec)))
    expected = max([sec for sec in stamps if sec <= image_sec], default=min(stamps))
    assert calibration.intrinsics_of(frame_at(image_sec * SEC)).fx == expected


def test_old_messages_are_forgotten(calibration, sensors):
    for sec in range(1, 2 * KEPT):
        calibration.add(sensors.camera_info(sec * SEC, focal_px=float(sec)))
    assert calibration.intrinsics_of(frame_at(1)).fx == KEPT


def test_a_jump_back_forgets_what_came_before(calibration, sensors):
    """E6, F12: a bag that loops must not use the end's calibration at its start."""
    calibration.add(sensors.camera_info(50 * SEC, focal_px=500.0))
    calibration.add(sensors.camera_info(1 * SEC, focal_px=100.0))
    assert calibration.intrinsics_of(frame_at(60 * SEC)).fx == 100.0


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
    calibration.add(sensors.camera_info(SEC, k=k))
    for _ in range(3):
        assert calibration.intrinsics_of(frame_at(SEC)) is None
    assert len(warnings) == 1
    assert warnings[0].startswith('no point cloud: ')
    assert text in warnings[0]
    calibration.add(sensors.camera_info(2 * SEC))
    assert calibration.intrinsics_of(frame_at(2 * SEC)) is not None
    assert len(warnings) == 1


def test_a_camera_info_of_another_size_is_said_once_with_both_sizes(
    calibration, sensors, warnings
):
    """E4: neither binning nor a region of interest explains it."""
    calibration.add(sensors.camera_info(SEC))
    for _ in range(2):
        assert calibration.intrinsics_of(frame_at(SEC, height=480, width=640)) is None
    (text,) = warnings
    assert 'camera_info is for 112x84 but the image is 640x480' in text


def test_a_camera_info_of_another_size_and_the_same_shape_is_scaled_when_asked(
    calibration, sensors, warnings
):
    """E4: a driver that resizes images and leaves the calibration as it was."""
    calibration.add(sensors.camera_info(SEC, focal_px=100.0))
    found = calibration.intrinsics_of(frame_at(SEC, height=168, width=224), rescale=True)
    assert (found.width, found.height, found.fx, found.fy) == (224, 168, 200.0, 200.0)
    assert calibration.intrinsics_of(frame_at(SEC, height=360, width=640), rescale=True) is None
    assert len(warnings) == 1


def test_a_size_of_zero_is_taken_from_the_image_and_said_once(calibration, sensors, warnings):
    """E3: OAK drivers leave it out."""
    calibration.add(sensors.camera_info(SEC, width=0, height=0))
    for _ in range(2):
        found = calibration.intrinsics_of(frame_at(SEC))
        assert (found.width, found.height) == (112, 84)
    assert warnings == ['camera_info has no size: 112x84 of the image is taken']


def test_another_frame_id_is_said_once_and_the_images_own_wins(calibration, sensors, warnings):
    """E7: the intrinsics are used all the same."""
    calibration.add(sensors.camera_info(SEC))
    for _ in range(2):
        assert calibration.intrinsics_of(frame_at(SEC, frame_id='left_optical')) is not None
    (text,) = warnings
    assert f"camera_info is of frame '{FRAME_ID}' but the image of 'left_optical'" in text


@pytest.mark.parametrize('model', ['plumb_bob', 'unheard_of'])
@pytest.mark.parametrize('d', [[0.1, 0.0, 0.0, 0.0, 0.0], [0.1]])
def test_a_distorted_image_is_said_once_with_the_remedy(calibration, sensors, warnings, model, d):
    """E8: of any model and any number of coefficients; never an exception."""
    calibration.add(sensors.camera_info(SEC, d=d, distortion_model=model))
    for _ in range(2):
        assert calibration.intrinsics_of(frame_at(SEC)) is not None
    (text,) = warnings
    assert 'not rectified' in text
    assert 'image_rect' in text


def test_a_rectified_image_takes_p_and_has_no_distortion(sensors, warnings):
    """E8: the coefficients are those of the raw image."""
    calibration = Calibration(warn=warnings.append, error=warnings.append, rectified=True)
    message = sensors.camera_info(SEC, d=[0.1, 0.0, 0.0, 0.0, 0.0])
    message.p[0] = 90.0
    calibration.add(message)
    assert calibration.intrinsics_of(frame_at(SEC)).fx == 90.0
    assert warnings == []
