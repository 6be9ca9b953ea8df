# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.bag: what is recorded, however it was packed, cut or damaged."""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path
import re
import shutil
import sqlite3
import subprocess
import sys
from typing import Any

import pytest
from rosbags.rosbag2 import CompressionMode, StoragePlugin

from promptda_ros.bags.bag import open_bag, say_warnings
from promptda_ros.bags.channel import RawMessage
from promptda_ros.bags.files import BagError, is_bag
from promptda_ros.bags.recording import find_topics, read_frames
from promptda_ros.bags.storage.packing import zstd
from test.bags.drawn_bags import CDR, CHANNELS, file_of, write_bag

DEMO = Path(__file__).resolve().parents[2] / 'assets' / 'demo.mcap'
FRAMES = 3


def count_frames(path: Path) -> int:
    with open_bag(path) as bag:
        return len(list(read_frames(bag, find_topics(bag))))


@pytest.mark.parametrize('with_metadata', [True, False])
@pytest.mark.parametrize('mode', [None, CompressionMode.FILE, CompressionMode.MESSAGE])
@pytest.mark.parametrize('storage', list(StoragePlugin))
def test_every_kind_of_bag_is_read_as_a_folder_and_as_a_file(
    copy_demo, storage, mode, with_metadata
):
    bag = copy_demo(storage, mode)
    if not with_metadata:
        (bag / 'metadata.yaml').unlink()
    (file,) = (path for path in bag.iterdir() if path.name != 'metadata.yaml')
    assert is_bag(bag)
    assert is_bag(file)
    assert count_frames(bag) == FRAMES
    assert count_frames(file) == FRAMES


def test_a_file_that_was_unpacked_beside_the_packed_one_is_read_once(copy_demo):
    """As `ros2 bag play` leaves it."""
    bag = copy_demo(StoragePlugin.SQLITE3, CompressionMode.FILE)
    (packed,) = bag.glob('*.zstd')
    packed.with_suffix('').write_bytes(zstd.decompress(packed.read_bytes()))
    assert count_frames(bag) == FRAMES


def test_a_topic_without_qos_has_none(copy_demo):
    """Other writers of SQLite leave the column NULL."""
    (file,) = copy_demo(StoragePlugin.SQLITE3).glob('*.db3')
    with closing(sqlite3.connect(file)) as database:
        database.executescript(
            'CREATE TABLE bare AS SELECT id, name, type, serialization_format, '
            'NULL AS offered_qos_profiles, NULL AS type_description_hash FROM topics;'
            'DROP TABLE topics; ALTER TABLE bare RENAME TO topics;'
        )
    with open_bag(file) as bag:
        assert {(one.qos, one.type_hash) for one in bag.channels} == {('', '')}


def state_of(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {one.name: (one.stat().st_mtime_ns, one.read_bytes()) for one in folder.iterdir()}


@pytest.mark.parametrize('mode', [None, CompressionMode.FILE, CompressionMode.MESSAGE])
@pytest.mark.parametrize('storage', list(StoragePlugin))
def test_reading_changes_nothing_and_leaves_nothing_beside(copy_demo, storage, mode):
    bag = copy_demo(storage, mode)
    before = state_of(bag)
    with open_bag(bag) as opened:
        assert len(list(opened.raw())) == sum(opened.counts.values()) > 0
        assert state_of(bag) == before
    assert state_of(bag) == before


def test_a_split_recording_is_read_in_log_order_also_where_its_files_overlap(tmp_path):
    """Of messages of the same time those of the first file come first; 10 comes after 9."""
    split = tmp_path / 'split'
    split.mkdir()
    for name, times in ('run_10', (3, 5, 7)), ('run_9', (1, 3, 6)), ('run_11', (8, 9)):
        messages = [RawMessage(CHANNELS[1], 0, time, time, CDR + name.encode()) for time in times]
        shutil.move(file_of(write_bag(tmp_path / name, messages)), split)
    with open_bag(split) as bag:
        assert len(bag.channels) == 1
        assert (bag.span_ns, bag.counts) == ((1, 9), {'/images': 8})
        found = [(one.logged_ns, one.data[4:].decode(), one.number) for one in bag.raw()]
        part = list(bag.raw(begin_ns=5, end_ns=8))
    files = ['run_9', 'run_9', 'run_10', 'run_10', 'run_9', 'run_10', 'run_11', 'run_11']
    assert found == list(zip((1, 3, 3, 5, 6, 7, 8, 9), files, range(8), strict=True))
    assert [one.number for one in part] == [3, 4, 5]


def test_a_packed_file_that_was_cut_off_is_read_up_to_there(copy_demo):
    """K18."""
    (packed,) = copy_demo(mode=CompressionMode.FILE).glob('*.zstd')
    packed.write_bytes(packed.read_bytes()[:-2000])
    with open_bag(packed) as bag:
        assert 0 < len(list(bag.raw())) < FRAMES * 4
        assert f'`mcap recover {packed} ' in bag.cut_off


def test_a_cut_off_mcap_file_is_read_to_its_end_and_said_with_the_command_that_mends_it(
    copy_demo, tmp_path
):
    """K18. The command is not on PyPI; its own documentation has the same example."""
    whole = next(copy_demo().glob('*.mcap')).read_bytes()
    path = tmp_path / 'cut.mcap'
    for size in (len(whole) * 6 // 10, len(whole) - 4, 40):
        path.write_bytes(whole[:size])
        with open_bag(path) as bag:
            assert f'`mcap recover {path} -o recovered.mcap`' in bag.cut_off


def test_a_cut_off_sqlite_file_is_read_to_its_end_and_said(copy_demo, tmp_path):
    whole = next(copy_demo(StoragePlugin.SQLITE3).glob('*.db3')).read_bytes()
    path = tmp_path / 'cut.db3'
    path.write_bytes(whole[: len(whole) * 8 // 10])
    assert 0 < count_frames(path) < FRAMES
    with open_bag(path) as bag:
        assert 'cut.db3 is cut off: ' in bag.cut_off


def test_those_who_read_what_was_cut_off_are_told(copy_demo, tmp_path, capsys):
    path = tmp_path / 'cut.mcap'
    path.write_bytes(next(copy_demo().glob('*.mcap')).read_bytes()[:-40])
    with open_bag(path) as bag:
        say_warnings(bag)
        assert capsys.readouterr().err == f'warning: {bag.cut_off}\n'


def test_a_recording_of_ros_1_is_converted_as_it_is_read(copy_demo, tmp_path):
    """K18."""
    convert = [str(Path(sys.executable).parent / 'rosbags-convert'), '--src', str(copy_demo())]
    old = tmp_path / 'old.bag'
    subprocess.run([*convert, '--dst', str(old)], check=True, capture_output=True)
    assert count_frames(old) == FRAMES


BAD: dict[str, Any] = {
    'missing.mcap': None,
    'empty.mcap': b'',
    'empty.db3': b'',
    'junk.mcap': bytes(range(256)) * 9,
    'junk.db3': bytes(range(256)) * 9,
    'begins.mcap': b'\x89MCAP0\r\n' + bytes(200),
    'begins.db3': b'SQLite format 3\x00' + bytes(4000),
    'claims.mcap': b'\x89MCAP0\r\n\x01' + b'\xff' * 200 + b'\x89MCAP0\r\n',
    'junk.mcap.zstd': b'(\xb5/\xfd' + bytes(200),
    'empty.db3.zstd': b'',
    'picture.png': b'\x89PNG',
    'old.bag': b'#ROSBAG V2.0\n',
}


@pytest.mark.parametrize('name', BAD)
def test_what_is_no_recording_is_said_in_one_sentence(tmp_path, name):
    """K19."""
    path = tmp_path / name
    if BAD[name] is not None:
        path.write_bytes(BAD[name])
    with pytest.raises(BagError, match=re.escape(name)) as refused:
        count_frames(path)
    assert '\n' not in str(refused.value)


def test_a_folder_without_a_recording_is_said(tmp_path):
    with pytest.raises(BagError, match=r'holds no recording: no .mcap or .db3 file is in it'):
        count_frames(tmp_path)


def test_damage_inside_ends_in_one_sentence(copy_demo, tmp_path):
    """Bytes anywhere in the file; what is read until then may be used."""
    whole = bytearray(next(copy_demo().glob('*.mcap')).read_bytes())
    path = tmp_path / 'damaged.mcap'
    for place in range(60, len(whole), len(whole) // 40):
        damaged = whole.copy()
        damaged[place : place + 16] = b'\xff' * 16
        path.write_bytes(damaged)
        with suppress(BagError):
            count_frames(path)
