# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""RVL, a lossless code for depth (Wilson, Fast Lossless Depth Image Compression, 2017).

After width and height comes a stream of numbers: of unknown pixels, of known pixels, then each
known one's difference from the one before it, and so on. A number is a chain of nibbles, 3 bits
each from the lowest on, and a bit that says whether the chain goes on; 8 nibbles fill a 32-bit
word from its top.
"""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

SIZE = struct.Struct('<II')
# 32 bits are the longest difference; more would overflow the sums.
NIBBLES_AT_MOST = 11
Numbers = npt.NDArray[np.int64]


class BadStream(ValueError):
    """A stream that does not hold the picture it promises; the text says why."""


def read_size(data: bytes) -> tuple[int, int]:
    """Return width and height as the stream says."""
    if len(data) < SIZE.size:
        raise BadStream(f'RVL stream of {len(data)} bytes ends within its header')
    width, height = SIZE.unpack_from(data)
    return int(width), int(height)


def decode(data: bytes) -> npt.NDArray[np.uint16]:
    """Return the picture (height, width) of a stream whose size was judged.

    Raises:
        BadStream: there are more or fewer pixels than width x height.
    """
    width, height = read_size(data)
    numbers = _read_numbers(data[SIZE.size :])
    starts = _find_runs(numbers, pixels=width * height)
    is_difference = np.ones(starts[-1] + 2 + numbers[starts[-1] + 1], np.bool_)
    is_difference[starts] = is_difference[starts + 1] = False
    zigzag = numbers[: is_difference.size][is_difference]
    # The last known value is carried over unknown pixels.
    values = np.cumsum((zigzag >> 1) ^ -(zigzag & 1))
    lengths = np.stack((numbers[starts], numbers[starts + 1]), axis=1).ravel()
    is_known = np.repeat(np.tile((False, True), starts.size), lengths)
    picture = np.zeros(height * width, np.uint16)
    picture[is_known] = values.astype(np.uint16)
    return picture.reshape(height, width)


def _read_numbers(stream: bytes) -> Numbers:
    """Return every number of the stream; the last ones may be what fills the last word."""
    whole = len(stream) // 4 * 4
    in_order = np.frombuffer(stream[:whole], '<u4').astype('>u4').view(np.uint8)
    nibbles = np.stack((in_order >> 4, in_order & 15), axis=1).ravel()
    ends = np.flatnonzero(nibbles < 8)
    if ends.size == 0:
        raise BadStream(f'RVL stream of {len(stream)} bytes has no pixels')
    first = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - first + 1
    if lengths.max() > NIBBLES_AT_MOST:
        raise BadStream(f'RVL stream has a number of {lengths.max()} nibbles')
    numbers = (nibbles[first] & 7).astype(np.int64)
    # Nearly all numbers are short: each round has far fewer to go on with.
    longer = np.flatnonzero(lengths > 1)
    place = 1
    while longer.size:
        numbers[longer] |= (nibbles[first[longer] + place] & 7).astype(np.int64) << 3 * place
        place += 1
        longer = longer[lengths[longer] > place]
    return numbers


def _find_runs(numbers: Numbers, *, pixels: int) -> npt.NDArray[np.int64]:
    """Return where each run begins: its unknown pixels, its known pixels, their differences."""
    starts, place, found = [], 0, 0
    count = len(numbers)
    at = numbers.data  # whose single elements are far cheaper than those of an array
    while found < pixels:
        if place + 1 >= count:
            break
        starts.append(place)
        known = at[place + 1]
        found += at[place] + known
        place += 2 + known
    if found != pixels or place > count:
        raise BadStream(f'RVL stream holds {found} pixels or fewer, not the {pixels} it promises')
    return np.asarray(starts, np.int64)
