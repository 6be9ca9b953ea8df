# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The time a batch takes is that of the batch, not of a process that stands still."""

from __future__ import annotations

import pytest

from promptda_ros.core.runtime.watchdog import LONGEST_GAP_SEC, Watchdog

SEC = 1_000_000_000


def always() -> float:
    return 1.0


def test_the_time_of_one_batch_adds_up():
    """H3."""
    watchdog = Watchdog(always)
    found = [watchdog.measure(10 * SEC, 10 * SEC + ms * 1_000_000) for ms in (100, 300, 900)]
    assert found == pytest.approx([0.1, 0.3, 0.9])


def test_every_batch_begins_anew():
    """H3: many short ones are no long one."""
    watchdog = Watchdog(always)
    for begun_sec in range(10, 100):
        assert watchdog.measure(begun_sec * SEC, begun_sec * SEC + SEC // 2) == 0.5
    assert watchdog.measure(None, 100 * SEC) == 0.0
    assert watchdog.measure(100 * SEC, 100 * SEC) == 0.0


def test_a_process_that_was_stopped_as_a_whole_is_not_blamed():
    """H3: a debugger, Ctrl-Z, or a virtual machine that is paused for an hour."""
    watchdog = Watchdog(always)
    watchdog.measure(10 * SEC, 10 * SEC)
    assert watchdog.measure(10 * SEC, 3610 * SEC) == LONGEST_GAP_SEC
    assert Watchdog(always).measure(10 * SEC, 3610 * SEC) == LONGEST_GAP_SEC


def test_time_in_which_others_have_the_processor_does_not_count():
    """H3: ten processes on two cores are no hanging network."""
    watchdog = Watchdog(lambda: 0.25)
    watchdog.measure(10 * SEC, 10 * SEC)
    found = [watchdog.measure(10 * SEC, 10 * SEC + ms * 1_000_000) for ms in (400, 800)]
    assert found == pytest.approx([0.1, 0.2])
