# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Stages are timed one by one, and only recent frames count."""

from __future__ import annotations

import math
import threading

from hypothesis import given
from hypothesis import strategies as st
import pytest

from promptda_ros.core.runtime import stages
from promptda_ros.core.runtime.stages import RECENT, spread_of, StageTimes


@pytest.fixture
def clock(monkeypatch):
    """A clock that shows the seconds that the test hands out."""
    ticks: list[float] = []
    monkeypatch.setattr(stages.time, 'perf_counter', lambda: ticks.pop(0))
    return ticks


def test_only_stages_that_ran_are_reported():
    times = StageTimes()
    assert times.snapshot() == {}
    with times.time('read'):
        pass
    assert list(times.snapshot()) == ['read']
    assert times.snapshot()['read'].p50 >= 0.0


def test_durations_are_milliseconds(clock):
    times = StageTimes()
    clock += [10.0, 10.25]
    with times.time('infer'):
        pass
    assert times.snapshot()['infer'] == stages.Spread(p50=250.0, p99=250.0)


def test_a_body_that_raises_is_not_counted():
    times = StageTimes()
    with pytest.raises(ValueError, match='bad frame'), times.time('prepare'):
        raise ValueError('bad frame')
    assert times.snapshot() == {}


def test_old_frames_are_forgotten(clock):
    times = StageTimes()
    for duration in [5.0] * 10 + [1.0] * RECENT:
        clock += [0.0, duration]
        with times.time('build'):
            pass
    assert times.snapshot()['build'].p99 == 1000.0


def test_what_was_lately_is_of_the_last_frames_and_of_no_fewer():
    times = StageTimes()
    for duration_ms in (1.0, 1.0, 7.0, 9.0, 8.0):
        assert times.lately_ms('infer', 'restore', count=3) in (0.0, 1.5, 7.5)
        times.add('infer', duration_ms)
        times.add('restore', 0.5)
    assert times.lately_ms('infer', 'restore', count=3) == 8.5
    assert times.lately_ms('infer', count=6) == 0.0


def test_an_unknown_stage_is_no_new_name():
    with pytest.raises(KeyError), StageTimes().time('reed'):
        pass


def test_the_spread_of_a_hundred_and_one_values():
    assert spread_of([float(value) for value in range(101)]) == stages.Spread(p50=50.0, p99=99.0)


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_the_spread_consists_of_values_that_were_measured(values):
    found = spread_of(sorted(values))
    assert found.p50 in values
    assert found.p99 in values
    assert found.p50 <= found.p99


def test_two_threads_may_use_it_at_once():
    times = StageTimes()

    def work() -> None:
        for _ in range(200):
            with times.time('read'):
                times.snapshot()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20.0)
    # None was lost: it takes half of as many as are kept to move their median.
    for _ in range(RECENT // 2 - 1):
        times.add('read', math.inf)
    assert times.snapshot()['read'].p50 < math.inf
    times.add('read', math.inf)
    assert times.snapshot()['read'].p50 == math.inf
