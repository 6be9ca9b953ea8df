# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The compressedDepth transport of image_transport <-> metres.

A message is a header of 12 bytes and a picture of 16-bit values, PNG or RVL. Values of 16UC1 are
the depth itself; those of 32FC1 are its quantised inverse, depth = A / (value - B), 0 unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
import math
import struct

import cv2
import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from promptda_ros import millimetres, rvl
from promptda_ros.compressed import decode_picture, PNG_SIGNATURE, read_header
from promptda_ros.core.frame import BadFrame, FloatImage
from promptda_ros.core.peer_text import shorten
from promptda_ros.encodings import BY_REFERENCE, bytes_of, require_size

Values = npt.NDArray[np.uint16]

CONFIG = struct.Struct('<iff')  # kind of quantisation, always 0; A; B
VALUE_AT_MOST = 65535
# What image_transport's own encoder takes unless it is told otherwise
QUANTIZATION = 100.0
DEPTH_AT_MOST_M = 10.0
# A scan line of depth has little that a slower search would find.
PNG_LEVEL = 1
COUNTS = ('16UC1', 'mono16')
FLOATS = ('32FC1',)


@dataclass(frozen=True)
class Quantisation:
    """How depth in metres becomes a 16-bit value: value = a / depth + b."""

    a: float
    b: float

    def values_of(self, depth_m: FloatImage) -> Values:
        """Return the values of depth; 0 for what is unknown, too near or too far."""
        with np.errstate(divide='ignore', invalid='ignore'):
            values = np.floor(np.float32(self.a) / depth_m + np.float32(self.b + 0.5))
        known = (depth_m > 0) & (values >= 1) & (values <= VALUE_AT_MOST)  # fails NaN
        return np.where(known, values, 0).astype(np.uint16)

    def metres_of(self, values: Values) -> FloatImage:
        """Return the depth of values, NaN where unknown."""
        depth_m: FloatImage = np.float32(self.a) / (values - np.float32(self.b))
        depth_m[values == 0] = np.nan
        return depth_m


def quantisation(steps: float, farthest_m: float) -> Quantisation:
    """Return the one of image_transport for its settings depth_quantization and depth_max."""
    a = steps * (steps + 1.0)
    return Quantisation(a, 1.0 - a / farthest_m)


def decode_depth(message: CompressedImage, *, depth_scale: float, max_pixels: int) -> FloatImage:
    """Return depth (h, w) in metres, NaN unknown.

    A `depth_scale` of 0 takes the unit that REP 118 gives the encoding.

    Raises:
        BadFrame: the message is no compressedDepth, damaged, or too large; the latter before
            anything is allocated.
    """
    encoding, codec = _parse_format(message.format)
    data = bytes(message.data)
    if len(data) < CONFIG.size:
        text = f'depth has {len(data)} bytes, less than the {CONFIG.size} of its header'
        raise BadFrame('depth_header', f'{text}; mend the publisher')
    _, a, b = CONFIG.unpack_from(data)
    if not encoding:  # old encoders name none, but leave A at 0 unless they quantise
        encoding = '32FC1' if a > 0 else '16UC1'
    values = _read_values(data[CONFIG.size :], codec, max_pixels)
    if encoding in COUNTS:
        return millimetres.to_metres(values, depth_scale or millimetres.METRES)
    if not (math.isfinite(a) and math.isfinite(b) and a > 0 and b < 1):
        text = f'depth was quantised with A={a:g}, B={b:g}, which no depth has'
        raise BadFrame('depth_header', f'{text}; mend the publisher')
    depth_m = Quantisation(a, b).metres_of(values)
    return depth_m if depth_scale in (0.0, 1.0) else depth_m * np.float32(depth_scale)


def encode_depth(depth: np.ndarray, header: Header) -> CompressedImage:
    """Build the message of depth (h, w): float32 in metres, or uint16 as it is; PNG inside.

    Metres that 16 bits can't hold are 0, unknown: beyond 10 m and nearer than 0.152 m.
    """
    if depth.dtype == np.uint16:
        encoding, config, values = '16UC1', CONFIG.pack(0, 0.0, 0.0), depth
    else:
        how = quantisation(QUANTIZATION, DEPTH_AT_MOST_M)
        encoding, config, values = '32FC1', CONFIG.pack(0, how.a, how.b), how.values_of(depth)
    _, png = cv2.imencode('.png', values, [cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL])
    text = f'{encoding}; compressedDepth png'
    message = CompressedImage(header=header, format=text, **BY_REFERENCE)
    data = bytes_of(np.frombuffer(config, np.uint8))
    data.extend(bytes_of(png))
    message.data = data
    return message


def _parse_format(text: str) -> tuple[str, str]:
    """Return encoding and codec of a format such as '16UC1; compressedDepth rvl'.

    Old ones name no codec, which is PNG then; an empty one names nothing.
    """
    encoding, _, rest = (part.strip() for part in text.partition(';'))
    transport, _, codec = rest.partition(' ')
    if not text.strip():
        return '', 'png'
    if 'jpeg' in text or 'jpg' in text:
        raise BadFrame(
            'depth_jpeg',
            f"depth of format '{shorten(text)}' is a JPEG, which keeps 8 of its 16 bits: "
            'distances are lost; publish depth with the compressedDepth plugin of image_transport '
            'and set input.depth_transport:=compressedDepth',
        )
    if transport != 'compressedDepth' or codec.strip() not in ('', 'png', 'rvl'):
        raise BadFrame(
            'depth_format',
            f"depth format '{shorten(text)}' is not <encoding>; compressedDepth png or rvl; use "
            'the topic <depth>/compressedDepth of image_transport',
        )
    if encoding not in (*COUNTS, *FLOATS):
        supported = ', '.join((*COUNTS, *FLOATS))
        raise BadFrame(
            'depth_encoding',
            f"unsupported depth encoding '{shorten(encoding)}'; supported: {supported}",
        )
    return encoding, codec.strip() or 'png'


def _read_values(data: bytes, codec: str, max_pixels: int) -> Values:
    return (_read_rvl if codec == 'rvl' else _read_png)(data, max_pixels)


def _read_png(data: bytes, max_pixels: int) -> Values:
    damaged = f'depth picture of {len(data)} bytes is no PNG; mend the publisher'
    if not data.startswith(PNG_SIGNATURE):
        raise BadFrame('depth_png', damaged)
    try:
        header = read_header(data, what='depth')
    except BadFrame as error:
        raise BadFrame('depth_png', str(error)) from error
    require_size(header.width, header.height, max_pixels, role='depth')
    if (header.bits, header.channels) != (16, 1):
        raise BadFrame(
            'depth_png_bits',
            f'depth PNG has {header.channels} channels of {header.bits} bits, not one of 16: its '
            'distances are lost; mend the publisher',
        )
    return decode_picture(data, header, cv2.IMREAD_UNCHANGED, role='depth')


def _read_rvl(data: bytes, max_pixels: int) -> Values:
    try:
        width, height = rvl.read_size(data)
        require_size(width, height, max_pixels, role='depth')
        return rvl.decode(data)
    except rvl.BadStream as error:
        raise BadFrame('depth_rvl', f'depth {error}; mend the publisher') from error
