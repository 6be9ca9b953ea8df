# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Images are shown once, and again when more of them has come."""

from __future__ import annotations

from functools import partial

import pytest

from promptda_ros.view.listening.held import Held
from promptda_ros.view.listening.shown import PATIENCE_SEC, Shown
from promptda_ros.view.moment import DEPTH, IMAGE, SENSOR
from test.view.listening.test_held import message

WANTED = frozenset({IMAGE, SENSOR, DEPTH})
LATER_SEC = 2 * PATIENCE_SEC


@pytest.fixture
def held():
    return Held()


@pytest.fixture
def shown(held):
    return Shown(partial(held.newest, tolerance_ns=0, depth_offset_ns=0))


def following(shown, now_sec):
    """Return the stamp of what is shown next and whether it has depth."""
    found = shown.following(WANTED, now_sec)
    return found and (found.stamp_ns, DEPTH in found.messages)


@pytest.fixture
def shown_once(held, shown):
    """Show an image with its depth."""
    for layer in (IMAGE, DEPTH):
        held.add(layer, message(10))
    assert following(shown, 100.0) == (10, True)
    return shown


def test_an_image_that_is_complete_is_shown_once(shown_once):
    assert following(shown_once, 100.0) is None
    assert following(shown_once, 100.0 + LATER_SEC) is None


def test_an_image_is_waited_for_before_it_is_shown_without_depth(held, shown_once):
    held.add(IMAGE, message(20))
    assert following(shown_once, 100.0 + PATIENCE_SEC / 2) is None
    assert following(shown_once, 100.0 + LATER_SEC) == (20, False)
    assert following(shown_once, 100.0 + LATER_SEC) is None


def test_an_image_that_was_shown_without_depth_is_completed(held, shown):
    """Also when it is the last one, as of a recording that is paused."""
    held.add(IMAGE, message(10))
    assert following(shown, 100.0) == (10, False)
    held.add(SENSOR, message(10))
    assert following(shown, 100.0) == (10, False)
    held.add(DEPTH, message(10))
    assert following(shown, 100.0) == (10, True)
    assert following(shown, 100.0 + LATER_SEC) is None


def test_an_older_image_is_not_shown_again_after_a_newer_one_without_depth(held, shown_once):
    held.add(IMAGE, message(20))
    assert following(shown_once, 100.0 + LATER_SEC) == (20, False)
    assert following(shown_once, 100.0 + LATER_SEC) is None


def test_the_depth_of_a_slow_node_is_shown_though_newer_images_were(held, shown):
    for stamp_ns in (10, 20):
        held.add(IMAGE, message(stamp_ns))
    assert following(shown, 100.0) == (20, False)
    held.add(DEPTH, message(10))
    assert following(shown, 100.0) == (10, True)
