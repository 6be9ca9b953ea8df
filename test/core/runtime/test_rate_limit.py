# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""At most so many frames a second, evenly, whatever the stamps do."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.core.runtime.rate_limit import RateLimit

BEGIN_NS = 1_700_000_000_123_456_789
FRAMES = 120


def kept(stamps_ns: Iterable[int], rate_hz: float) -> list[int]:
    """Return the stamps that a limit keeps."""
    limit = RateLimit()
    return [stamp_ns for stamp_ns in stamps_ns if limit.keeps(stamp_ns, rate_hz=rate_hz)]


def stream(camera_hz: float, seed: int) -> list[int]:
    """Return the stamps of a camera, each off by up to 12 % of its period."""
    period_ns, jitter = 1e9 / camera_hz, np.random.default_rng(seed).uniform(-0.12, 0.12, FRAMES)
    return [BEGIN_NS + round(step * period_ns) for step in np.arange(FRAMES) + jitter]


@given(st.integers(0, 2**32), st.integers(1, 10))
def test_a_camera_of_a_multiple_of_the_rate_gives_that_rate_though_it_jitters(seed, multiple):
    """Of 30 Hz limited to 15, every second frame: 15 Hz, not 10."""
    stamps = stream(30.0, seed)
    assert kept(stamps, 30.0 / multiple) == stamps[::multiple]


@given(st.integers(0, 2**32), st.floats(5.0, 60.0), st.floats(1.0, 60.0))
def test_a_limit_gives_the_smaller_of_both_rates(seed, camera_hz, rate_hz):
    wanted = FRAMES * min(1.0, rate_hz / camera_hz)
    assert len(kept(stream(camera_hz, seed), rate_hz)) == pytest.approx(wanted, rel=0.03, abs=2.0)


@given(st.lists(st.integers(0, 200_000_000), min_size=1, max_size=100), st.floats(1.0, 60.0))
def test_no_span_of_time_has_more_frames_than_the_rate_allows(gaps_ns, rate_hz):
    stamps = kept(accumulate(gaps_ns, initial=BEGIN_NS), rate_hz)
    for first, begin_ns in enumerate(stamps):
        for last, end_ns in enumerate(stamps[first:], start=1):
            assert last <= (end_ns - begin_ns) / 1e9 * rate_hz + 2.5


@given(st.floats(0.5, 60.0), st.integers(0, 100_000_000_000))
def test_stamps_that_jump_back_go_on_at_once(rate_hz, back_ns):
    limit = RateLimit()
    assert limit.keeps(BEGIN_NS, rate_hz=rate_hz)
    earlier_ns = BEGIN_NS - round(0.6e9 / rate_hz) - back_ns
    assert limit.keeps(earlier_ns, rate_hz=rate_hz)
    assert not limit.keeps(earlier_ns + 1, rate_hz=rate_hz)


@pytest.mark.parametrize('slow_hz', [1e-3, 1e-12, 5e-324])
def test_a_rate_that_is_raised_holds_at_once(slow_hz):
    limit = RateLimit()
    assert limit.keeps(BEGIN_NS, rate_hz=slow_hz)
    assert not limit.keeps(BEGIN_NS + 1_000_000_000, rate_hz=slow_hz)
    assert limit.keeps(BEGIN_NS + 1_000_000_001, rate_hz=10.0)
