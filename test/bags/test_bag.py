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

from promptda_ros.bags.bag import open_bag
from promptda_ros.bags.files import BagError, is_bag
from promptda_ros.bags.recording import find_topics, read_frames
from promptda_ros.bags.storage.packing import zstd

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


def test_a_split_recording_is_read_in_the_order_of_its_files(copy_demo, tmp_path):
    split = tmp_path / 'split'
    split.mkdir()
    file = next(copy_demo().glob('*.mcap'))
    for number in (9, 10):
        shutil.copy(file, split / f'split_{number}.mcap')
    with open_bag(split) as bag:
        numbers = [one.number for one in bag.messages(['/camera/depth/image_raw'])]
    assert numbers == list(range(2 * FRAMES))


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
