# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the encoding names of sensor_msgs mean: number type, channels, order of the colours."""

from __future__ import annotations

from dataclasses import dataclass
import re

import numpy as np

_CONTENT = re.compile(r'(8U|8S|16U|16S|32S|32F|64F)(?:C([1-9][0-9]{0,2}))?')
_MOST_CHANNELS = 512  # of OpenCV
_LETTERS = {'U': 'u', 'S': 'i', 'F': 'f'}

# ROS names a Bayer pattern after the first two rows, OpenCV after the second and third pixel of
# the second row.
_BAYER = {'rggb': 'BG', 'bggr': 'RG', 'gbrg': 'GR', 'grbg': 'GB'}
_PACKED_YUV = {'yuv422': 'UYVY', 'uyvy': 'UYVY', 'yuv422_yuy2': 'YUY2', 'yuyv': 'YUY2'}
_PLANAR_YUV = {'nv12': 'NV12', 'nv21': 'NV21'}
_COLOURS = {
    'mono': ('GRAY', 1),
    'rgb': ('RGB', 3),
    'bgr': ('BGR', 3),
    'rgba': ('RGBA', 4),
    'bgra': ('BGRA', 4),
}


@dataclass(frozen=True)
class Encoding:
    """The memory and the meaning of one pixel."""

    dtype: np.dtype
    channels: int
    # OpenCV's word: GRAY, RGB, BayerBG, UYVY, NV12 ...; empty where pixels are mere numbers.
    colour: str = ''
    # Half as many rows of colour follow the rows of brightness.
    planar: bool = False

    @property
    def bits(self) -> int:
        """Bits of one number."""
        return self.dtype.itemsize * 8


def _table() -> dict[str, Encoding]:
    """Every encoding that has a colour meaning."""
    byte = np.dtype(np.uint8)
    table = {name: Encoding(byte, 2, colour) for name, colour in _PACKED_YUV.items()}
    table |= {name: Encoding(byte, 1, colour, planar=True) for name, colour in _PLANAR_YUV.items()}
    for bits in (8, 16):
        dtype = np.dtype(f'u{bits // 8}')
        for name, (colour, channels) in _COLOURS.items():
            table[f'{name}{bits}'] = Encoding(dtype, channels, colour)
        for pattern, colour in _BAYER.items():
            table[f'bayer_{pattern}{bits}'] = Encoding(dtype, 1, f'Bayer{colour}')
    return table


ENCODINGS = _table()


def parse(name: str) -> Encoding | None:
    """Look an encoding up by name; content types such as 16UC1 count, unknown names give None."""
    if name in ENCODINGS:
        return ENCODINGS[name]
    match = _CONTENT.fullmatch(name)
    if match is None or int(match[2] or 1) > _MOST_CHANNELS:
        return None
    kind, channels = match.groups()
    dtype = np.dtype(f'{_LETTERS[kind[-1]]}{int(kind[:-1]) // 8}')
    return Encoding(dtype, int(channels or 1))
