# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""SQLite files: read by SQLite itself, which may not write anything beside them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path
import sqlite3
from struct import Struct

from promptda_ros.bags.channel import Channel
from promptda_ros.bags.storage.packing import copied
from promptda_ros.bags.storage.part import Stored

JOURNALS = ('-wal', '-journal')
PAGE_SIZE, PAGES = Struct('>H'), Struct('>I')  # in the header, at these places
PAGE_SIZE_AT, PAGES_AT, HEADER_BYTES = 16, 28, 100
LARGEST_INTEGER = 2**63 - 1
# What can still be read of a file that was cut off, in place of the table and its index
SURVIVORS = """
    CREATE TEMP TABLE survivors(id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER);
    CREATE INDEX temp.survivors_idx ON survivors(timestamp);
"""


class SqliteFile:
    """An open SQLite file."""

    def __init__(self, path: Path, file: Path, stack: ExitStack) -> None:
        """Open a file; `path` is what its user calls it."""
        self.path = path
        journals = [one for one in map(file.with_name, _journals_of(file)) if _has_content(one)]
        self._database = _open_copy(file, journals, stack) if journals else _open_as_it_is(file)
        stack.callback(self._database.close)
        self._table = 'messages'
        was_cut_off = not journals and _is_cut_off(file)
        if was_cut_off:
            self._find_survivors()
        self._channels = self._read_channels()
        self.span_ns = self._read_span()
        self.cut_off = self._advice(journals) if was_cut_off or journals else ''

    @property
    def channels(self) -> Collection[Channel]:
        """The topics, in the order of the file."""
        return self._channels.values()

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """The number of messages of each topic."""
        return self.counts_before(LARGEST_INTEGER)

    def messages(self, topics: Collection[str], begin_ns: int, end_ns: int) -> Iterator[Stored]:
        """Yield the messages logged from the beginning to before the end, in this order."""
        wanted = {key: one for key, one in self._channels.items() if one.topic in topics}
        # Without their data, so that ordering those of a file without index takes no space.
        rows = self._database.execute(
            f'SELECT id, topic_id, timestamp FROM {self._table} WHERE timestamp >= ? '
            f'AND timestamp < ? AND topic_id IN ({", ".join(map(str, wanted))}) '
            'ORDER BY timestamp, id',
            (_bound(begin_ns), _bound(end_ns)),
        )
        for number, topic, logged_ns in rows:
            data = self._database.execute('SELECT data FROM messages WHERE id = ?', (number,))
            yield Stored(logged_ns, logged_ns, 0, wanted[topic], data.fetchone()[0])

    def counts_before(self, time_ns: int) -> Mapping[str, int]:
        """Return how many messages of each topic were logged before a time."""
        counts = dict.fromkeys((one.topic for one in self.channels), 0)
        rows = self._database.execute(
            f'SELECT topic_id, count(*) FROM {self._table} WHERE timestamp < ? GROUP BY topic_id',
            (_bound(time_ns),),
        )
        for number, count in rows:
            if number in self._channels:
                counts[self._channels[number].topic] += count
        return counts

    def _read_channels(self) -> dict[int, Channel]:
        """Read the topics of any version of the schema."""
        self._database.row_factory = sqlite3.Row
        definitions: dict[str, tuple[str, str]] = {}
        with suppress(sqlite3.OperationalError):  # before Iron there is no such table
            for row in self._database.execute('SELECT * FROM message_definitions'):
                text = row['encoded_message_definition']
                definitions[row['topic_type']] = text, row['encoding']
        topics = [dict(row) for row in self._database.execute('SELECT * FROM topics ORDER BY id')]
        self._database.row_factory = None
        return {
            row['id']: _channel(row, *definitions.get(row['type'], ('', ''))) for row in topics
        }

    def _read_span(self) -> tuple[int, int] | None:
        ends = (f'(SELECT {end}(timestamp) FROM {self._table})' for end in ('min', 'max'))
        first_ns, last_ns = self._database.execute(f'SELECT {", ".join(ends)}').fetchone()
        return None if first_ns is None else (first_ns, last_ns)

    def _find_survivors(self) -> None:
        """List the messages up to the first that lies in what is missing."""
        # SQLite refuses files that are shorter than they say, except from those who repair them.
        self._database.execute('PRAGMA writable_schema = ON')
        self._database.executescript(SURVIVORS)
        self._table = 'survivors'
        rows = self._database.execute('SELECT id, topic_id, timestamp, data FROM messages')
        insert = 'INSERT INTO survivors VALUES (?, ?, ?)'
        with suppress(sqlite3.DatabaseError):
            for *row, _ in rows:
                self._database.execute(insert, row)

    def _advice(self, journals: list[Path]) -> str:
        there = f'{sum(self.counts.values())} messages can be read'
        if journals:
            fix = f'`sqlite3 {self.path} vacuum` closes it'
            return f'{self.path} was not closed, see {journals[0].name}: {there}; {fix}'
        return f'{self.path} is cut off: {there}; copy it again if its source is longer'


def _open_as_it_is(file: Path) -> sqlite3.Connection:
    # Immutable: for files that were written with a WAL even readers write beside them otherwise.
    uri = f'{file.absolute().as_uri()}?mode=ro&immutable=1'
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)


def _open_copy(file: Path, journals: list[Path], stack: ExitStack) -> sqlite3.Connection:
    """Let SQLite recover what was not finished, which it does by writing."""
    copy = copied(file, journals, stack)
    return sqlite3.connect(copy, isolation_level=None, check_same_thread=False)


def _journals_of(file: Path) -> list[str]:
    return [file.name + ending for ending in JOURNALS]


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _is_cut_off(file: Path) -> bool:
    with file.open('rb') as opened:
        header = opened.read(HEADER_BYTES)
    page_bytes: int = PAGE_SIZE.unpack_from(header, PAGE_SIZE_AT)[0]
    pages: int = PAGES.unpack_from(header, PAGES_AT)[0]
    return pages * (65536 if page_bytes == 1 else page_bytes) > file.stat().st_size


def _channel(row: dict[str, str], definition: str, definition_format: str) -> Channel:
    return Channel(
        topic=row['name'],
        type_name=row['type'],
        definition=definition,
        definition_format=definition_format,
        type_hash=row.get('type_description_hash') or '',  # since Iron
        serialization=row['serialization_format'],
        qos=row.get('offered_qos_profiles') or '',  # since Foxy; other writers leave it NULL
    )


def _bound(time_ns: int) -> int:
    return min(time_ns, LARGEST_INTEGER)
