# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""MCAP files: read by their index, or to the end where they were cut off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from functools import cached_property, partial
import os
from pathlib import Path
from struct import Struct

from mcap.opcode import Opcode

from promptda_ros.bags.channel import Channel
from promptda_ros.bags.storage.mcap_contents import is_cut_off, read_contents, read_cut_off
from promptda_ros.bags.storage.mcap_pieces import Piece
from promptda_ros.bags.storage.mcap_records import MESSAGE, records_in
from promptda_ros.bags.storage.part import in_log_order, Run, Stored

INDEX = Struct('<HI')  # channel, bytes of the entries
INDEX_ENTRY_BYTES = 16


class McapFile:
    """An open MCAP file."""

    def __init__(self, path: Path, file: Path, stack: ExitStack) -> None:
        """Open a file; `path` is what its user calls it."""
        self.path = path
        self._file = os.open(file, os.O_RDONLY)
        stack.callback(os.close, self._file)
        was_cut_off = is_cut_off(self._file)
        contents = read_cut_off(self._file) if was_cut_off else read_contents(self._file)
        self._channels = contents.directory.channels
        self._pieces = sorted(contents.pieces, key=lambda piece: piece.first_ns)
        self._counts = contents.counts
        self.span_ns = _span_of(self._pieces)
        self.cut_off = self._advice() if was_cut_off else ''

    @property
    def channels(self) -> Collection[Channel]:
        """The topics, in the order of the file."""
        return self._channels.values()

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """The number of messages of each topic."""
        return self._by_topic(self._counts)

    def messages(self, topics: Collection[str], begin_ns: int, end_ns: int) -> Iterator[Stored]:
        """Yield the messages logged from the beginning to before the end, in this order."""
        wanted = {key: one for key, one in self._channels.items() if one.topic in topics}
        return in_log_order(
            Run(piece.first_ns, piece.offset, partial(self._read, piece, wanted, begin_ns, end_ns))
            for piece in self._pieces
            if begin_ns <= piece.last_ns
            and piece.first_ns < end_ns
            and not (piece.channels and piece.channels.isdisjoint(wanted))
        )

    def counts_before(self, time_ns: int) -> Mapping[str, int]:
        """Return how many messages of each topic were logged before a time."""
        counts: Counter[int] = Counter()
        for piece in self._pieces:
            if piece.last_ns < time_ns and piece.index_size:
                counts += self._indexed(piece)
            elif piece.first_ns < time_ns:
                data = self._records(piece)
                found = (MESSAGE.unpack_from(data, at) for at, _ in _messages_in(data))
                counts.update(one for one, _, logged_ns, _ in found if logged_ns < time_ns)
        return self._by_topic(counts)

    def _read(
        self, piece: Piece, wanted: Mapping[int, Channel], begin_ns: int, end_ns: int
    ) -> Iterator[Stored]:
        data = memoryview(self._records(piece))
        found = []
        for at, end in _messages_in(data):
            number, sequence, logged_ns, published_ns = MESSAGE.unpack_from(data, at)
            if number in wanted and begin_ns <= logged_ns < end_ns:
                found.append((logged_ns, at + MESSAGE.size, end, number, sequence, published_ns))
        for logged_ns, begin, end, number, sequence, published_ns in sorted(found):
            whole = bytes(data[begin:end])
            yield Stored(logged_ns, published_ns, sequence, wanted[number], whole)

    def _records(self, piece: Piece) -> bytes:
        return piece.records_of(os.pread(self._file, piece.size, piece.offset))

    def _indexed(self, piece: Piece) -> Counter[int]:
        data = os.pread(self._file, piece.index_size, piece.offset + piece.size)
        found = (INDEX.unpack_from(data, record.begin) for record in records_in(data))
        return Counter({number: size // INDEX_ENTRY_BYTES for number, size in found})

    def _by_topic(self, counts: Mapping[int, int]) -> Mapping[str, int]:
        topics = dict.fromkeys((one.topic for one in self._channels.values()), 0)
        for number, count in counts.items():
            if number in self._channels:
                topics[self._channels[number].topic] += count
        return topics

    def _advice(self) -> str:
        fix = f'mcap recover {self.path} -o recovered.mcap'
        return (
            f'{self.path} is cut off, as after a power cut: {sum(self.counts.values())} messages '
            f'can be read; `{fix}` makes a whole file of them'
        )


def _span_of(pieces: list[Piece]) -> tuple[int, int] | None:
    return (pieces[0].first_ns, max(one.last_ns for one in pieces)) if pieces else None


def _messages_in(data: bytes | memoryview) -> Iterator[tuple[int, int]]:
    """Yield where messages begin and end."""
    for opcode, begin, end in records_in(data):
        if opcode == Opcode.MESSAGE:
            yield begin, end
