# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Random cameras and depth sensors: no wrong pair, and nearly every right one.

Every message knows the loop and the frame it comes from. Which messages belong together can be
told from stamps as long as those of one frame are nearer to each other than half a period, and
the tolerance is no larger than that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
import random

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
import pytest

from promptda_ros.core.pairing.pairing import Pair, Pairing, PairingCounters, PairingSettings
from promptda_ros.core.pairing.stream import Topic

MS = 1_000_000
SEC = 1_000 * MS
PERIOD_NS = 33 * MS
SETTINGS = PairingSettings(
    tolerance_ns=16 * MS,
    wait_ns=100 * MS,
    queue_size=10,
    max_bytes=1_000_000,
    reset_threshold_ns=1 * SEC,
)


@dataclass(frozen=True)
class Scenario:
    """How two topics come in; times in milliseconds, chances per message."""

    loss: float = 0.0
    image_jitter: float = 0.0  # of the stamps, either way
    depth_jitter: float = 0.0
    lag: float = 0.0  # of the depth's stamps
    depth_delay: float = 0.0  # of the depth's arrival
    transport_jitter: float = 0.0
    reorder: float = 0.0  # arrives one and a half periods late
    duplicate: float = 0.0
    loops: int = 1
    frames: int = 300  # of a loop


@dataclass(frozen=True)
class Delivery:
    """One message as it arrives."""

    arrival_ns: int
    topic: Topic
    stamp_ns: int
    frame: tuple[int, int]  # loop and number: the truth


def deliveries_of(scenario: Scenario, seed: int) -> list[Delivery]:
    """Simulate both topics; in order of arrival."""
    chance = random.Random(seed)
    deliveries = []
    for loop in range(scenario.loops):
        for number in range(scenario.frames):
            now_ns = (loop * scenario.frames + number) * PERIOD_NS
            for topic in Topic:
                if chance.random() < scenario.loss:
                    continue
                stamp_ns = 50 * SEC + number * PERIOD_NS + _stamp_error_ns(scenario, topic, chance)
                arrival_ns = now_ns + _delay_ns(scenario, topic, chance)
                deliveries.append(Delivery(arrival_ns, topic, stamp_ns, (loop, number)))
                if chance.random() < scenario.duplicate:
                    arrival_ns += round(chance.uniform(0, 2 * PERIOD_NS))
                    deliveries.append(Delivery(arrival_ns, topic, stamp_ns, (loop, number)))
    return sorted(deliveries, key=lambda delivery: delivery.arrival_ns)


def _stamp_error_ns(scenario: Scenario, topic: Topic, chance: random.Random) -> int:
    jitter = scenario.image_jitter if topic is Topic.IMAGE else scenario.depth_jitter
    lag = 0.0 if topic is Topic.IMAGE else scenario.lag
    return round((lag + chance.uniform(-jitter, jitter)) * MS)


def _delay_ns(scenario: Scenario, topic: Topic, chance: random.Random) -> int:
    delay = 0.0 if topic is Topic.IMAGE else scenario.depth_delay
    delay += chance.uniform(0, scenario.transport_jitter)
    overtaken_ns = 3 * PERIOD_NS // 2 if chance.random() < scenario.reorder else 0
    return round(delay * MS) + overtaken_ns


def run(
    deliveries: list[Delivery], settings: PairingSettings
) -> tuple[list[Pair[Delivery]], PairingCounters]:
    """Pair everything, and give the last images up."""
    pairing: Pairing[Delivery] = Pairing(settings)
    pairs = []
    for delivery in deliveries:
        pairs += pairing.add(
            delivery.topic, delivery.stamp_ns, delivery, now_ns=delivery.arrival_ns
        )
    pairs += pairing.poll(now_ns=deliveries[-1].arrival_ns + SEC if deliveries else 0)
    return pairs, pairing.counters


def wrong(pairs: list[Pair[Delivery]]) -> list[Pair[Delivery]]:
    return [pair for pair in pairs if pair.image.frame != pair.depth.frame]


def right(pairs: list[Pair[Delivery]]) -> set[tuple[int, int]]:
    return {pair.image.frame for pair in pairs if pair.image.frame == pair.depth.frame}


def available(deliveries: list[Delivery]) -> set[tuple[int, int]]:
    """Frames of which both messages arrive."""
    images, depths = ({d.frame for d in deliveries if d.topic is topic} for topic in Topic)
    return images & depths


def in_order(deliveries: list[Delivery]) -> list[Delivery]:
    """Without what was overtaken on its topic: a pair emitted at once cannot wait for it."""
    newest: dict[Topic, tuple[int, int]] = {}
    kept = []
    for delivery in deliveries:
        if delivery.frame > newest.get(delivery.topic, (-1, -1)):
            newest[delivery.topic] = delivery.frame
            kept.append(delivery)
    return kept


def optimum(images: list[int], depths: list[int], tolerance: int) -> int:
    """Most pairs that anyone can make of all the stamps; the earliest fit is optimal on a line."""
    remaining = sorted(depths)
    pairs = 0
    for image in sorted(images):
        while remaining and remaining[0] < image - tolerance:
            remaining.pop(0)
        if remaining and remaining[0] <= image + tolerance:
            remaining.pop(0)
            pairs += 1
    return pairs


def optimum_of(deliveries: list[Delivery], tolerance_ns: int) -> int:
    total = 0
    for loop in {delivery.frame[0] for delivery in deliveries}:
        images, depths = (
            {d.stamp_ns for d in deliveries if d.topic is topic and d.frame[0] == loop}
            for topic in Topic
        )
        total += optimum(list(images), list(depths), tolerance_ns)
    return total


stamps = st.lists(st.integers(0, 40), max_size=6, unique=True)


@hypothesis_settings(max_examples=200)
@given(stamps, stamps, st.integers(0, 20))
def test_the_optimum_is_that_of_every_possible_matching(images, depths, tolerance):
    """What recall is measured against must itself be right."""

    @cache
    def best(image: int, free: frozenset[int]) -> int:
        if image == len(images):
            return 0
        fits = [depth for depth in free if abs(depth - images[image]) <= tolerance]
        taken = [1 + best(image + 1, free - {depth}) for depth in fits]
        return max([best(image + 1, free), *taken])

    assert optimum(images, depths, tolerance) == best(0, frozenset(depths))


STEADY = Scenario()
JITTER = Scenario(image_jitter=8.0, depth_jitter=8.0)
LATE_DEPTH = Scenario(lag=10.0, depth_jitter=6.0, depth_delay=40.0)
EARLY_DEPTH = Scenario(lag=-10.0, image_jitter=6.0)
WILD = Scenario(
    image_jitter=8.0,
    depth_jitter=8.0,
    depth_delay=20.0,
    transport_jitter=25.0,
    reorder=0.05,
    duplicate=0.05,
)
SCENARIOS = {
    'steady': STEADY,
    'jitter': JITTER,
    'late depth': LATE_DEPTH,
    'early depth': EARLY_DEPTH,
    'wild': WILD,
}
LOSSES = [0.0, 0.1, 0.3, 0.5, 0.7]


def test_a_hundred_thousand_messages_give_no_wrong_pair():
    """F1, F10, F12: loss up to 70 %, jitter, reordering, duplicates and loops."""
    messages = pairs_made = loops = 0
    for seed, scenario in enumerate(SCENARIOS.values()):
        for loss in LOSSES:
            looped = replace(scenario, loss=loss, loops=20, frames=200)
            deliveries = deliveries_of(looped, seed)
            pairs, counters = run(deliveries, SETTINGS)
            assert wrong(pairs) == []
            for topic in (counters.image, counters.depth):
                assert topic.received == topic.paired + topic.held + sum(topic.lost.values())
            messages += len(deliveries)
            pairs_made += len(pairs)
            loops += counters.resets
    assert messages >= 100_000
    assert pairs_made >= 40_000
    assert loops >= 19 * len(SCENARIOS) * len(LOSSES)


@hypothesis_settings(max_examples=100)
@given(
    st.builds(
        Scenario,
        loss=st.floats(0.0, 0.7),
        image_jitter=st.floats(0.0, 8.0),
        depth_jitter=st.floats(0.0, 8.0),
        depth_delay=st.floats(0.0, 80.0),
        transport_jitter=st.floats(0.0, 30.0),
        duplicate=st.floats(0.0, 0.2),
        loops=st.integers(1, 4),
        frames=st.just(100),
    ),
    st.integers(0, 2**32),
)
def test_no_scenario_gives_a_wrong_pair(scenario, seed):
    """F1, F12, inv-I6."""
    pairs, _ = run(deliveries_of(scenario, seed), SETTINGS)
    assert wrong(pairs) == []


@pytest.mark.parametrize('name', SCENARIOS)
def test_without_loss_99_percent_of_the_optimum_are_paired(name):
    """F1."""
    scenario = replace(SCENARIOS[name], frames=3000)
    deliveries = in_order(deliveries_of(scenario, seed=1))
    pairs, _ = run(deliveries, SETTINGS)
    assert len(pairs) >= 0.99 * optimum_of(deliveries, SETTINGS.tolerance_ns)


@pytest.mark.parametrize('tolerance_ms', [20, 33, 50])
@pytest.mark.parametrize('lag_ms', [-8, 0, 8])
def test_a_generous_tolerance_still_pairs_99_percent_and_rightly(tolerance_ms, lag_ms):
    """F1: above half a period a depth fits two images."""
    scenario = Scenario(lag=lag_ms, depth_jitter=5.0, frames=3000)
    deliveries = deliveries_of(scenario, seed=1)
    settings = replace(SETTINGS, tolerance_ns=tolerance_ms * MS)
    pairs, _ = run(deliveries, settings)
    assert wrong(pairs) == []
    assert len(pairs) >= 0.99 * optimum_of(deliveries, settings.tolerance_ns)


@given(st.integers(0, PERIOD_NS - 1))
def test_a_slower_sensor_of_its_own_clock_finds_the_nearest_image_at_every_phase(phase_ns):
    """F1: half the period of the images is enough, and one that is too short may find none."""
    images = [Delivery(ns, Topic.IMAGE, SEC + ns, (0, 0)) for ns in range(0, SEC, PERIOD_NS)]
    depths = [
        Delivery(ns + phase_ns, Topic.DEPTH, SEC + ns + phase_ns, (0, 0))
        for ns in range(PERIOD_NS, SEC - 3 * PERIOD_NS, 3 * PERIOD_NS)
    ]
    deliveries = sorted([*images, *depths], key=lambda delivery: delivery.arrival_ns)

    pairs, _ = run(deliveries, replace(SETTINGS, tolerance_ns=-(-PERIOD_NS // 2)))

    assert [pair.depth for pair in pairs] == depths
    for pair in pairs:
        offset_ns = abs(pair.depth_stamp_ns - pair.image_stamp_ns)
        assert offset_ns == min(abs(pair.depth.stamp_ns - i.stamp_ns) for i in images)


@pytest.mark.parametrize('name', SCENARIOS)
@pytest.mark.parametrize('loss', LOSSES)
def test_under_loss_95_percent_of_what_arrives_complete_is_paired(name, loss):
    """F1."""
    scenario = replace(SCENARIOS[name], loss=loss, frames=3000)
    deliveries = in_order(deliveries_of(scenario, seed=1))
    pairs, _ = run(deliveries, SETTINGS)
    frames = available(deliveries)
    assert len(right(pairs) & frames) >= 0.95 * len(frames)


@pytest.mark.parametrize('name', SCENARIOS)
def test_what_is_overtaken_costs_nothing_but_itself(name):
    """F10: the frames that arrive in order are paired as if the others had been lost."""
    scenario = replace(SCENARIOS[name], reorder=0.05, frames=3000)
    deliveries = deliveries_of(scenario, seed=1)
    pairs, _ = run(deliveries, SETTINGS)
    frames = available(in_order(deliveries))
    assert wrong(pairs) == []
    assert len(right(pairs) & frames) >= 0.99 * len(frames)


@pytest.mark.parametrize('name', SCENARIOS)
def test_after_every_loop_output_returns_within_three_frames(name):
    """F12."""
    scenario = replace(SCENARIOS[name], loops=100, frames=90, reorder=0.0, duplicate=0.0)
    pairs, counters = run(deliveries_of(scenario, seed=1), SETTINGS)
    first = dict.fromkeys(range(scenario.loops), scenario.frames)
    for pair in pairs:
        loop, number = pair.image.frame
        first[loop] = min(first[loop], number)
    assert max(first.values()) <= 2
    assert counters.resets == 99


def test_an_outage_of_the_depth_is_over_with_its_first_message():
    """G5: ten minutes without depth, at once pairs again."""
    deliveries = deliveries_of(Scenario(frames=20_000), seed=1)
    outage = [d for d in deliveries if d.topic is Topic.IMAGE or not 100 < d.frame[1] < 18_300]
    pairs, counters = run(outage, SETTINGS)
    assert {frame for _, frame in available(outage) - right(pairs)} <= {18_300}
    assert counters.resets == 0
