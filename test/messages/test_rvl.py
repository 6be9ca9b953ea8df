# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whatever RVL encodes comes back, and no stream does harm."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.messages import rvl

sides = st.integers(1, 20)


class Encoder:
    """Collects numbers as nibbles, as the author wrote it down: slow and plain."""

    def __init__(self) -> None:
        self.nibbles: list[int] = []

    def number(self, value: int) -> None:
        """Add a number, its lowest three bits first."""
        while True:
            nibble, value = value & 7, value >> 3
            self.nibbles.append(nibble | (8 if value else 0))
            if not value:
                return

    def to_bytes(self) -> bytes:
        """Return words of eight nibbles, the first at the top of each."""
        padded = self.nibbles + [0] * (-len(self.nibbles) % 8)
        words = (padded[place : place + 8] for place in range(0, len(padded), 8))
        return b''.join(
            struct.pack('<I', int(''.join(f'{nibble:x}' for nibble in word), 16)) for word in words
        )


def encode_rvl(picture: np.ndarray) -> bytes:
    """Return the stream of 16-bit depth (h, w) with its size before it."""
    height, width = picture.shape
    pixels, stream, place, previous = picture.ravel().tolist(), Encoder(), 0, 0
    while place < len(pixels):
        begin = place
        while place < len(pixels) and pixels[place] == 0:
            place += 1
        stream.number(place - begin)
        begin = place
        while place < len(pixels) and pixels[place] != 0:
            place += 1
        stream.number(place - begin)
        for value in pixels[begin:place]:
            difference, previous = value - previous, value
            stream.number(difference << 1 if difference >= 0 else -difference * 2 - 1)
    return struct.pack('<II', width, height) + stream.to_bytes()


@given(sides, sides, st.floats(0, 1), st.sampled_from([2, 30, 65536]), st.integers(0, 2**32 - 1))
def test_every_picture_comes_back(height, width, holes, values, seed):
    """D14: with long and short runs, small steps and the largest."""
    random = np.random.default_rng(seed)
    picture = random.integers(0, values, (height, width)).astype(np.uint16)
    picture[random.random(picture.shape) < holes] = 0
    found = rvl.decode(encode_rvl(picture))
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found, picture)


@pytest.mark.parametrize('value', [0, 1, 65535])
def test_a_constant_picture_comes_back(value):
    picture = np.full((48, 64), value, np.uint16)
    np.testing.assert_array_equal(rvl.decode(encode_rvl(picture)), picture)


def test_the_stream_is_the_one_that_the_author_describes():
    """Worked out by hand: 1 unknown, 2 known, 5 then 4; nibbles 1 2 A 1 1 from the top."""
    stream = struct.pack('<III', 3, 1, 0x12A11000)
    np.testing.assert_array_equal(rvl.decode(stream), [[0, 5, 4]])


@given(st.binary(max_size=300), st.integers(1, 50), st.integers(1, 50))
def test_any_stream_is_a_picture_of_its_size_or_refused(stream, width, height):
    """D15, J1: nothing but BadStream."""
    try:
        found = rvl.decode(struct.pack('<II', width, height) + stream)
    except rvl.BadStream:
        return
    assert found.shape == (height, width)


@pytest.mark.parametrize('value', [-1, 0, 65536, 70000])
@pytest.mark.parametrize('before', [[], [0, 0], [9]])
def test_a_known_pixel_of_no_known_value_is_refused(value, before):
    """K6: 70000 would become 4464, and 0 is what is not known."""
    stream = Encoder()
    known = [each for each in before if each]
    stream.number(len(before) - len(known))
    stream.number(len(known) + 1)
    last = 0
    for each in [*known, value]:
        difference, last = each - last, each
        stream.number(difference << 1 if difference >= 0 else -difference * 2 - 1)
    data = struct.pack('<II', len(before) + 1, 1) + stream.to_bytes()
    with pytest.raises(rvl.BadStream, match='values of'):
        rvl.decode(data)


@pytest.mark.parametrize('surplus', [b'\0\0\0\0', b'\xff\xff\xff\xff', b'\0', bytes(9000)])
def test_what_follows_the_last_pixel_is_refused(surplus):
    """K6: a stream that was read out of step ends elsewhere."""
    stream = encode_rvl(np.full((20, 20), 700, np.uint16))
    with pytest.raises(rvl.BadStream):
        rvl.decode(stream + surplus)


def test_numbers_without_pixels_are_not_all_read():
    """K8: eight megabytes of zeros for one pixel."""
    with pytest.raises(rvl.BadStream, match='too long for 1x1'):
        rvl.decode(struct.pack('<II', 1, 1) + bytes(8 << 20))
    with pytest.raises(rvl.BadStream, match='a run that its picture has no room for'):
        rvl.decode(struct.pack('<II', 4000, 4000) + bytes(8 << 20))


def test_a_picture_is_the_same_wherever_it_is_divided(monkeypatch):
    """The stream is looked at in blocks, which end within runs and numbers."""
    random = np.random.default_rng(3)
    picture = random.integers(0, 65536, (40, 50)).astype(np.uint16)
    picture[random.random(picture.shape) < 0.4] = 0
    stream = encode_rvl(picture)
    for block_bytes in (4, 8, 20, 400):
        monkeypatch.setattr(rvl, 'BLOCK_BYTES', block_bytes)
        np.testing.assert_array_equal(rvl.decode(stream), picture)


@pytest.mark.parametrize('length', [0, 4, 7])
def test_a_stream_without_its_size_is_refused(length):
    with pytest.raises(rvl.BadStream, match=f'{length} bytes ends within its header'):
        rvl.read_size(bytes(length))


def test_a_stream_that_ends_early_is_refused_with_the_pixels_it_promises():
    stream = encode_rvl(np.arange(1, 401, dtype=np.uint16).reshape(20, 20))
    with pytest.raises(rvl.BadStream, match='not the 400 it promises'):
        rvl.decode(stream[:-8])
