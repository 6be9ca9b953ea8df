# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Confidence, masks and frozen depth, by stamp."""

from __future__ import annotations

import array
import threading

from builtin_interfaces.msg import Time
import numpy as np
import pytest
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from promptda_ros.camera.attachments import (
    Attachments,
    FrozenDepth,
    keep_confident,
    KEPT,
    read_mask,
)
from promptda_ros.core.frame import BadFrame
from promptda_ros.core.settings.input import InputSettings

SEC = 1_000_000_000
MS = 1_000_000
LONGER_THAN_A_TEST_SEC = 1e6  # whoever waits so long is ended by pytest
SEC = 1_000_000_000


def message_of(pixels: np.ndarray, encoding: str = 'mono8', stamp_ns: int = SEC) -> Image:
    """Pack an array (h, w)."""
    sec, nanosec = divmod(stamp_ns, SEC)
    message = Image(height=pixels.shape[0], width=pixels.shape[1], encoding=encoding)
    message.header = Header(stamp=Time(sec=sec, nanosec=nanosec))
    message.step = pixels.nbytes // pixels.shape[0]
    message.data = array.array('B', pixels.tobytes())
    return message


def at(stamp_ns: int) -> Image:
    """Return a message of that moment."""
    return message_of(np.zeros((1, 1), np.uint8), stamp_ns=stamp_ns)


def wait(attachments: Attachments, stamp_ns: int, timeout_sec: float = 0.0) -> Image | None:
    """Look for a message at most 15 ms away."""
    return attachments.wait_for(stamp_ns, tolerance_ns=15 * MS, timeout_sec=timeout_sec)


# By stamp


def test_the_nearest_message_within_the_tolerance_is_found():
    attachments = Attachments()
    messages = [at(SEC + number * 33 * MS) for number in range(4)]
    for message in messages:
        attachments.add(message)
    assert wait(attachments, SEC + 33 * MS) is messages[1]
    assert wait(attachments, SEC + 48 * MS) is messages[1]
    assert wait(attachments, SEC + 52 * MS) is messages[2]
    assert wait(attachments, SEC - 15 * MS) is messages[0]
    assert wait(attachments, SEC - 16 * MS) is None
    assert wait(attachments, SEC + 49 * MS) is None


def test_without_any_message_nobody_waits():
    assert wait(Attachments(), SEC, timeout_sec=LONGER_THAN_A_TEST_SEC) is None
    assert Attachments().nearest(SEC) == (None, None)


def test_a_stream_that_has_ended_is_not_waited_for():
    attachments = Attachments()
    attachments.add(at(SEC))
    assert wait(attachments, 3 * SEC, timeout_sec=LONGER_THAN_A_TEST_SEC) is None


def test_a_message_that_is_still_on_its_way_is_waited_for():
    """Two topics of one driver arrive one after the other."""
    attachments = Attachments()
    attachments.add(at(SEC))
    late = at(SEC + 33 * MS)
    sender = threading.Thread(target=attachments.add, args=(late,))
    timer = threading.Timer(0.05, sender.start)
    timer.start()
    assert wait(attachments, SEC + 33 * MS, timeout_sec=LONGER_THAN_A_TEST_SEC) is late
    timer.join()
    sender.join()


def test_waiting_ends_when_a_later_message_shows_that_none_will_come():
    attachments = Attachments()
    attachments.add(at(SEC + 33 * MS))
    assert wait(attachments, SEC, timeout_sec=LONGER_THAN_A_TEST_SEC) is None


def test_waiting_is_bounded():
    attachments = Attachments()
    attachments.add(at(SEC))
    assert wait(attachments, SEC + 33 * MS, timeout_sec=0.01) is None


def test_few_messages_are_kept_and_none_across_a_jump_back():
    """F12: a bag that loops."""
    attachments = Attachments()
    for number in range(2 * KEPT):
        attachments.add(at(SEC + number))
    assert attachments.nearest(SEC)[0] == KEPT
    attachments.add(at(0))
    assert attachments.nearest(2 * SEC)[0] == 2 * SEC
    attachments.clear()
    assert attachments.nearest(SEC) == (None, None)


# Confidence

NUMBERS = {
    '8UC1': np.uint8,
    'mono8': np.uint8,
    '16UC1': np.uint16,
    'mono16': np.uint16,
    '32FC1': np.float32,
}


@pytest.mark.parametrize('encoding', NUMBERS)
def test_depth_below_the_threshold_is_unknown(encoding):
    """ARKit counts 0, 1, 2; equal to the threshold is enough."""
    confidence = message_of(np.array([[0, 1, 2], [2, 1, 0]], NUMBERS[encoding]), encoding)
    depth_m = np.float32([[1, 2, 3], [4, 5, np.nan]])
    found_m = keep_confident(depth_m, confidence, InputSettings(min_confidence=1.0))
    assert found_m.dtype == np.float32
    np.testing.assert_array_equal(found_m, [[np.nan, 2, 3], [4, 5, np.nan]])
    np.testing.assert_array_equal(depth_m[0], [1, 2, 3])


def test_what_is_out_of_range_needs_no_confidence():
    """K1, K2: no light comes back from there; as a hole it would be filled from a surface."""
    confidence = message_of(np.zeros((1, 3), np.uint8))
    depth_m = np.float32([[np.inf, -np.inf, 1.0]])
    found_m = keep_confident(depth_m, confidence, InputSettings(min_confidence=1.0))
    np.testing.assert_array_equal(found_m, [[np.inf, -np.inf, np.nan]])


def test_a_confidence_that_is_not_a_number_is_none():
    confidence = message_of(np.float32([[np.nan, np.inf]]), '32FC1')
    found_m = keep_confident(np.ones((1, 2), np.float32), confidence, InputSettings())
    np.testing.assert_array_equal(found_m, [[np.nan, 1]])


def test_confidence_of_another_size_is_that_of_the_nearest_pixel():
    confidence = message_of(np.uint8([[0, 2], [2, 0]]))
    found_m = keep_confident(
        np.ones((4, 4), np.float32), confidence, InputSettings(min_confidence=1.0)
    )
    expected = np.kron([[np.nan, 1], [1, np.nan]], np.ones((2, 2)))
    np.testing.assert_array_equal(found_m, expected)


@pytest.mark.parametrize(
    'pixels, encoding, reason',
    [
        (np.zeros((3, 2), np.uint8), 'mono8', 'confidence_aspect'),
        (np.zeros((2, 3, 3), np.uint8), 'rgb8', 'confidence_encoding'),
        (np.zeros((2, 3), np.uint8), '32FC1', 'confidence_step'),
    ],
)
def test_confidence_of_other_pixels_is_refused(pixels, encoding, reason):
    with pytest.raises(BadFrame) as refused:
        keep_confident(np.ones((2, 3), np.float32), message_of(pixels, encoding), InputSettings())
    assert refused.value.reason == reason


# Masks


@pytest.mark.setting('input.mask')
def test_a_mask_removes_or_keeps_what_it_marks():
    message = message_of(np.uint8([[0, 1], [255, 0]]))
    for mask, marked in (('remove', True), ('keep', False)):
        found = read_mask(message, (2, 2), InputSettings(mask=mask))
        np.testing.assert_array_equal(found, np.bool_([[False, True], [True, False]]) == marked)


def test_a_mask_of_another_size_is_fitted_to_the_image():
    message = message_of(np.uint8([[0, 9]]))
    found = read_mask(message, (3, 6), InputSettings(mask='remove'))
    np.testing.assert_array_equal(found, [[False] * 3 + [True] * 3] * 3)


def test_a_mask_of_another_shape_is_refused_with_both_sizes():
    message = message_of(np.zeros((480, 640), np.uint8))
    with pytest.raises(BadFrame, match=r'mask 640x480 does not match .* image 1280x720'):
        read_mask(message, (720, 1280), InputSettings(mask='remove'))


@pytest.fixture
def warnings():
    return []


@pytest.fixture
def frozen(warnings):
    return FrozenDepth(warnings.append)


def some(value=7):
    """Return the bytes of a message, equal to others of the value but not the same."""
    return array.array('B', bytes([value]) * 1000)


def test_bytes_that_stay_the_same_under_new_stamps_are_said_once(frozen, warnings):
    """D10: more than two seconds."""
    for tenth in range(21):
        frozen.check(some(), SEC + tenth * SEC // 10)
    assert warnings == []
    for tenth in range(21, 60):
        frozen.check(some(), SEC + tenth * SEC // 10)
    (text,) = warnings
    assert 'depth unchanged for 2.1 s' in text


def test_every_freeze_is_said(frozen, warnings):
    """D10: after it has moved in between."""
    for value, sec in ((7, 1), (7, 4), (8, 5), (7, 6), (7, 9)):
        frozen.check(some(value), sec * SEC)
    assert len(warnings) == 2


@pytest.mark.parametrize('first', [1, 5000, 9999], ids='at byte {}'.format)
def test_recorded_depth_is_compared_to_its_last_byte(frozen, warnings, first):
    """rosbags has numpy arrays, whose comparison is an array."""
    pixels = np.zeros(10_000, np.uint8)
    for sec in range(5):
        pixels = pixels.copy()
        pixels[first] += 1
        frozen.check(pixels, sec * SEC)
    assert warnings == []
    for sec in range(5, 9):
        frozen.check(pixels.copy(), sec * SEC)
    assert len(warnings) == 1


@pytest.mark.parametrize(
    'data', [array.array('B'), np.empty(0, np.uint8)], ids=['rclpy', 'rosbags']
)
def test_a_first_message_without_data_is_not_frozen(frozen, warnings, data):
    frozen.check(data, SEC)
    assert warnings == []


def test_depth_that_is_used_for_several_images_is_not_frozen(frozen, warnings):
    for _ in range(5):
        frozen.check(some(), SEC)
    assert warnings == []


def test_a_recording_that_starts_again_is_not_frozen(frozen, warnings):
    """F12: its stamps jump back."""
    for sec in (1, 2, 1, 2, 3):
        frozen.check(some(), sec * SEC)
    assert warnings == []


def test_nothing_is_remembered_when_listening_starts_anew(frozen, warnings):
    frozen.check(some(), SEC)
    frozen.clear()
    frozen.check(some(), 9 * SEC)
    assert warnings == []
