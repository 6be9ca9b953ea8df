# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""RVL as its author wrote it down: pixel by pixel, slow and plain, to judge the decoder by."""

from __future__ import annotations

import struct

import numpy as np


class Encoder:
    """Collects numbers as nibbles."""

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
