# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What lasts, what happens often, and what is mixed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from promptda_ros.core.runtime.lasting import Lasting, OneStream, Recent


def test_what_is_so_for_a_moment_does_not_last():
    lasting = Lasting(5.0)
    seen = [
        lasting.has_lasted('a', is_so, now)
        for now, is_so in enumerate([1, 1, 1, 0, 1, 1, 1, 1, 1])
    ]
    assert not any(seen)
    assert lasting.has_lasted('a', True, 9.0)
    assert not lasting.has_lasted('b', True, 9.0)


@given(st.lists(st.integers(0, 3), max_size=30))
def test_what_happened_lately_is_counted(numbers: list[int]):
    recent = Recent(10.0)
    counted = [recent.count(number, float(now)) for now, number in enumerate(numbers)]
    assert counted == [sum(numbers[max(now - 10, 0) : now + 1]) for now in range(len(numbers))]


def test_a_stream_that_changes_its_name_once_is_one():
    stream = OneStream(5.0)
    assert not any(stream.is_mixed(name, now) for now, name in enumerate('aaabbb'))
    assert not stream.is_mixed('a', 60.0)


def test_one_wrong_name_amid_right_ones_is_no_other_stream():
    stream = OneStream(5.0)
    assert not any(stream.is_mixed(name, 0.1 * now) for now, name in enumerate('aaabaaaa'))


def test_messages_without_a_name_are_of_either_stream():
    """C12: a driver that fills frame_id now and then is one camera."""
    stream = OneStream(5.0)
    assert not any(stream.is_mixed(name, 0.1 * now) for now, name in enumerate(['', 'a'] * 5))


def test_streams_that_take_turns_are_mixed_until_one_has_ended():
    """G4: A, B, A, B."""
    stream = OneStream(5.0)
    mixed = [stream.is_mixed(name, 0.1 * now) for now, name in enumerate('abaababb')]
    assert mixed == [False] * 4 + [True] * 4
    assert stream.others == ('a', 'b')
    assert not stream.is_mixed('b', 6.0)
