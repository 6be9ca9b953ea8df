# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Depth in CompressedImage messages -> metres.

compressedDepth is a header of 12 bytes and a picture of 16-bit values, PNG or RVL. Values of 16UC1
are the depth itself; those of 32FC1 are its quantised inverse, depth = A / (value - B), 0 unknown.
The other transport of image_transport, compressed, has a PNG of 16UC1 alone.
"""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import TYPE_CHECKING

import cv2

from promptda_ros.core.frame import BadFrame, FloatImage
from promptda_ros.core.peer_text import shorten
from promptda_ros.messages import millimetres, png, rvl
from promptda_ros.messages.compressed import open_picture, Origin
from promptda_ros.messages.encodings import require_size
from promptda_ros.messages.quantisation import CONFIG, Quantisation, Values

if TYPE_CHECKING:  # decoders take whatever has these fields, also where there is no ROS
    from sensor_msgs.msg import CompressedImage

# Between them lies what the farthest depth of a quantisation can be.
FARTHEST_M = (0.1, 10_000.0)
COUNTS = ('16UC1', 'mono16')
FLOATS = ('32FC1',)


COMPRESSED, COMPRESSED_DEPTH = 'compressed', 'compressedDepth'
DEPTH = Origin('depth', 'depth')


@dataclass(frozen=True)
class Form:
    """What the format of a message says of its data."""

    encoding: str
    transport: str
    codec: str


def decode_depth(message: CompressedImage, *, depth_scale: float, max_pixels: int) -> FloatImage:
    """Return depth (h, w) in metres, NaN unknown.

    A `depth_scale` of 0 takes the unit that REP 118 gives the encoding.

    Raises:
        BadFrame: the message is no depth, damaged, or too large; the latter before anything is
            allocated.
    """
    form = _parse_format(message.format)
    data = memoryview(message.data).cast('B')
    if form.transport == COMPRESSED:
        values = read_counts(data, DEPTH, max_pixels=max_pixels)
        return millimetres.metres_of(values, depth_scale)
    if len(data) < CONFIG.size:
        text = f'depth has {len(data)} bytes, less than the {CONFIG.size} of its header'
        raise BadFrame('depth_header', f'{text}; fix the publisher')
    kind, a, b = CONFIG.unpack_from(data)
    # Old encoders name no encoding, but leave A at 0 unless they quantise.
    is_counts = form.encoding in COUNTS if form.encoding else not a > 0
    if not is_counts:
        _require_quantisation(kind, a, b)
    read = _read_rvl if form.codec == 'rvl' else read_counts
    values = read(data[CONFIG.size :], DEPTH, max_pixels=max_pixels)
    numbers = values if is_counts else Quantisation(a, b).metres_of(values)
    return millimetres.metres_of(numbers, depth_scale)


def read_counts(data: object, origin: Origin, *, max_pixels: int) -> Values:
    """Return the 16-bit values (h, w) of a PNG.

    Raises:
        BadFrame: it is none, of other numbers, damaged, or too large.
    """
    view = memoryview(data).cast('B')  # type: ignore[arg-type]
    if view[: len(png.SIGNATURE)] != png.SIGNATURE:
        raise origin.refuse('png', f'({len(view)} bytes) is no PNG')
    picture = open_picture(view, origin, max_pixels=max_pixels)
    bits, channels = picture.header.bits, picture.header.channels
    if (bits, channels) != (16, 1):
        text = f'is a PNG of {channels} channels of {bits} bits, not one of 16: its distances'
        raise origin.refuse('png_bits', f'{text} are lost')
    return picture.decode(cv2.IMREAD_UNCHANGED)


def _parse_format(text: str) -> Form:
    """Return what a format such as '16UC1; compressedDepth rvl' says.

    Old ones name no codec, which is PNG then; an empty one names nothing.
    """
    encoding, _, rest = (part.strip() for part in text.partition(';'))
    transport, _, codec = (part.strip() for part in rest.partition(' '))
    if not text.strip():
        return Form('', COMPRESSED_DEPTH, 'png')
    if 'jpeg' in text or 'jpg' in text:
        raise BadFrame(
            'depth_jpeg',
            f"depth of format '{shorten(text)}' is a JPEG, which keeps 8 of its 16 bits: "
            'distances are lost; publish depth with the compressedDepth plugin of image_transport '
            'and set input.depth_transport:=compressedDepth',
        )
    if transport == 'png' and codec in ('', 'compressed'):
        form, known = Form(encoding, COMPRESSED, 'png'), [*COUNTS]
    elif transport == COMPRESSED_DEPTH and codec in ('', 'png', 'rvl'):
        form, known = Form(encoding, COMPRESSED_DEPTH, codec or 'png'), [*COUNTS, *FLOATS]
    else:
        raise BadFrame(
            'depth_format',
            f"depth format '{shorten(text)}' is not <encoding>; compressedDepth png or rvl, nor "
            '16UC1; png compressed; use the topic <depth>/compressedDepth of image_transport',
        )
    if encoding not in known:
        raise BadFrame(
            'depth_encoding',
            f"unsupported depth encoding '{shorten(encoding)}'; supported: {', '.join(known)}",
        )
    return form


def _require_quantisation(kind: int, a: float, b: float) -> None:
    """Refuse a header that no encoder writes: whatever it holds, there would be depth."""
    is_possible = kind == 0 and math.isfinite(a) and math.isfinite(b) and a > 0 and b < 1
    if is_possible and FARTHEST_M[0] <= a / (1.0 - b) <= FARTHEST_M[1]:
        return
    text = f'depth was quantised with A={a:g}, B={b:g} (kind {kind}), which no depth has'
    raise BadFrame('depth_header', f'{text}; fix the publisher')


def _read_rvl(data: memoryview, origin: Origin, *, max_pixels: int) -> Values:
    try:
        width, height = rvl.read_size(data)
        require_size(width, height, max_pixels, role=origin.role)
        return rvl.decode(data)
    except rvl.BadStream as error:
        raise origin.refuse('rvl', str(error)) from error
