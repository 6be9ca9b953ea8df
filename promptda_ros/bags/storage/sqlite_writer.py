# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Writes a SQLite file of the schema that rosbag2 has had since Iron; older versions read it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import errno
from pathlib import Path
import sqlite3

from promptda_ros.bags.channel import Channel, RawMessage
from promptda_ros.bags.storage.metadata import VERSION
from promptda_ros.bags.storage.packing import zstd
from promptda_ros.bags.storage.qos import in_numbers

SCHEMA_VERSION = 4
SCHEMA = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE schema(schema_version INTEGER PRIMARY KEY, ros_distro TEXT NOT NULL);
    CREATE TABLE metadata(
        id INTEGER PRIMARY KEY, metadata_version INTEGER NOT NULL, metadata TEXT NOT NULL);
    CREATE TABLE topics(
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL,
        serialization_format TEXT NOT NULL, offered_qos_profiles TEXT NOT NULL,
        type_description_hash TEXT NOT NULL);
    CREATE TABLE message_definitions(
        id INTEGER PRIMARY KEY, topic_type TEXT NOT NULL, encoding TEXT NOT NULL,
        encoded_message_definition TEXT NOT NULL, type_description_hash TEXT NOT NULL);
    CREATE TABLE messages(
        id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, timestamp INTEGER NOT NULL,
        data BLOB NOT NULL);
"""


class SqliteWriter:
    """A SQLite file that is being written."""

    def __init__(self, path: Path, compression: str) -> None:
        self._path = path
        self._pack = zstd.compress if compression == 'zstd' else bytes
        self.compression = ('zstd', 'MESSAGE') if compression == 'zstd' else ('', '')
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._types: set[str] = set()
        with self._errors_of_the_disk():
            # Until it is finished nobody reads it: no journal, and one transaction.
            self._database.executescript(SCHEMA)
            self._database.execute('INSERT INTO schema VALUES (?, ?)', (SCHEMA_VERSION, ''))
            self._database.execute('BEGIN')

    def add(self, channel: Channel) -> int:
        """Announce a topic and return its number."""
        facts = (
            *(channel.topic, channel.type_name, channel.serialization),
            *(in_numbers(channel.qos), channel.type_hash),
        )
        if channel.definition and channel.type_name not in self._types:
            self._types.add(channel.type_name)
            definition = channel.definition_format, channel.definition, channel.type_hash
            self._insert('message_definitions', (None, channel.type_name, *definition))
        return self._insert('topics', (None, *facts))

    def write(self, number: int, message: RawMessage) -> None:
        """Write a message of an announced topic."""
        self._insert('messages', (None, number, message.logged_ns, self._pack(message.data)))

    def finish(self, metadata: str) -> None:
        """Write what stands at the end, and close the file."""
        self._insert('metadata', (None, VERSION, metadata))
        with self._errors_of_the_disk():
            self._database.execute('CREATE INDEX timestamp_idx ON messages (timestamp ASC)')
            self._database.execute('COMMIT')
            self._database.close()

    def abandon(self) -> None:
        """Close the file as it is."""
        self._database.close()

    def _insert(self, table: str, row: tuple[object, ...]) -> int:
        places = ', '.join('?' * len(row))
        with self._errors_of_the_disk():
            cursor = self._database.execute(f'INSERT INTO {table} VALUES ({places})', row)
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    @contextmanager
    def _errors_of_the_disk(self) -> Iterator[None]:
        """Raise what SQLite says of the disk as the system would."""
        try:
            yield
        except sqlite3.OperationalError as error:
            code = errno.ENOSPC if 'full' in str(error) else errno.EIO
            raise OSError(code, str(error), str(self._path)) from error
