# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.processing.conveyor."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
import threading

from hypothesis import given
from hypothesis import strategies as st
import pytest

from promptda_ros.bags.channel import Channel, RawMessage
from promptda_ros.bags.processing import conveyor as module
from promptda_ros.bags.processing.conveyor import Aborted, Conveyor, Place

LIMIT_SEC = 60.0
IMAGES = Channel('/image', 'sensor_msgs/msg/Image')


def original(number: int, size: int = 10) -> RawMessage:
    return RawMessage(IMAGES, number, number, number, bytes(size))


@given(st.permutations(range(6)), st.lists(st.integers(0, 4), min_size=6, max_size=6))
def test_everything_arrives_in_the_order_of_the_log_whatever_is_worked_on_first(order, gaps):
    """Images that were logged in another order than they were stamped."""
    belt = Conveyor()
    places = [Place('', number) for number in range(6)]

    def read() -> None:
        count = 0
        for place, gap in zip(places, gaps, strict=True):
            for _ in range(gap):
                belt.original(original(count))
                count += 1
            belt.keep_place(place)
        for number in order:
            belt.work(number, places[number])
        belt.end()

    def work() -> None:
        for _, place in belt.works():
            assert place is not None
            belt.done(place)

    with ThreadPoolExecutor(2) as pool:
        threads = pool.submit(read), pool.submit(work)
        found = list(belt.outputs())
        for each in threads:
            each.result(LIMIT_SEC)
    assert [each for each in found if isinstance(each, Place)] == places
    raws = [each.number for each in found if not isinstance(each, Place)]
    assert raws == list(range(sum(gaps)))


def test_originals_behind_a_pair_that_is_still_to_be_read_do_not_stop_the_reader(monkeypatch):
    """Else a pair whose depth was logged late would wait for itself."""
    monkeypatch.setattr(module, 'BYTES_BEHIND', 100)
    belt, place = Conveyor(), Place('', 0)
    belt.keep_place(place)
    for number in range(50):
        belt.original(original(number))
    belt.work('pair', place)


def test_the_reader_waits_for_a_writer_that_is_slow(monkeypatch):
    monkeypatch.setattr(module, 'BYTES_BEHIND', 100)
    belt = Conveyor()
    passed = threading.Event()

    def read() -> None:
        for number in range(11):
            belt.original(original(number))
        passed.set()

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        outputs = belt.outputs()
        next(outputs)
        assert passed.wait(LIMIT_SEC)
        reading.result()


def test_a_thread_that_fails_ends_the_others():
    belt = Conveyor()
    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(lambda: list(belt.works())), pool.submit(lambda: list(belt.outputs()))]
        belt.abort()
        for each in ends:
            with pytest.raises(Aborted):
                each.result(LIMIT_SEC)
    with suppress(Aborted):
        belt.original(original(0))
        pytest.fail('an aborted conveyor takes nothing')
