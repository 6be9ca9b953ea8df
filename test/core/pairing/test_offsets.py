# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The offset statistics know why nothing is paired."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
import pytest

from promptda_ros.core.pairing.offsets import Offsets, OffsetSummary
from promptda_ros.core.pairing.pairing import Pairing, PairingSettings
from promptda_ros.core.pairing.stream import Topic

MS = 1_000_000
SEC = 1_000 * MS
PERIOD_NS = 33 * MS
START_NS = 1_795_000_000 * SEC
SETTINGS = PairingSettings(
    tolerance_ns=10 * MS,
    wait_ns=100 * MS,
    queue_size=10,
    max_bytes=1_000_000,
    reset_threshold_ns=1 * SEC,
)


def run(pairing: Pairing[None], *, frames: int, offset_ns, image_start_ns: int = START_NS) -> int:
    """Stream both topics; `offset_ns(time_sec)` is depth minus image. Return the pairs."""
    events = []
    for frame in range(frames):
        image_ns = image_start_ns + frame * PERIOD_NS
        time_ns = frame * PERIOD_NS
        depth_offset_ns = round(offset_ns(time_ns / SEC))
        events.append((time_ns, Topic.IMAGE, image_ns))
        events.append((time_ns + depth_offset_ns, Topic.DEPTH, image_ns + depth_offset_ns))
    events.sort(key=lambda event: event[0])
    return sum(
        len(pairing.add(topic, stamp_ns, None, now_ns=now_ns))
        for now_ns, topic, stamp_ns in events
    )


def test_nothing_is_known_before_the_first_messages():
    assert Offsets().summary() == OffsetSummary(0, None, None, None, None)
    assert Offsets().summary().ambiguous_in_sec is None
    assert not Offsets().summary().is_ambiguous


def test_the_first_image_and_depth_give_the_first_offset():
    offsets = Offsets()
    offsets.observe(Topic.IMAGE, START_NS)
    offsets.observe(Topic.DEPTH, START_NS + 3 * MS)
    assert offsets.summary() == OffsetSummary(1, 3 * MS, 3 * MS, None, None)


@pytest.mark.parametrize('lag_ms', [15, -15])
def test_a_constant_offset_over_the_tolerance_is_told_although_nothing_is_paired(lag_ms):
    """F4: depth lags image by 15.0 ms (p95 15.3) > tolerance 10 ms."""
    pairing: Pairing[None] = Pairing(SETTINGS)
    noise = random.Random(1)
    pairs = run(
        pairing, frames=150, offset_ns=lambda _: lag_ms * MS + noise.uniform(-0.3, 0.3) * MS
    )
    assert pairs == 0
    summary = pairing.offsets
    assert summary.count >= 100
    assert summary.median_ns == pytest.approx(lag_ms * MS, abs=0.1 * MS)
    assert summary.p95_ns == pytest.approx(15.3 * MS, abs=0.1 * MS)
    assert summary.image_period_ns == PERIOD_NS
    assert not summary.is_ambiguous


@pytest.mark.parametrize('image_every, depth_every', [(1, 2), (2, 1), (1, 6)])
def test_different_rates_do_not_look_like_an_offset(image_every, depth_every):
    """F2, F4: what lies between two frames of the slower topic has no partner to be late."""
    offsets = Offsets()
    for tick in range(600):
        if tick % image_every == 0:
            offsets.observe(Topic.IMAGE, START_NS + tick * PERIOD_NS)
        if tick % depth_every == 0:
            offsets.observe(Topic.DEPTH, START_NS + tick * PERIOD_NS + 12 * MS)
    summary = offsets.summary()
    assert summary.median_ns == 12 * MS
    assert summary.p95_ns == 12 * MS


def test_the_offset_that_is_told_is_the_one_that_depth_time_offset_removes():
    """F4."""
    settings = PairingSettings(**{**vars(SETTINGS), 'depth_time_offset_ns': -15 * MS})
    pairing: Pairing[None] = Pairing(settings)
    assert run(pairing, frames=100, offset_ns=lambda _: 15 * MS) == 100
    assert pairing.offsets.median_ns == 0


def test_drift_is_measured_and_projected_to_half_a_period():
    """F5: 75 us/s, one frame of 30 Hz in seven minutes; pairs stay right meanwhile."""
    pairing: Pairing[None] = Pairing(SETTINGS)
    noise = random.Random(1)
    frames = 60 * 30
    pairs = run(
        pairing,
        frames=frames,
        offset_ns=lambda time_sec: 75_000 * time_sec + noise.uniform(-1, 1) * MS,
    )
    assert pairs == frames
    summary = pairing.offsets
    assert summary.drift_ns_per_sec == pytest.approx(75_000, rel=0.1)
    assert summary.ambiguous_in_sec == pytest.approx(16.5 / 0.075 - 60, rel=0.15)


def test_no_drift_is_told_of_a_steady_offset():
    """F5: jitter of a millisecond must not look like a drift that matters within minutes."""
    pairing: Pairing[None] = Pairing(SETTINGS)
    noise = random.Random(1)
    run(pairing, frames=2000, offset_ns=lambda _: noise.uniform(-1, 1) * MS)
    ambiguous_in_sec = pairing.offsets.ambiguous_in_sec
    assert ambiguous_in_sec is None or ambiguous_in_sec > 1000


def test_a_drift_that_shrinks_the_offset_is_projected_to_the_other_side():
    summary = OffsetSummary(128, 10 * MS, 10 * MS, -1.0 * MS, 33 * MS)
    assert summary.ambiguous_in_sec == pytest.approx(26.5)


def test_an_offset_over_half_a_period_is_ambiguous():
    """F5: the nearest depth is then the one of another frame."""
    summary = OffsetSummary(128, -17 * MS, 17 * MS, 0.0, 33 * MS)
    assert summary.is_ambiguous
    assert summary.ambiguous_in_sec == 0.0


@pytest.mark.parametrize('image_start_ns', [START_NS, 100 * SEC])
def test_different_clocks_show_as_an_offset_of_years(image_start_ns):
    """F6: uptime against epoch, either way round; five seconds of messages suffice."""
    pairing: Pairing[None] = Pairing(SETTINGS)
    depth_start_ns = 100 * SEC if image_start_ns == START_NS else START_NS
    for frame in range(150):
        time_ns = frame * PERIOD_NS
        for topic, start_ns in ((Topic.IMAGE, image_start_ns), (Topic.DEPTH, depth_start_ns)):
            assert pairing.add(topic, start_ns + time_ns, None, now_ns=time_ns) == []
    median_ns = pairing.offsets.median_ns
    assert median_ns == pytest.approx(depth_start_ns - image_start_ns, abs=10 * SEC)
    counters = pairing.counters
    assert counters.resets == 0
    assert counters.image.held <= SETTINGS.queue_size
    assert counters.depth.held <= SETTINGS.queue_size


def test_a_camera_that_restarts_on_another_clock_shows_as_well():
    """F6: its stamps jump back, those of the depth do not follow."""
    pairing: Pairing[None] = Pairing(SETTINGS)
    run(pairing, frames=30, offset_ns=lambda _: 0)
    for frame in range(150):
        time_ns = (30 + frame) * PERIOD_NS
        pairing.add(Topic.IMAGE, 5 * SEC + time_ns, None, now_ns=time_ns)
        pairing.add(Topic.DEPTH, START_NS + time_ns, None, now_ns=time_ns)
    assert pairing.offsets.median_ns == pytest.approx(START_NS, abs=10 * SEC)


def test_a_depth_that_stops_does_not_change_the_offset():
    """G5: silence is no offset."""
    offsets = Offsets()
    for frame in range(100):
        offsets.observe(Topic.IMAGE, frame * PERIOD_NS)
        offsets.observe(Topic.DEPTH, frame * PERIOD_NS + 2 * MS)
    for frame in range(100, 1000):
        offsets.observe(Topic.IMAGE, frame * PERIOD_NS)
    offsets.observe(Topic.DEPTH, 1000 * PERIOD_NS)
    assert offsets.summary().median_ns == 2 * MS
    assert offsets.summary().p95_ns == 2 * MS


@given(st.lists(st.tuples(st.sampled_from(Topic), st.integers(-40, 60)), max_size=300))
def test_the_answer_does_not_depend_on_when_somebody_asks(steps):
    asked_once, asked_often, stamp_ns = Offsets(), Offsets(), START_NS
    for topic, step_ms in steps:
        stamp_ns += step_ms * MS
        assert asked_once.observe(topic, stamp_ns) == asked_often.observe(topic, stamp_ns)
        asked_often.summary()
    assert asked_once.summary() == asked_often.summary()


def test_nothing_is_forgotten_until_somebody_asks():
    """More stamps than are kept unread: the drift takes 8 blocks of 64 offsets."""
    offsets, frames = Offsets(), 64 * 40
    for frame in range(frames):
        for topic in Topic:
            offsets.observe(topic, START_NS + frame * PERIOD_NS)
    summary = offsets.summary()
    assert (summary.count, summary.drift_ns_per_sec) == (128 + 1, 0.0)


def test_stamps_that_come_again_and_again_give_no_error():
    """F9: a line through points of one time has no slope."""
    offsets = Offsets()
    for frame in range(2000):
        for topic in Topic:
            offsets.observe(topic, START_NS + frame % 64)
    assert offsets.summary().median_ns == 0
    assert offsets.summary().drift_ns_per_sec is None
