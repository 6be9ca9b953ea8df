# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pairing, row by row of the fault table; every case is small enough to follow by hand."""

from __future__ import annotations

from dataclasses import replace
import threading

import pytest

from promptda_ros.core.pairing.pairing import Pair, Pairing, PairingSettings
from promptda_ros.core.pairing.stream import checked_stamp_ns, Loss, Topic

MS = 1_000_000
SEC = 1_000 * MS
IMAGE, DEPTH = Topic.IMAGE, Topic.DEPTH
SETTINGS = PairingSettings(
    tolerance_ns=10 * MS,
    wait_ns=100 * MS,
    queue_size=10,
    max_bytes=1_000_000,
    reset_threshold_ns=1 * SEC,
)


def offset_ns(pair: Pair[str], added_ns: int = 0) -> int:
    """Return depth minus image, after depth_time_offset."""
    return pair.depth_stamp_ns + added_ns - pair.image_stamp_ns


class Bench:
    """A pairing and its steady clock; stamps and results in milliseconds."""

    def __init__(self, **settings: int | bool) -> None:
        self.pairing: Pairing[str] = Pairing(replace(SETTINGS, **settings))
        self.now_ns = 0
        self.pairs: list[Pair[str]] = []

    def image(self, *stamps_ms: float, nbytes: int = 0) -> list[tuple[int, int]]:
        return self._add(IMAGE, stamps_ms, nbytes)

    def depth(self, *stamps_ms: float, nbytes: int = 0) -> list[tuple[int, int]]:
        return self._add(DEPTH, stamps_ms, nbytes)

    def poll(self, later_ms: float) -> list[tuple[int, int]]:
        self.now_ns += round(later_ms * MS)
        return self._keep(self.pairing.poll(now_ns=self.now_ns))

    def lost(self, topic: Topic) -> dict[Loss, int]:
        counters = self.pairing.counters
        lost = counters.image.lost if topic is IMAGE else counters.depth.lost
        return {loss: count for loss, count in lost.items() if count}

    def _add(
        self, topic: Topic, stamps_ms: tuple[float, ...], nbytes: int
    ) -> list[tuple[int, int]]:
        pairs = []
        for stamp_ms in stamps_ms:
            message = f'{topic.value} {stamp_ms}'
            pairs += self.pairing.add(
                topic, round(stamp_ms * MS), message, now_ns=self.now_ns, nbytes=nbytes
            )
        return self._keep(pairs)

    def _keep(self, pairs: list[Pair[str]]) -> list[tuple[int, int]]:
        self.pairs += pairs
        return [(pair.image_stamp_ns // MS, pair.depth_stamp_ns // MS) for pair in pairs]


# Which depth


def test_a_pair_carries_both_messages_their_stamps_and_the_offset():
    bench = Bench()
    bench.image(1000)
    bench.depth(1003)
    assert bench.pairs == [
        Pair(
            image='image 1000',
            depth='depth 1003',
            image_stamp_ns=1000 * MS,
            depth_stamp_ns=1003 * MS,
            epoch=0,
            image_arrival_ns=bench.now_ns,
            paired_ns=bench.now_ns,
        )
    ]


def test_a_pair_tells_how_long_its_image_waited():
    bench = Bench()
    bench.image(1000)
    arrival_ns = bench.now_ns
    bench.now_ns += 7 * MS
    bench.depth(1003)
    (pair,) = bench.pairs
    assert (pair.image_arrival_ns, pair.paired_ns) == (arrival_ns, arrival_ns + 7 * MS)


def test_the_nearest_depth_is_taken_not_the_first_that_fits():
    bench = Bench(tolerance_ns=20 * MS)
    assert bench.depth(985) == []
    assert bench.image(1000) == []
    assert bench.depth(1001) == [(1000, 1001)]
    assert bench.lost(DEPTH) == {Loss.UNPAIRED: 1}


@pytest.mark.parametrize('first', [IMAGE, DEPTH])
def test_equal_stamps_are_paired_at_once_whichever_comes_first(first):
    bench = Bench()
    add = [bench.image, bench.depth] if first is IMAGE else [bench.depth, bench.image]
    assert add[0](1000) == []
    assert add[1](1000) == [(1000, 1000)]


@pytest.mark.parametrize('offset_ms', [-10, 10])
def test_a_difference_equal_to_the_tolerance_is_paired(offset_ms):
    """F3."""
    bench = Bench()
    bench.depth(1000 + offset_ms)
    bench.image(1000)
    bench.depth(1100)
    assert [offset_ns(pair) for pair in bench.pairs] == [offset_ms * MS]


def test_tolerance_zero_pairs_equal_stamps_only():
    """F3."""
    bench = Bench(tolerance_ns=0)
    bench.image(1000, 1033)
    assert bench.depth(1000, 1033.000001) == [(1000, 1000)]


def test_a_depth_outside_the_tolerance_is_not_paired():
    bench = Bench()
    bench.image(1000)
    assert bench.depth(989.999, 1010.001) == []
    assert bench.lost(IMAGE) == {Loss.UNPAIRED: 1}


def test_an_image_is_given_up_as_soon_as_the_depths_have_passed_it():
    bench = Bench()
    bench.image(1000)
    bench.depth(1011)
    assert bench.pairing.counters.image.held == 0


def test_one_lost_depth_does_not_shift_the_following_pairs():
    """F1: with a tolerance above half a period every later image could take the next depth."""
    bench = Bench(tolerance_ns=40 * MS)
    for stamp_ms in range(1000, 2000, 33):
        bench.image(stamp_ms)
        if stamp_ms != 1033:
            bench.depth(stamp_ms + 2)
    assert all(offset_ns(pair) == 2 * MS for pair in bench.pairs)
    assert len(bench.pairs) == len(range(1000, 2000, 33)) - 1


def test_a_depth_that_may_belong_to_the_next_image_waits_for_it():
    bench = Bench(tolerance_ns=30 * MS)
    bench.image(1000)
    assert bench.depth(1001) == [(1000, 1001)]
    bench.image(1033)
    assert bench.depth(1060) == []  # 27 ms after this image, 6 ms before the next one
    assert bench.image(1066) == []
    assert bench.depth(1093) == [(1066, 1060)]


def test_a_depth_that_may_belong_to_the_next_image_waits_for_it_no_longer_than_allowed():
    """inv-I5."""
    bench = Bench(tolerance_ns=30 * MS)
    bench.image(1000)
    bench.depth(1001)
    bench.image(1033)
    bench.depth(1060)
    assert bench.poll(99) == []
    assert bench.poll(1) == [(1033, 1060)]


def test_an_image_keeps_the_depth_that_the_next_one_does_not_need():
    bench = Bench(tolerance_ns=30 * MS)
    bench.image(1000, 1033, 1066)
    bench.depth(1001)
    assert bench.depth(1052, 1068) == [(1033, 1052), (1066, 1068)]


def test_an_image_that_leaves_a_depth_to_the_next_one_takes_an_earlier_depth():
    bench = Bench(tolerance_ns=30 * MS)
    bench.image(1000, 1033, 1066)
    bench.depth(1001, 1008)
    assert bench.depth(1057) == []
    assert bench.depth(1090) == [(1033, 1008), (1066, 1057)]


@pytest.mark.parametrize('image_hz, depth_hz', [(30, 15), (30, 5), (15, 30), (60, 30)])
def test_every_frame_of_the_slower_topic_is_paired_with_its_nearest(image_hz, depth_hz):
    """F2: what the faster topic has too much is unpaired, nothing is pushed out."""
    bench = Bench(tolerance_ns=12 * MS)
    events = [(t * SEC // image_hz, bench.image) for t in range(image_hz, 20 * image_hz)]
    events += [(t * SEC // depth_hz + 2 * MS, bench.depth) for t in range(depth_hz, 20 * depth_hz)]
    for stamp_ns, add in sorted(events, key=lambda event: event[0]):
        add(stamp_ns / MS)
        bench.poll(SEC / MS / (image_hz + depth_hz))
    assert all(offset_ns(pair) == 2 * MS for pair in bench.pairs)
    assert len(bench.pairs) == 19 * min(image_hz, depth_hz)
    assert set(bench.lost(IMAGE)) | set(bench.lost(DEPTH)) == {Loss.UNPAIRED}


def test_a_burst_is_paired_like_single_messages():
    """F2: a link that stalls delivers ten images at once, then ten depths."""
    bench = Bench()
    stamps_ms = [1000 + 33 * number for number in range(10)]
    bench.image(*stamps_ms)
    assert bench.depth(*stamps_ms) == [(stamp_ms, stamp_ms) for stamp_ms in stamps_ms]


def test_one_depth_serves_several_images_only_when_that_is_allowed():
    """F2, inv-I3."""
    once, again = Bench(tolerance_ns=20 * MS), Bench(tolerance_ns=20 * MS, reuse_depth=True)
    for bench in (once, again):
        bench.image(1000, 1016)
        bench.depth(1008, 1100)
    assert len(once.pairs) == 1
    assert [pair.depth for pair in again.pairs] == ['depth 1008', 'depth 1008']
    assert again.pairing.counters.pairs == 2
    assert again.pairing.counters.depth.paired == 1


def test_an_image_whose_depth_went_to_its_neighbour_waits_for_the_next_depth():
    bench = Bench(tolerance_ns=20 * MS)
    bench.image(1000, 1001, 1034)
    assert bench.depth(1002) == [(1000, 1002)]
    assert bench.depth(1010) == [(1001, 1010)]


# How long


def test_the_best_so_far_is_taken_when_the_wait_is_over():
    """inv-I5."""
    bench = Bench()
    bench.depth(995)
    assert bench.image(1000) == []
    assert bench.poll(99) == []
    assert bench.poll(1) == [(1000, 995)]


def test_an_image_without_depth_is_given_up_when_the_wait_is_over():
    bench = Bench()
    bench.image(1000)
    assert bench.poll(100) == []
    assert bench.lost(IMAGE) == {Loss.UNPAIRED: 1}


def test_a_depth_that_ends_the_wait_of_an_expired_image_is_still_used():
    bench = Bench()
    bench.image(1000)
    bench.now_ns += SEC
    assert bench.depth(1002) == [(1000, 1002)]


def test_equal_stamps_do_not_wait_although_an_older_depth_came_last():
    """F10."""
    bench = Bench()
    bench.depth(1033, 1000)
    assert bench.image(1033) == [(1033, 1033)]


def test_stamps_from_the_future_are_paired_and_nobody_waits_for_them():
    """F16."""
    bench = Bench()
    bench.image(3000)
    assert bench.depth(3001) == [(3000, 3001)]
    bench.image(3900)  # its depth never comes
    for stamp_ms in range(3033, 3800, 33):
        bench.image(stamp_ms)
        assert bench.depth(stamp_ms + 1) == [(stamp_ms, stamp_ms + 1)]
        bench.poll(33)
    assert bench.lost(IMAGE) == {Loss.UNPAIRED: 1}


def test_an_image_from_the_future_does_not_release_the_depths_of_the_present():
    """F16: the depth comes before its image here."""
    bench = Bench()
    bench.image(1900, 1000)
    for stamp_ms in range(1033, 1800, 33):
        bench.depth(stamp_ms)
        assert bench.image(stamp_ms) == [(stamp_ms, stamp_ms)]


def test_one_depth_from_the_future_does_not_end_the_waiting_of_images():
    """F16: images come before their depth here, and each still waits for its own."""
    bench = Bench()
    bench.depth(1900)
    for stamp_ms in range(1000, 1800, 33):
        bench.image(stamp_ms)
        bench.depth(stamp_ms + 1)
    assert len(bench.pairs) >= len(range(1000, 1800, 33)) - 1


# What is refused


@pytest.mark.parametrize(
    'sec, nanosec',
    [
        (-1, 0),
        (-(2**31), 5),
        (1, 10**9),
        (1, 4 * 10**9),
        (1, -1),
        (2**31, 0),
        (2**32 - 1, 0),
        (float('nan'), 0),
        (float('inf'), 0),
        (0, float('nan')),
    ],
)
def test_a_stamp_that_no_clock_writes_is_none(sec, nanosec):
    """F8: negative, nanoseconds of a second and more, the year 2106."""
    assert checked_stamp_ns(sec, nanosec) is None


@pytest.mark.parametrize(
    'sec, nanosec, stamp_ns',
    [(0, 0, 0), (1, 5, 1_000_000_005), (2**31 - 1, 999_999_999, 2**31 * 10**9 - 1)],
)
def test_every_other_stamp_becomes_nanoseconds(sec, nanosec, stamp_ns):
    assert checked_stamp_ns(sec, nanosec) == stamp_ns


@pytest.mark.parametrize('topic', [IMAGE, DEPTH])
@pytest.mark.parametrize(
    'stamp_ns, loss',
    [
        (0, Loss.ZERO_STAMP),
        (None, Loss.BAD_STAMP),
        (-1, Loss.BAD_STAMP),
        (2**31 * 10**9, Loss.BAD_STAMP),
        (float('nan'), Loss.BAD_STAMP),
        (float('inf'), Loss.BAD_STAMP),
    ],
)
def test_impossible_stamps_are_counted_and_disturb_nothing(topic, stamp_ns, loss):
    """F7, F8, inv-I10."""
    bench = Bench()
    bench.image(1000)
    assert bench.pairing.add(topic, stamp_ns, 'bad', now_ns=0) == []
    assert bench.depth(1000) == [(1000, 1000)]
    assert bench.lost(topic) == {loss: 1}


def test_the_same_stamp_gives_one_pair():
    """F9: the same message twice, before and after it was paired."""
    bench = Bench()
    bench.image(1000, 1000)
    bench.depth(1000, 1000)
    bench.image(1000)
    bench.depth(1000)
    assert [pair.image_stamp_ns for pair in bench.pairs] == [1000 * MS]
    assert bench.lost(IMAGE) == bench.lost(DEPTH) == {Loss.DUPLICATE: 2}


def test_a_duplicate_is_known_however_much_is_held():
    """F9."""
    bench = Bench(queue_size=100)
    bench.image(*range(1000, 1100), 1000)
    assert bench.lost(IMAGE) == {Loss.DUPLICATE: 1}


def test_a_frozen_stamp_gives_one_pair():
    """F9."""
    bench = Bench()
    for _ in range(100):
        bench.image(1000)
        bench.depth(1000)
        bench.poll(33)
    assert len(bench.pairs) == 1
    assert bench.lost(IMAGE) == {Loss.DUPLICATE: 99}


def test_messages_out_of_order_are_paired_while_they_are_in_time():
    """F10."""
    bench = Bench()
    bench.image(1066, 1033, 1000)
    assert bench.depth(1000, 1033, 1066) == [(1000, 1000), (1033, 1033), (1066, 1066)]


def test_messages_older_than_an_emitted_pair_are_late():
    """F10, inv-I2."""
    bench = Bench()
    bench.image(1033)
    bench.depth(1033)
    bench.image(1000)
    assert bench.depth(1000) == []
    assert bench.lost(IMAGE) == bench.lost(DEPTH) == {Loss.LATE: 1}


# Time that jumps


def stream(bench: Bench, start_ms: float, frames: int) -> list[int]:
    """Run both topics at 30 Hz; return the frames that gave a pair."""
    paired = []
    for frame in range(frames):
        stamp_ms = start_ms + 33 * frame
        bench.poll(33)
        if bench.image(stamp_ms) + bench.depth(stamp_ms + 1):
            paired.append(frame)
    return paired


def test_after_a_clock_jump_output_returns_with_the_first_pair():
    """F11: a hundred loops of a bag with /clock."""
    bench = Bench()
    for loop in range(100):
        assert stream(bench, 50_000, frames=20) == list(range(20))
        bench.pairing.reset('clock jumped back by 0.7 s')
        assert bench.pairs[-1].epoch == loop
    assert bench.pairing.counters.resets == 100
    assert bench.pairing.counters.last_reset == 'clock jumped back by 0.7 s'


def test_a_clock_jump_ahead_of_the_last_messages_costs_two_pairs_at_the_most():
    """F11: /clock is another topic, it can overtake the images."""
    bench = Bench()
    stream(bench, 50_000, frames=20)
    bench.pairing.reset('clock jumped back')
    bench.image(50_660)
    assert stream(bench, 40_000, frames=20)[0] <= 1


def test_a_loop_without_clock_costs_three_pairs_at_the_most():
    """F12."""
    bench = Bench()
    stream(bench, 50_000, frames=100)
    for loop in range(1, 100):
        assert stream(bench, 50_000, frames=100)[0] <= 2
        assert bench.pairs[-1].epoch == loop
    assert bench.pairing.counters.last_reset == 'depth stamps jumped back by 3.267 s'


@pytest.mark.parametrize('topic', [IMAGE, DEPTH])
def test_a_loop_that_one_topic_sees_first_costs_three_pairs_at_the_most(topic):
    """F12: the other topic was silent, so that nothing of it is older than before."""
    bench = Bench()
    ahead, other = (bench.image, bench.depth) if topic is IMAGE else (bench.depth, bench.image)
    other(1_000)
    for frame in range(100):
        ahead(50_000 + 33 * frame)
    pairs = [bench.image(2_000 + 33 * n) + bench.depth(2_000 + 33 * n) for n in range(10)]
    assert any(pairs[:3])
    assert all(pairs[3:])


def test_a_frame_lost_at_the_end_of_a_loop_is_not_paired_with_the_next_loop():
    """F12, inv-I6: the image of one loop, the depth of the next, the same stamp."""
    bench = Bench()
    for loop in range(10):
        for frame in range(60):
            stamp_ms = 1000 + 33 * frame
            lost = frame == 59 and loop % 2 == 0
            for topic in (IMAGE, DEPTH):
                if not (lost and topic is DEPTH):
                    pairs = bench.pairing.add(topic, stamp_ms * MS, f'loop {loop}', now_ns=0)
                    assert all(pair.image == pair.depth for pair in pairs)
                    bench.pairs += pairs
    assert len(bench.pairs) >= 10 * 57


def test_the_tail_of_the_old_loop_is_not_paired_when_one_topic_is_delayed():
    """F12, inv-I6: the images are four frames into the next loop when the last depths arrive."""
    bench = Bench()
    stream(bench, 50_000, frames=90)
    bench.image(52_970, 53_003)
    bench.image(50_000, 50_033, 50_066, 50_099)
    assert bench.pairing.counters.resets == 1
    assert bench.depth(52_970, 53_003) == []
    assert bench.depth(50_000, 50_033, 50_066, 50_099) == [(50_066, 50_066), (50_099, 50_099)]
    assert bench.image(52_970) == []
    assert bench.lost(DEPTH)[Loss.LATE] == 2


def test_a_topic_that_was_silent_during_a_jump_joins_again():
    """F12, G5: its stamps never went back, yet they are of the new loop."""
    bench = Bench()
    stream(bench, 50_000, frames=30)
    for frame in range(180):
        bench.image(50_000 + 33 * (frame % 60))
        bench.poll(33)
    assert bench.depth(51_980) == []
    assert bench.image(52_013) == []
    assert bench.depth(52_013) == [(52_013, 52_013)]


def test_the_tail_of_a_loop_barely_longer_than_the_threshold_is_not_paired():
    """F12, inv-I6."""
    bench = Bench()
    stream(bench, 50_000, frames=37)
    bench.image(50_000, 50_033, 50_066)
    assert bench.pairing.counters.resets == 1
    bench.depth(50_900)
    assert bench.lost(DEPTH)[Loss.LATE] == 1


def test_the_tail_of_the_old_loop_is_not_paired_after_two_jumps_of_one_topic():
    """F12, inv-I6."""
    bench = Bench()
    stream(bench, 50_000, frames=90)
    bench.image(40_000, 40_033, 40_066, 30_000, 30_033, 30_066)
    assert bench.pairing.counters.resets == 2
    bench.depth(53_000)
    assert bench.lost(DEPTH)[Loss.LATE] == 1


def test_a_topic_that_follows_a_jump_with_delay_joins_by_its_own_jump():
    """F12: the delay is longer than what the threshold calls near."""
    bench = Bench(reset_threshold_ns=50 * MS)
    bench.depth(50_000)
    bench.image(50_000, 40_000, 40_033, 40_066, 40_099)
    assert bench.pairing.counters.resets == 1
    assert bench.depth(40_000, 40_033, 40_066) == [(40_066, 40_066)]


def test_a_topic_that_neither_jumps_nor_comes_near_is_followed_in_the_end():
    """F12: with a small threshold a delay alone could keep it out for ever."""
    bench = Bench(reset_threshold_ns=50 * MS)
    bench.depth(30_000)
    bench.image(50_000, 40_000, 40_033)
    for stamp_ms in range(40_066, 41_000, 33):
        bench.image(stamp_ms)
        bench.depth(stamp_ms - 33)
    assert bench.lost(DEPTH)[Loss.LATE] == 10
    assert bench.pairs[-1].image_stamp_ns > 40_900 * MS


def test_a_topic_that_has_joined_after_a_jump_goes_on_alone():
    """F12, G5: it need not stay near the other one."""
    bench = Bench()
    bench.depth(50_000)
    bench.image(53_000, 51_000, 51_033, 51_066)
    assert bench.pairing.counters.resets == 1
    assert bench.depth(51_066) == [(51_066, 51_066)]
    bench.depth(*range(51_099, 55_000, 33))
    assert Loss.LATE not in bench.lost(DEPTH)


def test_the_tail_of_every_loop_is_refused():
    """F12, inv-I6."""
    bench = Bench()
    for loop in range(1, 4):
        stream(bench, 50_000, frames=90)
        bench.image(50_000, 50_033, 50_066)
        refused = bench.lost(DEPTH).get(Loss.LATE, 0)
        bench.depth(*range(52_970, 53_168, 33))
        assert bench.lost(DEPTH)[Loss.LATE] == refused + 6
        assert bench.pairing.counters.depth.held == 0, loop


def test_a_single_old_message_is_no_jump():
    """F12: it may only have been slow."""
    bench = Bench()
    stream(bench, 50_000, frames=60)
    bench.image(50_000)
    bench.depth(52_013)
    bench.image(52_013)
    bench.depth(50_100)
    assert bench.pairing.counters.resets == 0
    assert bench.pairs[-1].image_stamp_ns == 52_013 * MS


def test_a_jump_forward_needs_no_reset():
    """F13."""
    bench = Bench()
    stream(bench, 50_000, frames=30)
    assert stream(bench, 50_000 + 3_600_000, frames=30) == list(range(30))
    assert bench.pairing.counters.resets == 0


@pytest.mark.parametrize('speed', [0.1, 10.0])
def test_the_speed_of_the_clock_and_its_pauses_do_not_matter(speed):
    """F13: steady time ends the wait and nothing else."""
    bench = Bench()
    for frame in range(100):
        bench.poll(33 / speed)
        bench.image(1000 + 33 * frame)
        bench.depth(1001 + 33 * frame)
        if frame == 50:
            bench.poll(3_600_000)
    assert len(bench.pairs) == 100
    assert bench.pairing.counters.resets == 0


def test_a_step_of_the_system_clock_recovers_at_once():
    """F17: the stamps step ten seconds, steady time does not."""
    bench = Bench()
    stream(bench, 50_000, frames=30)
    assert stream(bench, 60_990, frames=30) == list(range(30))
    assert stream(bench, 51_980, frames=30)[0] <= 2


# Memory, settings, threads


@pytest.mark.parametrize('topic', [IMAGE, DEPTH])
def test_one_topic_alone_fills_its_queue_and_no_more(topic):
    """G6, inv-I4."""
    bench = Bench(queue_size=7)
    add = bench.image if topic is IMAGE else bench.depth
    for frame in range(1000):
        add(1000 + 33 * frame)
    counters = bench.pairing.counters
    held = counters.image.held if topic is IMAGE else counters.depth.held
    assert held == 7
    assert bench.lost(topic) == {Loss.OVERFLOW: 993}


@pytest.mark.parametrize('topic', [IMAGE, DEPTH])
def test_no_more_bytes_are_held_than_allowed(topic):
    """inv-I4."""
    bench = Bench(max_bytes=10_000)
    add = bench.image if topic is IMAGE else bench.depth
    for frame in range(100):
        add(1000 + 33 * frame, nbytes=3_000)
    add(10_000, nbytes=20_000)
    counters = bench.pairing.counters
    assert counters.image.held + counters.depth.held == 0
    add(10_033, nbytes=9_000)
    counters = bench.pairing.counters
    assert counters.image.held + counters.depth.held == 1


def test_depths_that_fill_the_memory_do_not_push_an_image_out():
    """inv-I4: it waits on for the nearest."""
    bench = Bench(tolerance_ns=50 * MS, max_bytes=10_000)
    bench.image(1000, nbytes=1_000)
    assert bench.depth(960, 970, 980, 990, nbytes=3_000) == []
    assert bench.lost(DEPTH) == {Loss.OVERFLOW: 1}
    assert bench.depth(1001) == [(1000, 1001)]


def test_an_image_pushed_out_takes_the_best_depth_so_far():
    bench = Bench(queue_size=2)
    bench.depth(995)
    assert bench.image(1000, 1033, 1066) == [(1000, 995)]


def test_a_new_tolerance_takes_effect_at_the_next_pair():
    """A6."""
    bench = Bench()
    bench.image(1000)
    assert bench.depth(1015) == []
    bench.pairing.settings = replace(SETTINGS, tolerance_ns=20 * MS)
    bench.image(1033)
    assert bench.depth(1048) == [(1033, 1048)]


def test_depth_time_offset_is_added_to_depth_stamps():
    """F4: depth lags by 15 ms."""
    bench = Bench(depth_time_offset_ns=-15 * MS)
    bench.image(1000)
    assert bench.depth(1016) == [(1000, 1016)]
    assert offset_ns(bench.pairs[0], added_ns=-15 * MS) == 1 * MS


def test_a_new_depth_time_offset_takes_effect_at_the_next_pair():
    """A6."""
    bench = Bench()
    bench.image(1000)
    bench.depth(1015)
    bench.pairing.settings = replace(SETTINGS, depth_time_offset_ns=-15 * MS)
    bench.image(1033)
    assert bench.depth(1048) == [(1033, 1048)]


def test_a_depth_held_under_another_depth_time_offset_is_not_paired():
    """A6."""
    bench = Bench()
    bench.depth(1015)
    bench.pairing.settings = replace(SETTINGS, depth_time_offset_ns=-15 * MS)
    assert bench.image(1015) == []
    assert bench.poll(100) == []
    assert bench.lost(DEPTH) == {Loss.CLEARED: 1}


def test_a_depth_kept_for_reuse_is_not_used_again_once_reuse_is_off():
    """A6, inv-I3."""
    bench = Bench(tolerance_ns=20 * MS, reuse_depth=True)
    bench.image(1000)
    bench.depth(1000)
    bench.pairing.settings = replace(SETTINGS, tolerance_ns=20 * MS)
    bench.image(1010)
    assert bench.poll(100) == []


@pytest.mark.parametrize(
    'name, value',
    [('tolerance_ns', -1), ('wait_ns', -1), ('max_bytes', -1), ('queue_size', 0)],
)
def test_settings_out_of_range_are_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f'{name}: {value} '):
        replace(SETTINGS, **{name: value})


def test_an_exception_in_the_handler_of_a_pair_does_no_harm():
    """F19, inv-I7: pairs are returned, so that nothing of the caller runs under the lock."""
    bench = Bench()

    def handle(pairs: list[tuple[int, int]]) -> None:
        if pairs:
            raise RuntimeError('handler')

    bench.image(1000)
    with pytest.raises(RuntimeError):
        handle(bench.depth(1000))
    bench.image(1033)
    assert bench.depth(1033) == [(1033, 1033)]


def test_messages_are_never_compared_hashed_or_looked_into():
    """inv-I7."""

    class Opaque:
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            raise AssertionError('compared')

        __lt__ = __bool__ = __len__ = __eq__  # type: ignore[assignment]

    pairing: Pairing[Opaque] = Pairing(SETTINGS)
    pairs = []
    for stamp_ms in (1000, 1033, 1033, 1016, 1066):
        for topic in (IMAGE, DEPTH):
            pairs += pairing.add(topic, stamp_ms * MS, Opaque(), now_ns=0)
    assert len(pairs) == 3


def test_threads_may_add_poll_reset_and_set_at_the_same_time():
    """A6: a thousand settings while messages stream."""
    bench = Bench()
    pairs: list[Pair[str]] = []
    failures: list[BaseException] = []

    def run(work) -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    def add(topic: Topic) -> None:
        for frame in range(5000):
            found = bench.pairing.add(topic, (1000 + 33 * frame) * MS, topic.value, now_ns=0)
            pairs.extend(found)

    def disturb() -> None:
        for number in range(1000):
            bench.pairing.settings = replace(SETTINGS, tolerance_ns=number * MS // 50)
            pairs.extend(bench.pairing.poll(now_ns=0))
            assert bench.pairing.counters.image.received >= 0
            assert bench.pairing.offsets.count >= 0
            if number % 100 == 0:
                bench.pairing.reset('test')

    works = [lambda: add(IMAGE), lambda: add(DEPTH), disturb]
    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    assert all(pair.image == 'image' and pair.depth == 'depth' for pair in pairs)
    counters = bench.pairing.counters
    assert counters.pairs == len(pairs)
    for topic in (counters.image, counters.depth):
        assert topic.received == 5000 == topic.paired + topic.held + sum(topic.lost.values())
