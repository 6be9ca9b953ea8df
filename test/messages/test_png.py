# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A PNG is what it says, or refused before a decoder pays for what it claims."""

from __future__ import annotations

from contextlib import suppress
import struct
import zlib

import cv2
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.messages import png

GREY, COLOUR, PALETTE, GREY_ALPHA, COLOUR_ALPHA = 0, 2, 3, 4, 6


def chunk(name: bytes, content: bytes) -> bytes:
    """Return a chunk with its check sum."""
    check = zlib.crc32(name + content)
    return struct.pack('>I', len(content)) + name + content + struct.pack('>I', check)


def png_of(
    rows: bytes, *, width: int = 5, height: int = 4, bits: int = 16, colour: int = GREY, **more
) -> bytes:
    """Return a PNG of rows as they are, each behind its filter."""
    header = struct.pack('>IIBBBBB', width, height, bits, colour, 0, 0, more.get('interlaced', 0))
    packed = more.get('packed', zlib.compress(rows))
    parts = (chunk(b'IHDR', header), more.get('beside', b''), chunk(b'IDAT', packed))
    return png.SIGNATURE + b''.join(parts) + chunk(b'IEND', b'')


def unpacked(data: bytes) -> bytes:
    """Return the PNG that the decoder is given."""
    view = memoryview(data)
    return bytes(png.unpack(view, png.read_png_header(view)))


def refusal(data: bytes) -> str:
    """Return why it is refused."""
    with pytest.raises(png.BadPng) as refused:
        unpacked(data)
    return str(refused.value)


ROWS = bytes(4 * (1 + 2 * 5))


@given(
    st.integers(1, 20),
    st.integers(1, 20),
    st.sampled_from([((), np.uint8), ((), np.uint16), ((3,), np.uint8), ((4,), np.uint16)]),
    st.integers(0, 2**32 - 1),
)
def test_the_pixels_stay_the_same(height, width, kind, seed):
    channels, dtype = kind
    values = np.random.default_rng(seed).integers(0, 65536, (height, width, *channels))
    data = cv2.imencode('.png', values.astype(dtype))[1].tobytes()
    found = cv2.imdecode(np.frombuffer(unpacked(data), np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(found, values.astype(dtype))


@pytest.mark.parametrize('width, height', [(1, 1), (5, 4), (8, 8), (9, 17)])
def test_an_interlaced_picture_is_read(width, height):
    """The rows of all seven passes, of which small pictures lack some."""
    header = png.PngHeader(width, height, 16, GREY, interlaced=True)
    data = png_of(bytes(header.rows_bytes), width=width, height=height, interlaced=1)
    found = cv2.imdecode(np.frombuffer(unpacked(data), np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(found, np.zeros((height, width), np.uint16))


@pytest.mark.parametrize('length', [0xFF0001C5, 0x7FFFFFFF, 1000])
def test_a_chunk_longer_than_the_data_is_refused(length):
    """K8: OpenCV would allocate what it claims."""
    data = bytearray(png_of(ROWS))
    place = data.index(b'IDAT') - 4
    data[place : place + 4] = struct.pack('>I', length)
    assert f'a chunk of {length} bytes' in refusal(bytes(data))


def test_rows_that_unpack_to_more_than_the_picture_are_not_unpacked():
    """K8: 400 KB would become 400 MB."""
    assert 'more than the 44 bytes' in refusal(png_of(ROWS + bytes(50 << 20)))


def test_texts_and_profiles_are_left_out():
    """K8: each may unpack to a thousand times its size."""
    text = chunk(b'zTXt', b'k\0\0' + zlib.compress(bytes(1 << 20)))
    assert b'zTXt' not in unpacked(png_of(ROWS, beside=20 * text))


def test_rows_that_end_early_are_refused():
    assert '43 of the 44 bytes' in refusal(png_of(ROWS[:-1]))
    assert '0 of the 44 bytes' in refusal(png_of(b''))


def test_damage_is_found_by_the_check_sums():
    """One wrong bit in what makes pixels, the check sum itself or the packed rows."""
    whole = png_of(bytes(range(44)))
    begin, end = whole.index(b'IDAT'), len(whole) - 12
    for place in range(begin, end):
        data = bytearray(whole)
        data[place] ^= 4
        assert refusal(bytes(data))


def test_more_chunks_than_any_encoder_writes_are_refused():
    beside = (png.CHUNKS_AT_MOST + 1) * chunk(b'tEXt', b'')
    assert f'more than {png.CHUNKS_AT_MOST} chunks' in refusal(png_of(ROWS, beside=beside))


@given(st.binary(max_size=200))
def test_any_bytes_are_unpacked_or_refused(data):
    """J1: nothing but BadPng."""
    with suppress(png.BadPng):
        assert unpacked(png.SIGNATURE + data)
