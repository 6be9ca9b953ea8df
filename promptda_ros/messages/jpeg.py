# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""JPEG pictures judged beside the decoder: what they claim before it, what they lack after it.

Decoders fill what is missing with grey, and OpenCV and Pillow do not report it. A JPEG has no
check sum, but the grey shows: where the last unit of coded data has it, the picture is decoded
again with other bits behind the data. A complete picture does not read them and stays the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
import io
import math
import struct

import numpy as np
import numpy.typing as npt

from promptda_ros.core.frame import ByteImage

SIGNATURE = b'\xff\xd8\xff'
SEQUENTIAL, PROGRESSIVE = (0xC0, 0xC1), 0xC2
# Start of frame in codings that no camera has: lossless, hierarchical, arithmetic
OTHER_FRAMES = {*range(0xC3, 0xD0)} - {0xC4, 0xC8, 0xCC}
SCAN, END, RESTART_INTERVAL = 0xDA, 0xD9, 0xDD
FIRST_RESTART, RESTARTS = 0xD0, 8
SEGMENTS_AT_MOST = 1000  # texts and colour profiles are cut into 64 KiB each
SCANS_AT_MOST = 24  # encoders make ten of a progressive picture; each costs the whole picture
STEP_BYTES = 1 << 20
BLOCK_PX = 8
COEFFICIENTS = 64
NOTHING = 128  # what a decoder fills in
OTHER_BITS = bytes(range(1, 64))


class BadJpeg(ValueError):
    """A JPEG that does not hold the picture it promises; the text says why."""


@dataclass(frozen=True)
class Scan:
    """One pass over the picture: which coefficients of which channels it has."""

    channels: bytes  # their names
    first: int
    last: int
    lowest_bit: int
    parts: list[tuple[int, int]]  # begin and end of the coded data between restarts

    @property
    def bits(self) -> int:
        """Return how many bits of coded data there are."""
        return 8 * sum(end - begin for begin, end in self.parts)


@dataclass
class Jpeg:
    """What a JPEG says of itself up to its first scan."""

    width: int = 0
    height: int = 0
    bits: int = 0  # of one channel
    is_progressive: bool = False
    sampling: dict[int, tuple[int, int]] = field(default_factory=dict)  # rows, columns by name
    restart_interval: int = 0  # units of coded data between two restarts, 0 for none
    scans_begin: int = 0

    @property
    def channels(self) -> int:
        """Return the channels of a pixel."""
        return len(self.sampling)

    @property
    def unit_px(self) -> tuple[int, int]:
        """Return height and width of what is coded together, in pixels."""
        rows, columns = zip(*self.sampling.values(), strict=True)
        return BLOCK_PX * max(rows), BLOCK_PX * max(columns)

    @property
    def grid(self) -> tuple[int, int]:
        """Return rows and columns of units."""
        height, width = self.unit_px
        return -(-self.height // height), -(-self.width // width)


def read_jpeg_header(data: memoryview) -> Jpeg:
    """Walk from segment to segment, each a marker and its length, up to the first scan.

    Raises:
        BadJpeg: it ends early, contradicts itself, or is in a coding that no camera has.
    """
    jpeg = Jpeg()
    for marker, content, begin in _segments(data, 2):
        if marker in (*SEQUENTIAL, PROGRESSIVE):
            _read_frame(jpeg, content, is_progressive=marker == PROGRESSIVE)
        elif marker in OTHER_FRAMES:
            raise BadJpeg(f'is in a coding that is not supported (marker {marker:#x})')
        elif marker == RESTART_INTERVAL and len(content) >= 2:
            (jpeg.restart_interval,) = struct.unpack_from('>H', content)
        elif marker == SCAN:
            jpeg.scans_begin = begin
            break
    if not jpeg.sampling or not jpeg.scans_begin:
        raise BadJpeg('ends within its header')
    return jpeg


def read_scans(data: memoryview, jpeg: Jpeg) -> list[Scan]:
    """Return the scans of a picture whose size was judged.

    Raises:
        BadJpeg: there are too many, or whole ones or bits that every picture has are missing.
    """
    scans: list[Scan] = []
    place = jpeg.scans_begin
    while (scan := _next_scan(data, place, jpeg)) is not None:
        scans.append(scan)
        if len(scans) > SCANS_AT_MOST:
            raise BadJpeg(f'has more than {SCANS_AT_MOST} scans')
        _require_bits(scan, jpeg)
        place = scan.parts[-1][1]
    _require_all_bits(scans, jpeg)
    return scans


def is_cut(data: memoryview, jpeg: Jpeg, scans: list[Scan], picture: ByteImage) -> bool:
    """Return whether the data of a picture (H, W) or (H, W, 3) ended before its last unit.

    Told of pictures with a single scan only, as cameras make them.
    """
    if len(scans) > 1 or not _has_empty_unit(jpeg, picture):
        return False
    with_others, begin = bytearray(), 0
    for _, end in scans[0].parts:
        with_others += data[begin:end]
        with_others += OTHER_BITS
        begin = end
    with_others += data[begin:]
    found, expected = _decode_quietly(with_others), _decode_quietly(data)
    return found is None or expected is None or not np.array_equal(found, expected)


# Segments


def _segments(data: memoryview, place: int) -> Iterator[tuple[int, memoryview, int]]:
    """Yield marker, content and begin of each segment up to the one that ends the picture."""
    for _ in range(SEGMENTS_AT_MOST):
        begin = place
        if bytes(data[place : place + 1]) != b'\xff':
            raise BadJpeg(f'ends within its header ({len(data)} bytes)')
        while bytes(data[place + 1 : place + 2]) == b'\xff':  # markers may be padded
            place += 1
        if data[place + 1 : place + 2] == bytes([END]):
            return
        if place + 4 > len(data):
            raise BadJpeg(f'ends within its header ({len(data)} bytes)')
        marker, length = struct.unpack_from('>BH', data, place + 1)
        content = data[place + 4 : place + 2 + length]
        if len(content) != length - 2:
            raise BadJpeg(f'ends within its header ({len(data)} bytes)')
        yield marker, content, begin
        place += 2 + length
    raise BadJpeg(f'has more than {SEGMENTS_AT_MOST} segments')


def _read_frame(jpeg: Jpeg, content: memoryview, *, is_progressive: bool) -> None:
    if jpeg.sampling or len(content) < 6 or len(content) < 6 + 3 * content[5]:
        raise BadJpeg('contradicts itself in its header')
    jpeg.bits, jpeg.height, jpeg.width, count = struct.unpack_from('>BHHB', content)
    jpeg.is_progressive = is_progressive
    for name, sampling, _ in struct.iter_unpack('BBB', content[6 : 6 + 3 * count]):
        rows, columns = sampling & 15, sampling >> 4
        if not (1 <= rows <= 4 and 1 <= columns <= 4):
            raise BadJpeg(f'has a channel of {columns}x{rows} samples')
        jpeg.sampling[name] = (rows, columns)
    if count == 1:  # then what is coded together is one block, whatever is said
        jpeg.sampling = dict.fromkeys(jpeg.sampling, (1, 1))


def _next_scan(data: memoryview, place: int, jpeg: Jpeg) -> Scan | None:
    """Return the scan that begins next, None at the end of the picture."""
    for marker, content, begin in _segments(data, place):
        if marker == RESTART_INTERVAL and len(content) >= 2:
            (jpeg.restart_interval,) = struct.unpack_from('>H', content)
        if marker != SCAN:
            continue
        count = content[0] if len(content) else 0
        if not 1 <= count <= jpeg.channels or len(content) < 4 + 2 * count:
            raise BadJpeg('contradicts itself in a scan')
        first, last, bits = content[1 + 2 * count : 4 + 2 * count]
        scan = Scan(bytes(content[1 : 1 + 2 * count : 2]), first, last, bits & 15, [])
        if not jpeg.is_progressive:  # whatever is said
            scan = replace(scan, first=0, last=COEFFICIENTS - 1, lowest_bit=0)
        if scan.last >= COEFFICIENTS or any(name not in jpeg.sampling for name in scan.channels):
            raise BadJpeg('contradicts itself in a scan')
        parts = _parts(data, begin + 4 + len(content), jpeg, _units(scan, jpeg))
        return replace(scan, parts=parts)
    return None


def _parts(data: memoryview, place: int, jpeg: Jpeg, units: int) -> list[tuple[int, int]]:
    """Return the coded data from this place on, divided by restarts."""
    wanted = -(-units // jpeg.restart_interval) if jpeg.restart_interval else 1
    parts: list[tuple[int, int]] = []
    for mark in _marks(data, place):
        parts.append((place, mark))
        is_restart = data[mark + 1] == FIRST_RESTART + (len(parts) - 1) % RESTARTS
        if not is_restart or len(parts) > wanted:
            break
        place = mark + 2
    else:
        raise BadJpeg('has no mark at its end')
    if len(parts) < wanted:
        raise BadJpeg(f'has {len(parts)} of the {wanted} parts between restarts')
    return parts


def _marks(data: memoryview, place: int) -> Iterator[int]:
    """Yield where markers stand inside coded data: at 0xFF before neither 0 nor 0xFF."""
    while place < len(data) - 1:
        values = np.frombuffer(data[place : place + STEP_BYTES + 1], np.uint8)
        found = np.flatnonzero(values[:-1] == 0xFF)
        following = values[found + 1]
        yield from (place + found[(following != 0) & (following != 0xFF)]).tolist()
        place += STEP_BYTES


# What must be there


def _units(scan: Scan, jpeg: Jpeg) -> int:
    """Return how many units of coded data a scan has."""
    if len(scan.channels) > 1:
        rows, columns = jpeg.grid
        return rows * columns
    # A channel by itself has no blocks beyond the edge of the picture.
    (unit_rows, unit_columns), (height, width) = jpeg.sampling[scan.channels[0]], jpeg.unit_px
    rows = -(-jpeg.height * unit_rows // height)
    columns = -(-jpeg.width * unit_columns // width)
    return rows * columns


def _require_bits(scan: Scan, jpeg: Jpeg) -> None:
    """Refuse a scan with fewer bits than its blocks take at the least.

    The first coefficient takes a bit in each, one more where others follow; those of a scan of
    their own may be passed over all at once.
    """
    if scan.first > 0:
        return
    blocks = _units(scan, jpeg)
    if len(scan.channels) > 1:
        blocks *= sum(math.prod(jpeg.sampling[name]) for name in scan.channels)
    if scan.bits < blocks * (2 if scan.last > 0 else 1):
        raise BadJpeg(f'has {scan.bits // 8} bytes for {blocks} blocks of 8x8 pixels')


def _require_all_bits(scans: list[Scan], jpeg: Jpeg) -> None:
    missing = {name: np.ones(COEFFICIENTS, np.uint8) for name in jpeg.sampling}
    for scan in scans:
        for name in scan.channels:
            missing[name][scan.first : scan.last + 1] = scan.lowest_bit
    if any(each.any() for each in missing.values()):
        raise BadJpeg(f'ends after {len(scans)} scans, before all of its detail')


def _has_empty_unit(jpeg: Jpeg, picture: ByteImage) -> bool:
    """Return whether the middle of a unit before a restart or the end is what decoders fill in."""
    rows, columns = jpeg.grid
    units, interval = rows * columns, jpeg.restart_interval
    last = np.append(np.arange(interval, units, interval) if interval else [], units) - 1
    row, column = np.divmod(last.astype(np.int64), columns)
    height, width = jpeg.unit_px
    y = np.minimum(row * height + height // 2, jpeg.height - 1)
    x = np.minimum(column * width + width // 2, jpeg.width - 1)
    pixels = picture[y, x].reshape(len(y), -1)
    return bool((pixels == NOTHING).all(axis=1).any())


def _decode_quietly(data: memoryview | bytearray) -> npt.NDArray[np.uint8] | None:
    """Decode by Pillow, which writes nothing to the terminal as OpenCV does."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image)
    except (OSError, SyntaxError, Image.DecompressionBombError):
        return None
