# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""RVL, a lossless code for depth (Wilson, Fast Lossless Depth Image Compression, 2017).

After width and height comes a stream of numbers: of unknown pixels, of known pixels, then each
known one's difference from the one before it, and so on. A number is a chain of nibbles, 3 bits
each from the lowest on, and a bit that says whether the chain goes on; 8 nibbles fill a 32-bit
word from its top.
"""

from __future__ import annotations

from collections.abc import Iterator
import struct

import numpy as np
import numpy.typing as npt

SIZE = struct.Struct('<II')
WORD_BYTES, WORD_NIBBLES = 4, 8
BLOCK_BYTES = 1 << 17  # of the stream, looked at together: what bounds the memory
# A pixel takes at the most a run of its own, two nibbles, and the longest difference, six.
BYTES_A_PIXEL = 4
# 32 bits are the longest number; more would overflow the sums.
NIBBLES_AT_MOST = 11
VALUE_AT_MOST = 65535
# Each costs a step of Python; a picture of four megapixels can't have more.
RUNS_AT_MOST = 2_000_000
Numbers = npt.NDArray[np.int64]


class BadStream(ValueError):
    """A stream that does not hold the picture it promises; the text says why."""


def read_size(data: memoryview | bytes) -> tuple[int, int]:
    """Return width and height as the stream says."""
    if len(data) < SIZE.size:
        raise BadStream(f'RVL stream of {len(data)} bytes ends within its header')
    width, height = SIZE.unpack_from(data)
    return int(width), int(height)


def decode(data: memoryview | bytes) -> npt.NDArray[np.uint16]:
    """Return the picture (height, width) of a stream whose size was judged.

    Raises:
        BadStream: there are more or fewer pixels than width x height, or values of more than 16
            bits.
    """
    width, height = read_size(data)
    stream = memoryview(data)[SIZE.size :]
    total = width * height
    if len(stream) > BYTES_A_PIXEL * (total + 1):
        raise BadStream(f'RVL stream of {len(stream)} bytes is too long for {width}x{height}')
    pixels, numbers = _Pixels(total), np.empty(0, np.int64)
    for block in _read_numbers(stream):
        numbers = pixels.take(np.concatenate((numbers, block)))
        # Zeros fill the last word, fewer than its nibbles.
        if pixels.is_full and (len(numbers) >= WORD_NIBBLES or numbers.any()):
            raise BadStream(f'RVL stream goes on behind its {total} pixels')
    if not pixels.is_full:
        raise BadStream(f'RVL stream holds {pixels.count} pixels, not the {total} it promises')
    return pixels.values.reshape(height, width)


class _Pixels:
    """A picture that is filled number by number."""

    def __init__(self, total: int) -> None:
        self.values = np.zeros(total, np.uint16)
        self.count = 0  # of pixels so far
        self._left = 0  # known pixels of the run in work
        self._value = 0  # of the last known pixel, carried over unknown ones
        self._runs = 0

    @property
    def is_full(self) -> bool:
        """Return whether all pixels are there."""
        return self.count == len(self.values)

    def take(self, numbers: Numbers) -> Numbers:
        """Fill in what the next numbers say and return those that are left over."""
        at, total, index = numbers.data, len(numbers), 0  # whose elements are cheap
        count, left, pixels = self.count, self._left, len(self.values)
        begins, places, lengths = [], [], []
        while count < pixels:
            if left == 0:
                if index + 2 > total:
                    break
                unknown, left = at[index], at[index + 1]
                index += 2
                count += unknown
                if count + left > pixels or unknown + left == 0:
                    raise BadStream('RVL stream has a run that its picture has no room for')
            length = min(left, total - index)
            if length == 0 < left:
                break
            begins.append(index)
            places.append(count)
            lengths.append(length)
            index, count, left = index + length, count + length, left - length
        self._runs += len(begins)
        if self._runs > RUNS_AT_MOST:
            raise BadStream(f'RVL stream has more than {RUNS_AT_MOST} runs')
        self.count, self._left = count, left
        self._fill(numbers, np.array((begins, places, lengths), np.int64))
        return numbers[index:]

    def _fill(self, numbers: Numbers, runs: Numbers) -> None:
        """Sum differences up: runs of (begin among the numbers, place in the picture, length)."""
        begins, places, lengths = runs
        before = np.cumsum(lengths) - lengths
        each = np.arange(lengths.sum())
        zigzag = numbers[each + np.repeat(begins - before, lengths)]
        if not zigzag.size:
            return
        values = self._value + np.cumsum((zigzag >> 1) ^ -(zigzag & 1))
        if values.min() < 1 or values.max() > VALUE_AT_MOST:
            raise BadStream(f'RVL stream has values of {values.min()} to {values.max()}')
        self.values[each + np.repeat(places - before, lengths)] = values
        self._value = int(values[-1])


def _read_numbers(stream: memoryview) -> Iterator[Numbers]:
    """Yield the numbers of the stream, some at a time."""
    if len(stream) % WORD_BYTES:
        raise BadStream(f'RVL stream of {len(stream)} bytes ends within a word')
    unfinished = np.empty(0, np.uint8)
    for begin in range(0, len(stream), BLOCK_BYTES):
        words = np.frombuffer(stream[begin : begin + BLOCK_BYTES], '<u4')
        octets = words.astype('>u4').view(np.uint8)
        nibbles = np.stack((octets >> 4, octets & 15), axis=1).ravel()
        nibbles = np.concatenate((unfinished, nibbles))
        ends = np.flatnonzero(nibbles < 8)
        unfinished = nibbles[ends[-1] + 1 :] if ends.size else nibbles
        if len(unfinished) >= NIBBLES_AT_MOST:
            raise BadStream(f'RVL stream has a number of {len(unfinished)} nibbles or more')
        yield _join(nibbles, ends)
    if len(unfinished):
        raise BadStream('RVL stream ends within a number')


def _join(nibbles: npt.NDArray[np.uint8], ends: Numbers) -> Numbers:
    """Return the numbers whose chains end at these nibbles."""
    first = np.concatenate((np.zeros(1, np.int64), ends[:-1] + 1))[: len(ends)]
    lengths = ends - first + 1
    if lengths.size and lengths.max() > NIBBLES_AT_MOST:
        raise BadStream(f'RVL stream has a number of {lengths.max()} nibbles')
    numbers = (nibbles[first] & 7).astype(np.int64)
    # Nearly all numbers are short: each round has far fewer to go on with.
    longer, place = np.flatnonzero(lengths > 1), 1
    while longer.size:
        numbers[longer] |= (nibbles[first[longer] + place] & 7).astype(np.int64) << 3 * place
        place += 1
        longer = longer[lengths[longer] > place]
    return numbers
