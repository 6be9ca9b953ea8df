# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.geometry.pose_history."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import pytest

from promptda_ros.core.geometry.pose import NOWHERE_ELSE, Pose
from promptda_ros.core.geometry.pose_history import Link, Moving, seconds

TEN_MS = 10_000_000


def link_at(x_m: float) -> Link:
    return Link('map', Pose((x_m, 0.0, 0.0), NOWHERE_ELSE.rotation))


def test_memory_stays_flat_for_hours():
    history = Moving()
    for number in range(20_000):
        history.add(number * TEN_MS, link_at(number))
    assert len(history) <= 1002  # ten seconds at 100 Hz


def test_memory_stays_flat_where_a_stamp_stands_still():
    history = Moving()
    for number in range(100):
        history.add(TEN_MS, link_at(number))
    assert len(history) == 2
    assert history.at(TEN_MS) == link_at(99)


def test_the_same_transform_twice_is_kept_once():
    history = Moving()
    for _ in range(3):
        history.add(TEN_MS, link_at(1))
    assert len(history) == 1


@given(st.lists(st.integers(0, 5_000_000_000), min_size=1, unique=True), st.randoms())
def test_a_link_is_found_at_its_own_stamp_whatever_came_after_it(stamps_ns: list[int], random):
    history = Moving()
    for stamp_ns in random.sample(stamps_ns, len(stamps_ns)):
        history.add(stamp_ns, link_at(stamp_ns))
    assert all(history.at(each) == link_at(each) for each in stamps_ns)


@pytest.mark.parametrize(
    'stamp_ns, text',
    [(0, '0.000000 s'), (1_700_000_000_123_456_789, '1700000000.123456 s'), (1999, '0.000001 s')],
)
def test_a_stamp_is_shown_to_the_microsecond(stamp_ns: int, text: str):
    assert seconds(stamp_ns) == text
