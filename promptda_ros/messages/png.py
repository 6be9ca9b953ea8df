# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""PNG pictures judged before a decoder sees them.

Decoders pay what a PNG claims: for chunks longer than the data, for texts that unpack to a
thousand times their size, for pixels behind the last row. So the chunks are walked here and the
rows unpacked, no further than the picture needs; what is handed on is a PNG of plain rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
import struct
import zlib

SIGNATURE = b'\x89PNG\r\n\x1a\n'
HEADER = struct.Struct('>IIBBBBB')
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by kind of colour
PALETTE = 3
# Encoders write some thousand bytes into one; each costs a step here.
CHUNKS_AT_MOST = 50_000
STEP_BYTES = 1 << 18
# Column and row where each pass of an interlaced picture begins, and its steps
ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)


class BadPng(ValueError):
    """A PNG that does not hold the picture it promises; the text says why."""


@dataclass(frozen=True)
class PngHeader:
    """What a PNG says of itself."""

    width: int
    height: int
    bits: int  # of one channel
    colour: int
    interlaced: bool

    @property
    def channels(self) -> int:
        """Return the channels of a pixel, those of its colour for a palette."""
        return 3 if self.colour == PALETTE else CHANNELS.get(self.colour, 0)

    @property
    def rows_bytes(self) -> int:
        """Return the length of all rows, each behind the byte of its filter."""
        bits, total = self.bits * CHANNELS.get(self.colour, 0), 0
        for left, top, across, down in ADAM7 if self.interlaced else ((0, 0, 1, 1),):
            width, height = -(-(self.width - left) // across), -(-(self.height - top) // down)
            if width > 0 and height > 0:
                total += height * (1 + (width * bits + 7) // 8)
        return total


def read_png_header(data: memoryview) -> PngHeader:
    """Return the header of a PNG whose signature was seen.

    Raises:
        BadPng: it ends within the header.
    """
    if len(data) < 16 + HEADER.size or bytes(data[8:16]) != b'\x00\x00\x00\x0dIHDR':
        raise BadPng('ends within its header')
    width, height, bits, colour, _, _, interlaced = HEADER.unpack_from(data, 16)
    return PngHeader(width, height, bits, colour, interlaced == 1)


def unpack(data: memoryview, header: PngHeader) -> bytearray:
    """Return the same picture as a PNG of rows that are not compressed, and nothing beside them.

    Raises:
        BadPng: a chunk is damaged, there are more or fewer rows, or the end is missing.
    """
    packed, plain = [], bytearray(SIGNATURE)
    for name, content in _chunks(data):
        if name == b'IDAT':
            packed.append(content)
        elif name in (b'IHDR', b'PLTE'):
            _append(plain, name, content)
    _unpack_rows(packed, header.rows_bytes, plain)
    _append(plain, b'IEND', b'')
    return plain


def _chunks(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield name and content of each chunk up to the end; those that make pixels are checked."""
    place = len(SIGNATURE)
    for _ in range(CHUNKS_AT_MOST):
        if place + 12 > len(data):
            raise BadPng('ends before its last chunk')
        length, name = int.from_bytes(data[place : place + 4], 'big'), bytes(data[place + 4 :][:4])
        end = place + 12 + length
        if end > len(data):
            raise BadPng(f'has a chunk of {length} bytes, longer than what follows')
        if name == b'IEND':
            return
        if name[:1].isupper():  # all that are critical
            found = int.from_bytes(data[end - 4 : end], 'big')
            if zlib.crc32(data[place + 4 : end - 4]) != found:
                raise BadPng(f'has a chunk whose check sum is wrong, {length} bytes')
            yield name, data[place + 8 : end - 4]
        place = end
    raise BadPng(f'has more than {CHUNKS_AT_MOST} chunks')


def _unpack_rows(packed: list[memoryview], wanted: int, plain: bytearray) -> None:
    """Append the rows in chunks that are not compressed, small ones because OpenCV copies each."""
    inflater, storer, count = zlib.decompressobj(), zlib.compressobj(level=0), 0
    try:
        for content in packed:
            pending: bytes | memoryview = content
            while len(pending) and not inflater.eof:
                rows = inflater.decompress(pending, STEP_BYTES)
                pending = inflater.unconsumed_tail
                count += len(rows)
                if count > wanted:
                    raise BadPng(f'has more than the {wanted} bytes of its rows')
                if stored := storer.compress(rows):
                    _append(plain, b'IDAT', stored)
    except zlib.error as error:
        raise BadPng(f'cannot be unpacked ({error})') from None
    if count != wanted or not inflater.eof:
        raise BadPng(f'has {count} of the {wanted} bytes of its rows')
    _append(plain, b'IDAT', storer.flush())


def _append(plain: bytearray, name: bytes, content: bytes | memoryview) -> None:
    plain += struct.pack('>I', len(content)) + name + content
    plain += struct.pack('>I', zlib.crc32(content, zlib.crc32(name)))
