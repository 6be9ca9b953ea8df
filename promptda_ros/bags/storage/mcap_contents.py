# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is in an MCAP file: its channels and pieces, by its summary or by reading all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
import os
from struct import Struct
import zlib

from mcap import records
from mcap.data_stream import ReadDataStream
from mcap.opcode import Opcode

from promptda_ros.bags.files import BagError
from promptda_ros.bags.storage.mcap_pieces import half_chunk, Piece, whole_chunk
from promptda_ros.bags.storage.mcap_records import (
    Directory,
    HEAD,
    MAGIC,
    MESSAGE,
    records_in,
)
from promptda_ros.core.runtime.guard import Foreseen

FOOTER = Struct('<BQQQI')  # opcode, length, where the summary and its offsets begin, CRC
RUN_BYTES = 4 << 20  # of messages outside of chunks that are read at once
BLOCK_BYTES = 1 << 16
IN_RUNS = (Opcode.MESSAGE, Opcode.SCHEMA, Opcode.CHANNEL)
ENDS = (0, Opcode.DATA_END, Opcode.FOOTER)  # 0 is no opcode: space that was never written


@dataclass
class Contents:
    """What a file holds."""

    directory: Directory = field(default_factory=Directory)
    pieces: list[Piece] = field(default_factory=list)
    counts: Counter[int] = field(default_factory=Counter)  # messages by channel


def is_cut_off(file: int) -> bool:
    """Tell whether a file lacks its end, as after a power cut."""
    end = os.fstat(file).st_size - len(MAGIC)
    return end < len(MAGIC) or os.pread(file, len(MAGIC), end) != MAGIC


def read_contents(file: int) -> Contents:
    """Return what a whole file holds."""
    return _summarised(file) or _scanned(file, os.fstat(file).st_size - len(MAGIC))


def read_cut_off(file: int) -> Contents:
    """Return what a file holds up to where it can be read."""
    contents = Contents()
    try:
        with Foreseen(lambda error: BagError(str(error))):
            _scan(file, _written_size(file), contents)
    except BagError:
        pass  # whatever it ends with, what lies before is whole
    return contents


def _summarised(file: int) -> Contents | None:
    """Read the summary; None where it leaves something out, which the format allows."""
    end = os.fstat(file).st_size - len(MAGIC)
    opcode, _, begin, _, crc = FOOTER.unpack(os.pread(file, FOOTER.size, end - FOOTER.size))
    if opcode != Opcode.FOOTER or not begin:
        return None
    data = os.pread(file, end - begin, begin)
    if crc and zlib.crc32(data[:-4]) != crc:
        raise ValueError('its summary does not match its checksum')
    contents = Contents()
    chunks: list[records.ChunkIndex] = []
    statistics = None
    for opcode, at, until in records_in(data):
        contents.directory.note(opcode, data[at:until])
        stream = ReadDataStream(BytesIO(data[at:until]))
        if opcode == Opcode.CHUNK_INDEX:
            chunks.append(records.ChunkIndex.read(stream))
        elif opcode == Opcode.STATISTICS:
            statistics = records.Statistics.read(stream)
    if statistics is None or not _is_complete(statistics, chunks, contents.directory):
        return None
    contents.counts.update(statistics.channel_message_counts)
    contents.pieces = _pieces_of(chunks)
    return contents


def _is_complete(
    statistics: records.Statistics, chunks: list[records.ChunkIndex], directory: Directory
) -> bool:
    has_chunks = len(chunks) == statistics.chunk_count
    has_messages = bool(chunks) or not statistics.message_count  # else they are outside of chunks
    return has_chunks and has_messages and len(directory.channels) == statistics.channel_count


def _pieces_of(chunks: list[records.ChunkIndex]) -> list[Piece]:
    same: dict[frozenset[int], frozenset[int]] = {}  # most chunks have the same channels
    return [
        Piece(
            offset=chunk.chunk_start_offset,
            size=chunk.chunk_length,
            first_ns=chunk.message_start_time,
            last_ns=chunk.message_end_time,
            channels=same.setdefault(channels := frozenset(chunk.message_index_offsets), channels),
            index_size=chunk.message_index_length,
            records_of=whole_chunk,
        )
        for chunk in chunks
    ]


def _scanned(file: int, size: int) -> Contents:
    contents = Contents()
    _scan(file, size, contents)
    return contents


def _scan(file: int, size: int, contents: Contents) -> None:
    """Read every record, and note the pieces as far as they are whole."""
    at, run_begin = len(MAGIC), 0  # a run is a piece without chunk that is not yet noted
    while at + HEAD.size <= size:
        opcode, length = HEAD.unpack(os.pread(file, HEAD.size, at))
        end = at + HEAD.size + length
        is_whole = end <= size
        in_run = opcode in IN_RUNS and is_whole
        if run_begin and (not in_run or end - run_begin > RUN_BYTES):
            _note(file, run_begin, at, bytes, contents)
            run_begin = 0
        if in_run:
            run_begin = run_begin or at
        elif opcode == Opcode.CHUNK:
            _note(file, at, min(end, size), whole_chunk if is_whole else half_chunk, contents)
        if opcode in ENDS or not is_whole:
            break
        at = end
    if run_begin:
        _note(file, run_begin, at, bytes, contents)


def _note(
    file: int, begin: int, end: int, records_of: Callable[[bytes], bytes], contents: Contents
) -> None:
    """Add what lies there; nothing of it if it can't be read."""
    data = records_of(os.pread(file, end - begin, begin))
    times: list[int] = []
    counts: Counter[int] = Counter()
    for opcode, at, until in records_in(data):
        if opcode == Opcode.MESSAGE:
            channel, _, logged_ns, _ = MESSAGE.unpack_from(data, at)
            times.append(logged_ns)
            counts[channel] += 1
        else:
            contents.directory.note(opcode, data[at:until])
    if times:
        span = min(times), max(times)
        numbers = frozenset(counts)
        contents.pieces.append(Piece(begin, end - begin, *span, numbers, 0, records_of))
        contents.counts += counts


def _written_size(file: int) -> int:
    """Return the size without the zeros at the end, where space was taken but not written."""
    end = os.fstat(file).st_size
    while end:
        begin = max(0, end - BLOCK_BYTES)
        if written := len(os.pread(file, end - begin, begin).rstrip(b'\0')):
            return begin + written
        end = begin
    return 0
