# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.camera.recent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from promptda_ros.camera.recent import FASTEST_HZ, kept_ns_of, Recent
from promptda_ros.core.settings import build

SEC = 1_000_000_000
FEW = 5


@given(st.lists(st.integers(0, SEC), max_size=60), st.integers(0, SEC))
def test_all_of_a_time_span_is_there_in_the_order_of_stamps_whatever_the_order(stamps, kept_ns):
    """Short of a jump, disorder loses nothing."""
    recent = Recent[int](fewest=FEW, kept_ns=kept_ns)
    for number, stamp_ns in enumerate(stamps):
        recent.add(stamp_ns, number)
    found = [stamp_ns for stamp_ns, _ in recent.messages]
    assert found == sorted(found)
    latest_ns = max(stamps, default=0)
    needed = sorted(each for each in stamps if latest_ns - each <= kept_ns)
    most = max(FEW, kept_ns * FASTEST_HZ // SEC)
    assert found[-len(needed) :][-most:] == needed[-most:]
    assert min(FEW, len(stamps)) <= len(found) <= most


def test_a_jump_back_forgets_what_was_before():
    recent = Recent[str](fewest=FEW, kept_ns=SEC)
    for stamp_ns in (10 * SEC, 11 * SEC, 9 * SEC):
        recent.add(stamp_ns, '')
    assert [stamp_ns for stamp_ns, _ in recent.messages] == [9 * SEC]


def test_stamps_that_stand_still_fill_no_memory():
    recent = Recent[str](fewest=FEW, kept_ns=0)
    for _ in range(1000):
        recent.add(SEC, '')
    assert len(recent.messages) == FEW


def test_what_pairs_wait_for_is_kept_as_long_as_they_wait():
    settings = build({'sync.wait': 5.0, 'extrinsics.timeout': 2.0})
    assert kept_ns_of(settings) > 12 * SEC
