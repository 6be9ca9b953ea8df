# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.storage.part: runs of messages are merged."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from promptda_ros.bags.storage.part import in_log_order, Run, Stored
from test.bags.drawn_bags import CHANNELS


class Opened:
    """Runs of times, and how many of them are open at once."""

    def __init__(self, runs: list[list[int]], early: int) -> None:
        self.runs = sorted((sorted(times) for times in runs if times), key=min)
        self.early = early
        self.now = self.most = 0

    def __iter__(self) -> Iterator[Run]:
        for place, times in enumerate(self.runs):
            # Later in the recording the earlier it begins
            yield Run(
                max(0, min(times) - self.early), -place, lambda p=place, t=times: self._read(p, t)
            )

    def _read(self, place: int, times: list[int]) -> Iterator[Stored]:
        self.now += 1
        self.most = max(self.most, self.now)
        for time in times:
            yield Stored(time, 0, place, CHANNELS[0], b'')
        self.now -= 1


@given(st.lists(st.lists(st.integers(0, 20), max_size=6), max_size=5), st.integers(0, 3))
def test_messages_come_in_log_order_and_equal_times_in_that_of_the_recording(runs, early):
    opened = Opened(runs, early)
    found = [(one.logged_ns, -one.sequence) for one in in_log_order(opened)]
    assert found == sorted(
        (time, -place) for place, times in enumerate(opened.runs) for time in times
    )


def test_only_runs_that_overlap_are_open_at_once():
    """So that memory does not grow with the recording."""
    opened = Opened([[start, start + 8] for start in range(0, 1000, 10)], early=0)
    assert sum(1 for _ in in_log_order(opened)) == 200
    assert opened.most == 1
