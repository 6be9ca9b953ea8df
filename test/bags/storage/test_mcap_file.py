# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.storage.mcap_file: files of every make, whole or cut off."""

from __future__ import annotations

from collections import Counter
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from mcap.writer import CompressionType, IndexType, Writer
import pytest

from promptda_ros.bags.bag import open_bag
from promptda_ros.bags.channel import RawMessage
from promptda_ros.bags.files import BagError
from test.bags.drawn_bags import CDR

TOPICS = ('/a', '/b')
COMPRESSIONS = list(CompressionType)
# What writers may leave out; rosbag2's fastwrite preset writes no chunks.
MAKES: dict[str, dict[str, Any]] = {
    'whole': {},
    'without_chunks': {'use_chunking': False},
    'without_channels': {'repeat_channels': False, 'repeat_schemas': False},
    'without_statistics': {'use_statistics': False},
    'without_index': {'index_types': IndexType.NONE},
    'without_message_index': {'index_types': IndexType.CHUNK},
    'without_summary': {
        'repeat_channels': False,
        'repeat_schemas': False,
        'use_statistics': False,
        'index_types': IndexType.NONE,
        'use_summary_offsets': False,
    },
}
makes = pytest.mark.parametrize('make', MAKES)
compressions = pytest.mark.parametrize('compression', COMPRESSIONS)


def mcap_bytes(times: list[int], compression: CompressionType, make: str = 'whole') -> bytes:
    """Write messages, each numbered by its time of publishing, in chunks of about three."""
    file = BytesIO()
    writer = Writer(file, chunk_size=400, compression=compression, **MAKES[make])
    writer.start('ros2')
    schema = writer.register_schema('a_msgs/msg/A', 'ros2msg', b'int32 a\n')
    channels = [writer.register_channel(topic, 'cdr', schema) for topic in TOPICS]
    for number, logged_ns in enumerate(times):
        writer.add_message(channels[number % 2], logged_ns, data_of(number), number)
    writer.finish()
    return file.getvalue()


def data_of(number: int) -> bytes:
    return CDR + number.to_bytes(4, 'big') * 25 + b'.'


def read(data: bytes, **span: int) -> tuple[list[RawMessage], str]:
    """Return the messages of a file, and what is said of its end."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / 'run.mcap'
        path.write_bytes(data)
        with open_bag(path) as bag:
            found = list(bag.raw(**span))
            if not span:
                assert sum(bag.counts.values()) == len(found)
            return found, bag.cut_off


times_of_logging = st.lists(st.integers(1000, 1030), max_size=20)


@makes
@compressions
@settings(max_examples=10)
@given(times=times_of_logging, begin=st.integers(999, 1031), end=st.integers(999, 1031))
def test_files_of_every_make_are_read(compression, make, times, begin, end):
    data = mcap_bytes(times, compression, make)
    found, cut_off = read(data)
    assert not cut_off
    assert [(one.logged_ns, one.published_ns) for one in found] == sorted(
        (logged_ns, number) for number, logged_ns in enumerate(times)
    )
    for one in found:
        assert one.data == data_of(one.published_ns)
        assert one.channel.topic == TOPICS[one.published_ns % 2]
    part, _ = read(data, begin_ns=begin, end_ns=end)
    assert part == [one for one in found if begin <= one.logged_ns < end]


@makes
@compressions
@settings(max_examples=10)
@given(
    times=st.lists(st.integers(1000, 1030), min_size=5, max_size=20),
    cut=st.floats(0, 1, exclude_max=True),
    zeros=st.sampled_from([0, 1, 5000]),
)
def test_a_file_that_was_cut_off_is_read_up_to_there(compression, make, times, cut, zeros):
    """K18: of chunks that are not compressed, every message that is whole.

    After a power cut a file may have its length but nothing but zeros at the end.
    """
    data = mcap_bytes(times, compression, make)
    size = max(8, round(cut * (len(data) - 1)))
    found, cut_off = read(data[:size] + bytes(zeros))
    assert 'mcap recover' in cut_off
    numbers = sorted(one.published_ns for one in found)
    assert numbers == list(range(len(numbers)))
    assert all(one.data == data_of(one.published_ns) for one in found)
    if compression == CompressionType.NONE:
        ends = [data.index(data_of(number)) + len(data_of(number)) for number in range(len(times))]
        assert len(numbers) == sum(end <= size for end in ends)


@compressions
def test_what_was_damaged_is_never_read_as_whole(compression):
    """A cell of a disk that fails; what its chunk holds may be anything."""
    data = mcap_bytes(list(range(1000, 1009)), compression)
    for place in range(data.index(b'a_msgs'), len(data) * 2 // 3, 7):
        damaged = data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]
        try:
            found, _ = read(damaged)
        except BagError:
            continue
        assert all(one.data == data_of(one.published_ns) for one in found)


@makes
def test_messages_are_numbered_by_what_was_recorded_before(make):
    data = mcap_bytes(list(range(1000, 1020)), CompressionType.ZSTD, make)
    found, _ = read(data, begin_ns=1007)
    assert [one.number for one in found] == [number // 2 for number in range(7, 20)]


def test_chunks_without_what_is_asked_for_are_not_read(monkeypatch):
    """So that transforms of a long recording are found in no time."""
    unpacked = Counter[str]()
    from promptda_ros.bags.storage import mcap_pieces

    def unpack(data: bytes) -> bytes:
        unpacked['chunks'] += 1
        return bytes(data)

    data = mcap_bytes([*range(1000, 1020)], CompressionType.NONE)
    monkeypatch.setitem(mcap_pieces.WHOLE, '', unpack)
    read(data, begin_ns=1018)
    assert unpacked['chunks'] < 4
