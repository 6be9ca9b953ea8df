# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.decoding: messages by the definitions of their recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rosbags.typesys import get_typestore, Stores

from promptda_ros.bags.bag import open_bag
from promptda_ros.bags.channel import Channel, RawMessage
from promptda_ros.bags.decoding import decode, described
from promptda_ros.bags.files import BagError
from promptda_ros.tools.play import ros_message
from test.bags.drawn_bags import write_bag

DEMO = Path(__file__).resolve().parents[2] / 'assets' / 'demo.mcap'
CDR_OF_TWO = b'\x00\x01\x00\x00' + b'\x05\x00\x00\x00' + b'\x06\x00\x00\x00'
PAIR = 'module ours { module msg { struct Pair { ours::msg::One first; int32 second; }; }; };'
ONE = 'module ours { module msg { struct One { int32 value; }; }; };'
LINE = '=' * 80
DEFINITIONS = {
    'ros2msg': f'One first\nint32 second\n{LINE}\nMSG: ours/One\nint32 value\n',
    'ros2idl': f'{LINE}\nIDL: ours/msg/Pair\n{PAIR}\n{LINE}\nIDL: ours/msg/One\n{ONE}\n',
}


def fields_of(message: object) -> dict[str, object]:
    """Return the fields of a message of ROS or of rosbags, with plain values."""
    if hasattr(message, 'get_fields_and_field_types'):
        names = list(message.get_fields_and_field_types())
    else:
        names = [name for name in message.__dataclass_fields__ if not name.startswith('__')]
    found = {}
    for name in names:
        value = getattr(message, name)
        if hasattr(value, '__len__') and not isinstance(value, str):
            found[name] = np.asarray(value).tolist()
        else:
            found[name] = value if isinstance(value, (int, float, str)) else fields_of(value)
    return found


def test_messages_have_the_same_fields_with_ros_and_without():
    """One decoder per format reads both."""
    with open_bag(DEMO) as bag:
        for topic in bag.types:
            raw = next(bag.raw([topic]))
            ours, theirs = (read(raw.channel, raw.data) for read in (decode, ros_message))
            assert fields_of(ours) == fields_of(theirs)


@pytest.mark.parametrize('form', DEFINITIONS)
def test_a_type_of_ones_own_is_read_by_the_definition_that_was_recorded(form):
    channel = Channel('/pair', 'ours/msg/Pair', DEFINITIONS[form], form)
    found = decode(channel, CDR_OF_TWO)
    assert (found.first.value, found.second) == (5, 6)


@pytest.mark.parametrize('text', ['Header header', 'no [definition'])
def test_a_definition_that_is_not_complete_is_that_of_ros(text):
    """Some converters leave out the types within a type."""
    data = b'\x00\x01\x00\x00' + b'\x03\x00\x00\x00' + b'ab\x00'
    assert decode(Channel('/x', 'std_msgs/msg/String', text, 'ros2msg'), data).data == 'ab'


def test_two_recordings_may_define_a_type_differently():
    """Types change from version to version; each is read as it was written."""
    definitions = 'int32 a\nint32 b\n', 'int32 b\nint32 a\n'
    found = [decode(Channel('/x', 'o/msg/A', text, 'ros2msg'), CDR_OF_TWO) for text in definitions]
    assert [(one.a, one.b) for one in found] == [(5, 6), (6, 5)]


@pytest.mark.parametrize(
    'channel, reason',
    [
        (Channel('/x', 'ours/msg/Unknown'), 'no complete definition of ours/msg/Unknown was'),
        (
            Channel('/x', 'o/msg/A', 'int32 a\nint64 b\n', 'ros2msg'),
            'message 0 of /x cannot be',
        ),
        (Channel('/x', 'o/msg/A', 'int32 a\n', 'ros2msg', serialization='json'), "as 'json', not"),
    ],
)
def test_what_can_not_be_decoded_is_said_in_one_sentence(tmp_path, channel, reason):
    bag = write_bag(tmp_path / 'run', [RawMessage(channel, 0, 1, 1, CDR_OF_TWO)])
    with open_bag(bag) as opened, pytest.raises(BagError, match=reason) as refused:
        list(opened.messages(['/x']))
    assert '\n' not in str(refused.value)


def test_a_definition_is_not_added_where_the_hash_is_of_another():
    name = 'std_msgs/msg/String'
    known = get_typestore(Stores.ROS2_HUMBLE).hash_rihs01(name)
    cases = ('', 'string data\n'), (known, 'string data\n'), ('RIHS01_0', '')
    for type_hash, definition in cases:
        assert described(Channel('/x', name, type_hash=type_hash)).definition == definition


def test_the_hash_of_a_type_follows_from_its_recorded_definition():
    """Other writers of MCAP leave it out; ROS has this one for std_msgs/msg/String."""
    name, string = 'std_msgs/msg/String', 'string data\n'
    known = 'RIHS01_df668c740482bbd48fb39d76a70dfd4bd59db1288021743503259e948f6b1a18'
    assert described(Channel('/x', name, string, 'ros2msg')).type_hash == known
    kept = Channel('/x', name, string, 'ros2msg', type_hash='RIHS01_other')
    assert described(kept) == kept
    incomplete = Channel('/x', name, 'another_msgs/Missing data\n', 'ros2msg')
    assert described(incomplete) == incomplete
