# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A sensor that hangs is noticed by the bytes that it repeats."""

from __future__ import annotations

import array

import pytest

from promptda_ros.frozen import FrozenDepth

SEC = 1_000_000_000


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
        frozen.look(some(), SEC + tenth * SEC // 10)
    assert warnings == []
    for tenth in range(21, 60):
        frozen.look(some(), SEC + tenth * SEC // 10)
    (text,) = warnings
    assert 'depth unchanged for 2.1 s' in text


def test_every_freeze_is_said(frozen, warnings):
    """D10: after it has moved in between."""
    for value, sec in ((7, 1), (7, 4), (8, 5), (7, 6), (7, 9)):
        frozen.look(some(value), sec * SEC)
    assert len(warnings) == 2


def test_depth_that_is_used_for_several_images_is_not_frozen(frozen, warnings):
    for _ in range(5):
        frozen.look(some(), SEC)
    assert warnings == []


def test_a_recording_that_starts_again_is_not_frozen(frozen, warnings):
    """F12: its stamps jump back."""
    for sec in (1, 2, 1, 2, 3):
        frozen.look(some(), sec * SEC)
    assert warnings == []


def test_nothing_is_remembered_when_listening_starts_anew(frozen, warnings):
    frozen.look(some(), SEC)
    frozen.clear()
    frozen.look(some(), 9 * SEC)
    assert warnings == []
