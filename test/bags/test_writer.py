# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.writer: what is written is read again, by us and by others."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
import sqlite3
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from mcap.reader import make_reader
import numpy as np
import pytest
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import Reader
import yaml

from promptda_ros.bags.bag import open_bag
from promptda_ros.bags.channel import Channel, RawMessage
from promptda_ros.bags.files import BagError
from promptda_ros.bags.writer import BagWriter, verify
from test.bags.drawn_bags import CDR, CHANNELS, file_of, messages, QOS, write_bag

KINDS = [(storage, packing) for storage in ('mcap', 'sqlite3') for packing in ('zstd', 'none')]
kinds = pytest.mark.parametrize('storage, compression', KINDS)
DISK_FAILS = r'File too large|disk I/O error'
EXAMPLES = 20
DEMO = Path(__file__).resolve().parents[2] / 'assets' / 'demo.mcap'


def as_stored(message: RawMessage, storage: str) -> RawMessage:
    """Return what a storage keeps of a message."""
    if storage == 'mcap':
        return message
    return replace(message, published_ns=message.logged_ns, sequence=0)


@kinds
@settings(max_examples=EXAMPLES)
@given(recorded=messages(), end=st.integers(0, 41), begin=st.integers(0, 41), data=st.data())
def test_what_is_written_is_read(storage, compression, recorded, begin, end, data):
    begin_ns, end_ns = (second * 10**9 + 2**60 for second in (begin, end))
    topics = data.draw(st.sets(st.sampled_from([one.topic for one in CHANNELS])))
    expected = [as_stored(one, storage) for one in recorded]
    with TemporaryDirectory() as folder:
        kind = {'storage': storage, 'compression': compression}
        bag = write_bag(Path(folder) / 'run', recorded, channels=CHANNELS, **kind)
        with open_bag(bag) as opened:
            assert opened.channels == CHANNELS
            assert list(opened.raw()) == expected
            assert list(opened.raw(topics, begin_ns=begin_ns, end_ns=end_ns)) == [
                one
                for one in expected
                if begin_ns <= one.logged_ns < end_ns and one.channel.topic in topics
            ]
            times = [one.logged_ns for one in recorded] or [0]
            assert opened.span_ns == (min(times), max(times))
            counts = Counter(one.channel.topic for one in recorded)
            assert opened.counts == {one.topic: counts[one.topic] for one in CHANNELS}
            assert not opened.warnings
        assert verify(bag) == opened.counts


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
@settings(max_examples=EXAMPLES)
@given(recorded=messages(in_order=False))
def test_what_was_logged_out_of_order_is_read_in_order(storage, recorded):
    with TemporaryDirectory() as folder:
        bag = write_bag(Path(folder) / 'run', recorded, storage=storage)
        with open_bag(bag) as opened:
            found = [replace(one, number=0) for one in opened.raw()]
    in_order = sorted(recorded, key=lambda one: one.logged_ns)
    assert found == [replace(as_stored(one, storage), number=0) for one in in_order]


@kinds
def test_others_read_what_we_write(tmp_path, storage, compression):
    with open_bag(DEMO) as demo:
        recorded = list(demo.raw())
    bag = write_bag(tmp_path / 'run', recorded, storage=storage, compression=compression)
    with AnyReader([bag]) as reader:
        found = [(one.topic, at_ns, bytes(data)) for one, at_ns, data in reader.messages()]
        for connection, _, data in reader.messages():
            assert reader.deserialize(data, connection.msgtype).header.frame_id
    assert found == [(one.channel.topic, one.logged_ns, one.data) for one in recorded]
    assert verify(bag) == Counter(one.channel.topic for one in recorded)


def test_the_library_of_mcap_reads_every_fact_of_what_we_write(tmp_path):
    message = RawMessage(CHANNELS[0], 0, 5_000, 4_000, CDR + b'abcd', sequence=7)
    bag = write_bag(tmp_path / 'run', [message])
    with file_of(bag).open('rb') as file:
        ((schema, channel, found),) = make_reader(file, validate_crcs=True).iter_messages()
    facts = found.log_time, found.publish_time, found.sequence, found.data
    assert facts == (5_000, 4_000, 7, message.data)
    assert (schema.name, schema.encoding, schema.data) == ('a_msgs/msg/A', 'ros2msg', b'int32 a\n')
    assert channel.metadata == {'offered_qos_profiles': QOS, 'topic_type_hash': 'RIHS01_0a'}


@kinds
def test_the_qos_offered_is_where_players_of_every_version_look(tmp_path, storage, compression):
    """Words came with Jazzy; Humble and Iron know numbers alone, which newer ones take as well."""
    words = QOS.replace('durability: 1', 'durability: transient_local')
    words = words.replace('history: 1', 'history: keep_last')
    words = words.replace('reliability: 1', 'reliability: reliable')
    channel = replace(CHANNELS[0], qos=words.replace('liveliness: 1', 'liveliness: automatic'))
    message = RawMessage(channel, 0, 5_000, 4_000, CDR)
    bag = write_bag(tmp_path / 'run', [message], storage=storage, compression=compression)
    facts = yaml.safe_load((bag / 'metadata.yaml').read_text())['rosbag2_bagfile_information']
    (topic,) = facts['topics_with_message_count']
    assert facts['version'] == 5  # of Humble
    with open_bag(bag) as opened:
        texts = topic['topic_metadata']['offered_qos_profiles'], opened.channels[0].qos
    assert [yaml.safe_load(text) for text in texts] == [yaml.safe_load(QOS)] * 2
    with Reader(bag) as reader:
        assert reader.connections[0].ext.offered_qos_profiles[0].durability.name == (
            'TRANSIENT_LOCAL'
        )


def test_definitions_that_old_recordings_lack_are_those_of_ros(tmp_path):
    """So that viewers can show the result; a type that is not of ROS keeps what it has."""
    known = Channel('/known', 'std_msgs/msg/String')
    unknown = Channel('/unknown', 'a_msgs/msg/A')
    bag = write_bag(tmp_path / 'run', [], channels=[known, unknown])
    with open_bag(bag) as opened:
        found, kept = opened.channels
    assert (found.definition, found.definition_format) == ('string data\n', 'ros2msg')
    assert kept == unknown


@kinds
def test_a_full_disk_is_an_error_of_the_system(tmp_path, files_of_at_most, storage, compression):
    writer = BagWriter(tmp_path / 'run', storage, compression)
    noise = np.random.default_rng(0).bytes(4_000_000)
    message = RawMessage(CHANNELS[0], 0, 5, 5, CDR + noise)
    with files_of_at_most(100_000), pytest.raises(OSError, match=DISK_FAILS):
        writer.write(message)
    writer.abandon()


def test_a_bag_is_never_written_over_another(tmp_path):
    write_bag(tmp_path / 'run', [])
    with pytest.raises(FileExistsError):
        BagWriter(tmp_path / 'run')


@kinds
def test_what_was_damaged_after_it_was_written_is_found(tmp_path, storage, compression):
    recorded = [RawMessage(CHANNELS[0], at, at, at, CDR + bytes(100_000)) for at in range(20)]
    bag = write_bag(tmp_path / 'run', recorded, storage=storage, compression=compression)
    file = file_of(bag)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(BagError, match=r'damaged|does not hold what was written'):
        verify(bag)


def test_a_bag_that_was_abandoned_has_no_metadata(tmp_path):
    writer = BagWriter(tmp_path / 'run', 'sqlite3')
    writer.write(RawMessage(CHANNELS[0], 0, 5, 5, CDR))
    writer.abandon()
    assert not (tmp_path / 'run' / 'metadata.yaml').exists()
    with suppress(sqlite3.Error):
        writer.abandon()
