# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Of /tf_static is kept what changes something."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from promptda_ros.bags.channel import Channel, RawMessage
from promptda_ros.bags.files import BagError
from promptda_ros.bags.planning.lasting import Lasting

CHANNEL = Channel('/tf_static', 'tf2_msgs/msg/TFMessage')


def link(child: str, x_m: float, stamp_sec: int) -> SimpleNamespace:
    return SimpleNamespace(
        header=SimpleNamespace(frame_id='base', stamp=stamp_sec),
        child_frame_id=child,
        transform=SimpleNamespace(
            translation=SimpleNamespace(x=x_m, y=0.0, z=0.0),
            rotation=SimpleNamespace(x=0.0, y=0.0, z=0.0, w=1.0),
        ),
    )


def kept(messages: list[list[SimpleNamespace] | None]) -> list[int]:
    """Return the numbers of the messages that are kept; None is a damaged one."""

    def decode(raw: RawMessage) -> Any:
        links = messages[raw.number]
        if links is None:
            raise BagError('damaged')
        return SimpleNamespace(transforms=links)

    lasting = Lasting(decode)
    for number in range(len(messages)):
        lasting.take(RawMessage(CHANNEL, number, number, number, b''))
    return [raw.number for raw in lasting.messages]


def test_what_is_repeated_with_new_stamps_is_kept_once():
    """Memory stays flat where a robot publishes all of /tf_static many times a second."""
    repeated = [[link('camera', 1.0, sec), link('arm', 2.0, sec)] for sec in range(50)]
    assert kept(repeated) == [0]


def test_two_publishers_in_turn_are_kept_once_each():
    assert kept([[link('camera', 1.0, 0)], [link('arm', 1.0, 0)]] * 20) == [0, 1]


def test_a_calibration_is_kept_and_what_takes_it_back():
    assert kept([[link('camera', x_m, 0)] for x_m in (1.0, 2.0, 2.0, 1.0)]) == [0, 1, 3]


def test_a_damaged_message_is_left_to_those_who_say_it():
    assert kept([None, [link('camera', 1.0, 0)]]) == [1]
