# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The invariants inv-I1 to inv-I10 of pairing, each for whatever messages may come."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
import itertools
import sys

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from promptda_ros.core.pairing.pairing import Pair, Pairing, PairingSettings
from promptda_ros.core.pairing.stream import Loss, Topic

IMAGE, DEPTH = Topic.IMAGE, Topic.DEPTH
# Small numbers, so that Hypothesis finds coincidences: one unit is a millisecond in spirit.
PERIOD = 30
NEVER = 10**15

examples = hypothesis_settings(max_examples=200)


@dataclass(frozen=True)
class Message:
    """A message that knows where it comes from."""

    topic: Topic
    number: int
    nbytes: int


@dataclass
class Log:
    """A pairing and everything that happened to it."""

    settings: PairingSettings
    pairing: Pairing[Message] = field(init=False)
    pairs: list[Pair[Message]] = field(default_factory=list)
    epoch_of: dict[Message, int] = field(default_factory=dict)  # when the message had been taken
    now: int = 0

    def __post_init__(self) -> None:
        self.pairing = Pairing(self.settings)

    def add(self, topic: Topic, stamp: int | None, nbytes: int = 0) -> None:
        message = Message(topic, len(self.epoch_of), nbytes)
        pairs = self.pairing.add(topic, stamp, message, now_ns=self.now, nbytes=nbytes)
        self.epoch_of[message] = self.pairing.counters.resets
        self.pairs += pairs

    def advance(self, duration: int) -> None:
        self.now += duration
        self.pairs += self.pairing.poll(now_ns=self.now)


pairing_settings = st.builds(
    PairingSettings,
    tolerance_ns=st.integers(0, 2 * PERIOD),
    wait_ns=st.sampled_from([0, PERIOD, 4 * PERIOD, NEVER]),
    queue_size=st.integers(1, 6),
    max_bytes=st.one_of(st.integers(0, 60), st.just(NEVER)),
    reset_threshold_ns=st.integers(PERIOD, 10 * PERIOD),
    depth_time_offset_ns=st.sampled_from([0, 0, -PERIOD // 2, 5]),
    reuse_depth=st.booleans(),
)
stamps = st.one_of(
    st.integers(1, 40 * PERIOD),
    st.integers(1, 40).map(lambda frame: frame * PERIOD),
    st.sampled_from([None, 0, -1, -PERIOD, 2**31 * 10**9, 2**70]),
)
messages = st.tuples(st.just('add'), st.sampled_from(Topic), stamps, st.integers(0, 25))
jitter = st.one_of(st.none(), st.just(0), st.integers(-PERIOD, PERIOD))  # None: lost


def as_actions(steps) -> list[tuple]:
    """Turn frames of a stream that may jump into messages; the rest stays as it is."""
    actions = []
    moment = 10 * PERIOD
    for step, *arguments in steps:
        if step == 'frame':
            moment += PERIOD
            *jitters, nbytes = arguments
            for topic, error in zip(Topic, jitters, strict=True):
                if error is not None:
                    actions.append(('add', topic, moment + error, nbytes))
        elif step == 'jump':
            moment = arguments[0]
        else:
            actions.append((step, *arguments))
    return actions


frames = st.tuples(st.just('frame'), jitter, jitter, st.integers(0, 25))
deliveries = st.lists(
    st.one_of(
        frames,
        frames,
        messages,
        st.tuples(st.just('jump'), st.integers(1, 60 * PERIOD)),
    ),
    max_size=50,
).map(as_actions)
anything = st.lists(
    st.one_of(
        frames,
        frames,
        frames,
        messages,
        st.tuples(st.just('jump'), st.integers(1, 60 * PERIOD)),
        st.tuples(st.just('advance'), st.integers(0, 3 * PERIOD)),
        st.tuples(st.just('reset')),
        st.tuples(st.just('set'), pairing_settings),
    ),
    max_size=50,
).map(as_actions)


def play(settings: PairingSettings, actions, check=lambda log: None) -> Log:
    """Do everything that is asked, looking at the state after every action."""
    log = Log(settings)
    play_on(log, actions, check)
    return log


def play_on(log: Log, actions, check=lambda log: None) -> None:
    for action, *arguments in actions:
        if action == 'add':
            log.add(*arguments)
        elif action == 'advance':
            log.advance(*arguments)
        elif action == 'reset':
            log.pairing.reset('test')
        else:
            log.pairing.settings = replace(arguments[0], queue_size=log.settings.queue_size)
        check(log)


@examples
@given(pairing_settings, deliveries)
def test_no_pair_is_farther_apart_than_the_tolerance(settings, actions):
    """inv-I1."""
    log = play(settings, actions)
    for pair in log.pairs:
        offset = pair.depth_stamp_ns + settings.depth_time_offset_ns - pair.image_stamp_ns
        assert abs(offset) <= settings.tolerance_ns


@examples
@given(st.integers(0, 100), st.booleans(), st.booleans())
def test_the_tolerance_is_inclusive(tolerance, depth_first, depth_is_later):
    """F3, inv-I1."""
    log = Log(settings_of(tolerance=tolerance))
    image = 1000
    depth = image + (tolerance if depth_is_later else -tolerance)
    for topic in (DEPTH, IMAGE) if depth_first else (IMAGE, DEPTH):
        log.add(topic, depth if topic is DEPTH else image)
    log.advance(NEVER)
    assert len(log.pairs) == 1


@examples
@given(pairing_settings, anything)
def test_stamps_strictly_increase_within_an_epoch(settings, actions):
    """F9, F10, inv-I2."""
    log = play(settings, actions)
    for earlier, later in zip(log.pairs, log.pairs[1:], strict=False):
        assert earlier.epoch <= later.epoch
        if earlier.epoch == later.epoch:
            assert earlier.image_stamp_ns < later.image_stamp_ns
            same = earlier.depth == later.depth
            assert same or earlier.depth_stamp_ns < later.depth_stamp_ns


@examples
@given(pairing_settings, anything)
def test_a_message_is_in_one_pair_at_the_most(settings, actions):
    """inv-I3."""
    settings = replace(settings, reuse_depth=False)
    actions = [action for action in actions if action[0] != 'set']
    log = play(settings, actions)
    numbers = [pair.image.number for pair in log.pairs] + [pair.depth.number for pair in log.pairs]
    assert len(numbers) == len(set(numbers))
    assert log.pairing.counters.pairs == log.pairing.counters.depth.paired


@examples
@given(pairing_settings, anything)
def test_depth_that_is_used_again_is_counted(settings, actions):
    """inv-I3."""
    log = play(settings, actions)
    images = [pair.image.number for pair in log.pairs]
    depths = [pair.depth.number for pair in log.pairs]
    assert len(images) == len(set(images))
    counters = log.pairing.counters
    assert counters.pairs - counters.depth.paired == len(depths) - len(set(depths))


@examples
@given(pairing_settings, anything)
def test_no_more_is_held_than_allowed(settings, actions):
    """G6, inv-I4: looked at from outside, through what is neither paired nor lost."""

    def check(log: Log) -> None:
        counters = log.pairing.counters
        assert counters.image.held <= settings.queue_size
        assert counters.depth.held <= settings.queue_size

    play(settings, actions, check)


@examples
@given(pairing_settings, deliveries)
def test_no_more_bytes_are_held_than_allowed(settings, actions):
    """inv-I4: the messages are alive as long as the pairing holds them."""
    kept: set[int] = set()

    class Payload:
        def __init__(self, number: int) -> None:
            self.number = number
            kept.add(number)

        def __del__(self) -> None:
            kept.discard(self.number)

    pairing: Pairing[Payload] = Pairing(settings)
    sizes = []
    for _, topic, stamp, nbytes in actions:
        payload = Payload(len(sizes))
        sizes.append(nbytes)
        pairing.add(topic, stamp, payload, now_ns=0, nbytes=nbytes)
        del payload
        assert sum(sizes[number] for number in kept) <= settings.max_bytes
        assert len(kept) <= 2 * settings.queue_size


@examples
@given(pairing_settings, anything)
def test_both_messages_of_a_pair_are_of_its_epoch(settings, actions):
    """F11, F12, inv-I6."""
    log = play(settings, actions)
    for pair in log.pairs:
        assert pair.epoch == log.epoch_of[pair.image] == log.epoch_of[pair.depth]


@examples
@given(pairing_settings, anything)
def test_every_message_is_paired_held_or_lost_for_a_reason(settings, actions):
    """F7, F8, F9, F10, inv-I10: nothing raises, nothing vanishes."""

    def check(log: Log) -> None:
        counters = log.pairing.counters
        for topic, of_topic in ((IMAGE, counters.image), (DEPTH, counters.depth)):
            assert of_topic.received == sum(m.topic is topic for m in log.epoch_of)
            lost = sum(of_topic.lost.values())
            assert of_topic.received == of_topic.paired + of_topic.held + lost
        assert counters.pairs == len(log.pairs) == counters.image.paired
        assert counters.depth.paired == len({pair.depth.number for pair in log.pairs})
        assert log.pairing.offsets.count <= counters.image.received

    play(settings, actions, check)


@examples
@given(deliveries)
def test_impossible_stamps_change_nothing_else(actions):
    """F7, F8, inv-I10."""
    with_bad, without = (Log(settings_of(tolerance=PERIOD)) for _ in range(2))
    for _, topic, stamp, _ in actions:
        with_bad.add(topic, stamp)
        if stamp is not None and 0 < stamp < 2**31 * 10**9:
            without.add(topic, stamp)
    assert stamps_of(with_bad.pairs) == stamps_of(without.pairs)
    counters = with_bad.pairing.counters
    bad = sum(
        of_topic.lost[loss]
        for of_topic in (counters.image, counters.depth)
        for loss in (Loss.BAD_STAMP, Loss.ZERO_STAMP)
    )
    assert bad == len(with_bad.epoch_of) - len(without.epoch_of)


# inv-I5 and inv-I9: what is chosen, of two topics that each come in order


def settings_of(*, tolerance: int, reuse_depth: bool = False) -> PairingSettings:
    return PairingSettings(
        tolerance_ns=tolerance,
        wait_ns=NEVER // 2,
        queue_size=1000,
        max_bytes=NEVER,
        reset_threshold_ns=NEVER,
        reuse_depth=reuse_depth,
    )


def stamps_of(pairs: list[Pair[Message]]) -> list[tuple[int, int]]:
    return [(pair.image_stamp_ns, pair.depth_stamp_ns) for pair in pairs]


ordered = st.lists(st.integers(1, 200), max_size=25, unique=True).map(sorted)
nearly_periodic = st.lists(st.integers(-14, 14), max_size=25).map(
    lambda jitter: sorted({100 + PERIOD * frame + j for frame, j in enumerate(jitter)})
)
in_order = st.one_of(ordered, nearly_periodic)
tolerances = st.integers(0, 2 * PERIOD)


def merge(images: list[int], depths: list[int], picks: list[bool]) -> list[tuple[Topic, int]]:
    """One interleaving: True takes the next image, False the next depth."""
    images, depths = list(images), list(depths)
    merged = []
    for pick_image in picks + [True] * len(images) + [False] * len(depths):
        queue, topic = (images, IMAGE) if pick_image else (depths, DEPTH)
        if queue:
            merged.append((topic, queue.pop(0)))
    return merged


def crosses(pair: tuple[int, int], others: list[tuple[int, int]]) -> bool:
    """Whether a pair could not be emitted beside the others, because stamps must increase."""
    return any((image < pair[0]) != (depth < pair[1]) for image, depth in others)


def deliver(log: Log, deliveries: list[tuple[Topic, int]]) -> list[tuple[int, int]]:
    for topic, stamp in deliveries:
        log.add(topic, stamp)
    return stamps_of(log.pairs)


@examples
@given(in_order, in_order, tolerances, st.data())
def test_no_depth_left_over_is_nearer_than_the_one_taken(images, depths, tolerance, data):
    """inv-I5."""
    picks = data.draw(st.lists(st.booleans(), max_size=50))
    log = Log(settings_of(tolerance=tolerance))
    deliver(log, merge(images, depths, picks))
    log.advance(NEVER)
    pairs = stamps_of(log.pairs)
    left = set(depths) - {depth for _, depth in pairs}
    for image, depth in pairs:
        others = [pair for pair in pairs if pair != (image, depth)]
        nearer = [other for other in left if abs(other - image) < abs(depth - image)]
        assert all(crosses((image, other), others) for other in nearer)


@examples
@given(in_order, in_order, tolerances, st.data())
def test_no_image_is_left_over_beside_a_depth_that_fits(images, depths, tolerance, data):
    """inv-I5."""
    picks = data.draw(st.lists(st.booleans(), max_size=50))
    log = Log(settings_of(tolerance=tolerance))
    deliver(log, merge(images, depths, picks))
    log.advance(NEVER)
    pairs = stamps_of(log.pairs)
    for image in set(images) - {image for image, _ in pairs}:
        for depth in set(depths) - {depth for _, depth in pairs}:
            assert abs(image - depth) > tolerance or crosses((image, depth), pairs)


@examples
@given(in_order, in_order, tolerances, st.data())
def test_the_nearest_is_taken_when_depth_may_be_used_again(images, depths, tolerance, data):
    """inv-I5."""
    picks = data.draw(st.lists(st.booleans(), max_size=50))
    log = Log(settings_of(tolerance=tolerance, reuse_depth=True))
    deliver(log, merge(images, depths, picks))
    log.advance(NEVER)
    expected = {}
    for image in images:
        nearest = min(depths, key=lambda depth: abs(depth - image), default=NEVER)
        if abs(nearest - image) <= tolerance:
            expected[image] = nearest
    assert dict(stamps_of(log.pairs)) == expected


@examples
@given(nearly_periodic, st.integers(0, PERIOD // 4), st.integers(0, PERIOD // 4))
def test_a_pair_is_emitted_when_the_first_depth_at_or_after_the_image_arrives(
    images, lag, tolerance
):
    """inv-I5: no pair of a camera and a sensor in step is kept back if the period allows it."""
    log = Log(settings_of(tolerance=tolerance))
    spacing = min((b - a for a, b in itertools.pairwise(images)), default=NEVER)
    for image in images:
        log.add(IMAGE, image)
        before = len(log.pairs)
        log.add(DEPTH, image + lag)
        if lag <= tolerance and 2 * lag <= spacing:
            assert stamps_of(log.pairs[before:]) == [(image, image + lag)]


@examples
@given(in_order, in_order, tolerances, st.integers(1, 100))
def test_nothing_is_held_longer_than_the_wait(images, depths, tolerance, wait):
    """inv-I5."""
    log = Log(replace(settings_of(tolerance=tolerance), wait_ns=wait))
    deliver(log, merge(images, depths, []))
    log.advance(wait)
    assert log.pairing.counters.image.held == 0


@examples
@given(in_order, in_order, tolerances, st.booleans(), st.data())
def test_the_interleaving_of_the_topics_does_not_matter(
    images, depths, tolerance, reuse_depth, data
):
    """inv-I9."""
    settings = settings_of(tolerance=tolerance, reuse_depth=reuse_depth)
    first, second = Log(settings), Log(settings)
    for log in (first, second):
        picks = data.draw(st.lists(st.booleans(), max_size=50))
        deliver(log, merge(images, depths, picks))
    assert stamps_of(first.pairs) == stamps_of(second.pairs)
    for log in (first, second):
        log.advance(NEVER)
    assert stamps_of(first.pairs) == stamps_of(second.pairs)


@examples
@given(st.lists(st.booleans(), max_size=40), st.integers(0, PERIOD // 2 - 1), st.data())
def test_swapped_neighbours_are_paired_whatever_the_interleaving(swaps, tolerance, data):
    """F10, inv-I1, inv-I2, inv-I9: once the topic is known to deliver out of order."""
    stamps = [PERIOD * frame for frame in range(1, 2 * len(swaps) + 9)]
    depths = swapped([False, False, True, *swaps], stamps)
    log = Log(settings_of(tolerance=tolerance))
    picks = data.draw(st.lists(st.booleans(), max_size=100))
    pairs = deliver(log, merge(stamps, depths, picks))
    log.advance(NEVER)
    pairs = stamps_of(log.pairs)
    assert all(image == depth for image, depth in pairs)
    assert {image for image, _ in pairs} >= {*stamps[6:]}


def test_a_swapped_neighbour_costs_the_pair_after_it_one_depth():
    """F10: no other pair waits."""
    log = Log(settings_of(tolerance=PERIOD // 3))
    stamps = [PERIOD * frame for frame in range(1, 41)]
    waiting = []
    for image, depth in zip(stamps, swapped([False] * 3 + [True] * 5, stamps), strict=True):
        log.add(IMAGE, image)
        log.add(DEPTH, depth)
        waiting.append(log.pairing.counters.image.held)
    assert len(log.pairs) == len(stamps) - 1  # the first swap was not reckoned with
    assert set(waiting) == {0, 1}
    assert sum(waiting) == 4


def test_images_of_a_slower_sensor_are_not_held_up_for_depth_that_is_not_to_come():
    """F2, F10: most of them have none, also where some depth came out of order."""
    log = Log(settings_of(tolerance=PERIOD // 3))
    stamps = [PERIOD * frame for frame in range(1, 41)]
    depths = swapped([False] * 3 + [True], stamps[1::2])
    for frame, image in enumerate(stamps):
        log.add(IMAGE, image)
        if frame % 2:
            log.add(DEPTH, depths[frame // 2])
            assert log.pairing.counters.image.held == 0
    assert len(log.pairs) == len(depths) - 1


def swapped(swaps: list[bool], stamps: list[int]) -> list[int]:
    """Return the stamps as they arrive: each True swaps the next two."""
    arriving = list(stamps)
    for number, is_swapped in enumerate(swaps):
        at = 2 * number
        if is_swapped:
            arriving[at : at + 2] = reversed(arriving[at : at + 2])
    return arriving


# inv-I7 and inv-I8


@examples
@given(st.lists(messages, min_size=1, max_size=20), st.integers(1, 40))
def test_an_exception_inside_a_call_leaves_the_lock_free(actions, interrupted_call):
    """F19, I5, inv-I7: KeyboardInterrupt comes where it likes."""
    log = Log(settings_of(tolerance=PERIOD))
    calls = 0

    def interrupt(frame, event, argument) -> None:
        nonlocal calls
        calls += event == 'call' and '/promptda_ros/core/' in frame.f_code.co_filename
        if calls == interrupted_call:
            raise KeyboardInterrupt

    sys.setprofile(interrupt)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            play_on(log, actions)
    finally:
        sys.setprofile(None)
    log.pairing.reset('interrupted')
    pairs_before = len(log.pairs)
    log.add(IMAGE, 1000)
    log.add(DEPTH, 1000)
    assert stamps_of(log.pairs[pairs_before:]) == [(1000, 1000)]


def calls_per_message(held: int) -> float:
    """Calls made for one message while `held` images wait."""
    log = Log(settings_of(tolerance=0))
    for frame in range(held):
        log.add(IMAGE, 1000 + frame * PERIOD)
    calls = 0

    def count(frame, event, argument) -> None:
        nonlocal calls
        calls += event in ('call', 'c_call')

    messages = 200
    sys.setprofile(count)
    try:
        for number in range(messages):
            log.pairing.add(IMAGE, 1001 + number * PERIOD, None, now_ns=0)  # type: ignore[arg-type]
    finally:
        sys.setprofile(None)
    return calls / messages


def test_the_work_per_message_grows_with_the_logarithm_of_what_is_held():
    """inv-I8."""
    few, many = calls_per_message(16), calls_per_message(500)
    assert many - few <= 3 * 2 * 5  # log2(500 / 16) = 5 more steps in each of a few searches
