# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The wire between the two hosts of chaos does to frames what it is told, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import os
import socket
import threading

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from benchmarks.chaos.faults import FAULTS
from benchmarks.chaos.machine import MARK
from benchmarks.chaos.wire import Cable, Weather

FRAMES = [bytes([number]) * 60 for number in range(8)]


def weather(*lines: str) -> Weather:
    made = Weather(np.random.default_rng(7))
    for line in lines:
        made.obey(line)
    return made


@given(delay_ms=st.integers(0, 100), jitter_ms=st.integers(0, 100))
def test_frames_are_as_late_as_was_said(delay_ms: int, jitter_ms: int):
    late = weather(f'delay {delay_ms / 1000} {jitter_ms / 1000}')
    earliest_sec, latest_sec = max(delay_ms - jitter_ms, 0) / 1000, (delay_ms + jitter_ms) / 1000
    for _ in range(20):
        delay_sec = late.delay_sec()
        assert delay_sec is not None
        assert earliest_sec - 1e-9 <= delay_sec <= latest_sec + 1e-9


@pytest.mark.parametrize('share', [0.0, 0.05, 0.2, 1.0])
def test_the_share_that_was_said_is_lost(share: float):
    lossy = weather(f'loss {share}')
    lost = sum(lossy.delay_sec() is None for _ in range(4000))
    assert lost / 4000 == pytest.approx(share, abs=0.02)


def test_a_wire_that_is_down_carries_nothing_until_it_is_up():
    cut = weather('loss 0', 'down')
    assert [cut.delay_sec() for _ in range(9)] == [None] * 9
    cut.obey('up')
    assert [cut.delay_sec() for _ in range(9)] == [0.0] * 9


def test_a_command_that_is_none_is_refused():
    with pytest.raises(ValueError, match='thunder'):
        weather('thunder 1')


@pytest.fixture
def carry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Weather], list[bytes]]]:
    """Return a function that sends the frames over a cable and returns what arrives."""
    made: list[socket.socket] = []

    def carry(on_the_way: Weather) -> list[bytes]:
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2)]
        (near, near_end), (far, far_end) = pairs
        made.extend((near, near_end, far, far_end))
        for end in (near_end, far_end):
            end.setblocking(False)
        far.settimeout(10.0)
        read, write = os.pipe()
        with os.fdopen(read) as commands:
            monkeypatch.setattr('sys.stdin', commands)
            cable = Cable((near_end.fileno(), far_end.fileno()), on_the_way)
            thread = threading.Thread(target=cable.run)
            thread.start()
            for frame in FRAMES:
                near.send(frame)
            arrived = [far.recv(100) for _ in FRAMES]
            os.close(write)
            thread.join()
        return arrived

    yield carry
    for each in made:
        each.close()


def test_frames_come_out_of_the_other_end(carry: Callable[[Weather], list[bytes]]):
    assert carry(weather()) == FRAMES


def test_frames_that_are_late_by_chance_change_their_order_and_are_all_there(
    carry: Callable[[Weather], list[bytes]],
):
    arrived = carry(weather('delay 0.05 0.05'))
    assert arrived != FRAMES
    assert sorted(arrived) == FRAMES


def test_faults_that_the_machine_cannot_provide_say_why(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(MARK, raising=False)
    monkeypatch.setenv('PATH', '')
    reasons = {each.name: each.lacks() for each in FAULTS}
    for name in ('network loses 5 %', '/dev/shm not shared', 'disk full for logs'):
        assert 'it needs' in reasons[name]
    assert reasons['kill -9 of the node'] == ''
