# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The pieces that an MCAP file is read in: its chunks, or runs of messages outside of chunks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
import zlib

import lz4.frame

from promptda_ros.bags.storage.mcap_records import HEAD
from promptda_ros.bags.storage.packing import zstd

CHUNK = Struct('<QQQII')  # first and last time, size, CRC, length of the compression's name
SIZE = Struct('<Q')

WHOLE: dict[str, Callable[[bytes], bytes]] = {
    '': bytes,
    'zstd': zstd.decompress,
    'lz4': lz4.frame.decompress,
}
# They return what there is of data that ends early.
HALF: dict[str, Callable[[bytes], bytes]] = {
    '': bytes,
    'zstd': lambda data: zstd.ZstdDecompressor().decompress(data),
    'lz4': lambda data: lz4.frame.LZ4FrameDecompressor().decompress(data),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """Records that lie one after the other, and when their messages were logged."""

    offset: int
    size: int
    first_ns: int
    last_ns: int
    channels: frozenset[int]  # that may have messages in it; empty: any
    index_size: int  # of the records behind it that list its messages; 0: there are none
    records_of: Callable[[bytes], bytes]  # from what the file has there


def whole_chunk(data: bytes) -> bytes:
    """Return the records of a chunk.

    Raises:
        ValueError: they are not what was written.
    """
    size, crc, compression, packed = _parse(data)
    found = WHOLE[compression](packed)
    if len(found) != size or (crc and zlib.crc32(found) != crc):
        raise ValueError(f'a chunk of {size} bytes does not match its checksum')
    return found


def half_chunk(data: bytes) -> bytes:
    """Return the records of a chunk up to where the file was cut off."""
    _, _, compression, packed = _parse(data)
    found = HALF[compression](packed)
    at = 0
    while at + HEAD.size <= len(found):
        end = at + HEAD.size + HEAD.unpack_from(found, at)[1]
        if end > len(found):
            break
        at = end
    return found[:at]


def _parse(data: bytes) -> tuple[int, int, str, bytes]:
    _, _, size, crc, length = CHUNK.unpack_from(data, HEAD.size)
    at = HEAD.size + CHUNK.size + length
    compression = data[at - length : at].decode()
    (packed_size,) = SIZE.unpack_from(data, at)
    at += SIZE.size
    return size, crc, compression, data[at : at + packed_size]
