# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.storage.sqlite_file: files of every version, closed or not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import shutil
import sqlite3

import pytest

from promptda_ros.bags.bag import open_bag
from promptda_ros.bags.channel import Channel, RawMessage
from promptda_ros.bags.files import BagError
from test.bags.drawn_bags import CDR, CHANNELS, file_of, write_bag

MESSAGES = 'CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id, timestamp, data BLOB)'
INDEX = 'CREATE INDEX timestamp_idx ON messages (timestamp ASC)'
# Of Dashing, Foxy and Iron, as far as they differ
TOPICS = {
    'dashing': (MESSAGES, 'CREATE TABLE topics(id, name, type, serialization_format)'),
    'foxy': (
        *(MESSAGES, INDEX),
        'CREATE TABLE topics(id, name, type, serialization_format, offered_qos_profiles)',
    ),
}
ROW = 1, '/images', 'a_msgs/msg/A', 'cdr', '- history: 1'


def data_of(number: int) -> bytes:
    """Return a message that takes some pages."""
    return CDR + number.to_bytes(4, 'big') * 5_000


def fill(database: sqlite3.Connection, count: int) -> None:
    for number in range(count):
        row = number, 1, 2**60 + (number ^ 1), data_of(number)  # pairs are swapped in time
        database.execute('INSERT INTO messages VALUES (?, ?, ?, ?)', row)


@pytest.mark.parametrize('version', TOPICS)
def test_schemas_of_every_version_are_read(tmp_path, version):
    path = tmp_path / 'run.db3'
    database = sqlite3.connect(path)
    for statement in TOPICS[version]:
        database.execute(statement)
    columns = len(database.execute('PRAGMA table_info(topics)').fetchall())
    database.execute(f'INSERT INTO topics VALUES ({", ".join("?" * columns)})', ROW[:columns])
    fill(database, 10)
    database.commit()
    database.close()
    with open_bag(path) as bag:
        qos = ROW[4] if version == 'foxy' else ''
        assert bag.channels == (Channel('/images', 'a_msgs/msg/A', qos=qos),)
        assert [one.data for one in bag.raw()] == [data_of(number ^ 1) for number in range(10)]
        (found,) = bag.raw(begin_ns=2**60 + 4, end_ns=2**60 + 5)
        assert (found.number, found.data) == (4, data_of(5))


def state_of(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {one.name: (one.stat().st_mtime_ns, one.read_bytes()) for one in folder.iterdir()}


def leave_open(folder: Path, mode: str, work: Callable[[sqlite3.Connection], object]) -> Path:
    """Make the files that a recorder leaves when it loses its power amid its work."""
    source = write_bag(folder / 'source', [], storage='sqlite3', channels=CHANNELS[:1])
    database = sqlite3.connect(file_of(source), isolation_level=None)
    database.execute(f'PRAGMA journal_mode = {mode}')
    work(database)
    crashed = folder / 'crashed'
    shutil.copytree(source, crashed)
    database.close()
    (crashed / 'metadata.yaml').unlink()
    return crashed


def test_what_is_in_the_wal_is_read_and_nothing_appears_beside_it(tmp_path):
    crashed = leave_open(tmp_path, 'WAL', lambda database: fill(database, 6))
    (crashed / 'source.db3-shm').unlink()
    before = state_of(crashed)
    assert sorted(before) == ['source.db3', 'source.db3-wal']
    with open_bag(crashed) as bag:
        assert [one.data for one in bag.raw()] == [data_of(number ^ 1) for number in range(6)]
        assert 'was not closed, see source.db3-wal: 6 messages can be read' in bag.cut_off
    assert state_of(crashed) == before


def test_without_room_for_a_copy_it_is_said_where_to_find_some(tmp_path, files_of_at_most):
    crashed = leave_open(tmp_path, 'WAL', lambda database: fill(database, 6))
    says = pytest.raises(BagError, match='too large; set TMPDIR to a')
    with files_of_at_most(10_000), says, open_bag(crashed):
        pass


def test_a_transaction_that_was_not_finished_is_rolled_back_in_a_copy(tmp_path):
    def work(database: sqlite3.Connection) -> None:
        fill(database, 4)
        database.execute('PRAGMA cache_size = 1')  # so that the file is written to meanwhile
        database.execute('BEGIN')
        database.execute('DELETE FROM messages')
        for number in range(50, 60):
            row = number, 1, number, data_of(number)
            database.execute('INSERT INTO messages VALUES (?, ?, ?, ?)', row)

    crashed = leave_open(tmp_path, 'DELETE', work)
    before = state_of(crashed)
    assert 'source.db3-journal' in before
    with open_bag(crashed) as bag:
        assert [one.data for one in bag.raw()] == [data_of(number ^ 1) for number in range(4)]
        assert 'was not closed, see source.db3-journal' in bag.cut_off
    assert state_of(crashed) == before


def test_a_file_that_was_closed_with_a_wal_is_not_written_beside(tmp_path):
    """SQLite makes two files beside such a one even to read it."""
    bag = write_bag(tmp_path / 'run', [], storage='sqlite3')
    database = sqlite3.connect(file_of(bag))
    database.execute('PRAGMA journal_mode = WAL')
    database.close()
    before = state_of(bag)
    with open_bag(bag) as opened:
        assert not list(opened.raw())
        assert not opened.warnings
        assert state_of(bag) == before
    assert state_of(bag) == before


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """Return the bytes of a file that has its index at its end, as ours do."""
    recorded = [RawMessage(CHANNELS[0], at, 2**60 + at, 0, data_of(at)) for at in range(40)]
    folder = tmp_path_factory.mktemp('bags') / 'run'
    bag = write_bag(folder, recorded, storage='sqlite3', compression='none')
    return file_of(bag).read_bytes()


@pytest.mark.parametrize('size', [*range(20_000, 800_000, 77_777), 99])
def test_a_file_that_was_cut_off_is_read_up_to_there(tmp_path, whole, size):
    """K18: to the last message that is whole; nothing at all where the topics are cut off."""
    path = tmp_path / 'cut.db3'
    path.write_bytes(whole[:size])
    try:
        with open_bag(path) as bag:
            found = list(bag.raw())
            assert 'cut.db3 is cut off' in bag.cut_off
            assert bag.counts == {'/tf_static': len(found)}
    except BagError:
        assert size < 30_000
        return
    assert [one.data for one in found] == [data_of(number) for number in range(len(found))]
    assert len(found) >= size // len(data_of(0)) - 3
