# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Image messages -> pixels: encodings, strides, endianness, units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from promptda_ros.core.frame import BadFrame, ByteImage, FloatImage
from promptda_ros.core.peer_text import shorten
from promptda_ros.messages import millimetres

if TYPE_CHECKING:  # decoders take whatever has these fields, also where there is no ROS
    from sensor_msgs.msg import CompressedImage, Image, PointCloud2

LARGER = 'set input.max_pixels if this is intended'


@dataclass(frozen=True)
class _Encoding:
    """How the bytes of one pixel lie, and what makes RGB of them."""

    dtype: str
    channels: int
    to_rgb: int | None = None  # of OpenCV; None: they are RGB


# OpenCV names a mosaic by the second and third pixel of its second row.
BAYER_PATTERNS = {
    'rggb': cv2.COLOR_BayerBG2RGB,
    'bggr': cv2.COLOR_BayerRG2RGB,
    'gbrg': cv2.COLOR_BayerGR2RGB,
    'grbg': cv2.COLOR_BayerGB2RGB,
}
# Encodings whose memory is already what is needed are numpy views.
_COLOUR = {
    'rgb8': _Encoding('u1', 3),
    'bgr8': _Encoding('u1', 3, cv2.COLOR_BGR2RGB),
    'rgba8': _Encoding('u1', 4, cv2.COLOR_RGBA2RGB),
    'bgra8': _Encoding('u1', 4, cv2.COLOR_BGRA2RGB),
    'mono8': _Encoding('u1', 1, cv2.COLOR_GRAY2RGB),
    '8UC1': _Encoding('u1', 1, cv2.COLOR_GRAY2RGB),
    'rgb16': _Encoding('u2', 3),
    'bgr16': _Encoding('u2', 3, cv2.COLOR_BGR2RGB),
    'mono16': _Encoding('u2', 1, cv2.COLOR_GRAY2RGB),
    'yuv422': _Encoding('u1', 2, cv2.COLOR_YUV2RGB_UYVY),
    'uyvy': _Encoding('u1', 2, cv2.COLOR_YUV2RGB_UYVY),
    'yuv422_yuy2': _Encoding('u1', 2, cv2.COLOR_YUV2RGB_YUY2),
    'yuyv': _Encoding('u1', 2, cv2.COLOR_YUV2RGB_YUY2),
    **{f'bayer_{each}8': _Encoding('u1', 1, to_rgb) for each, to_rgb in BAYER_PATTERNS.items()},
    **{f'bayer_{each}16': _Encoding('u2', 1, to_rgb) for each, to_rgb in BAYER_PATTERNS.items()},
    'nv12': _Encoding('u1', 1, cv2.COLOR_YUV2RGB_NV12),
    'nv21': _Encoding('u1', 1, cv2.COLOR_YUV2RGB_NV21),
}
_PLANAR = ('nv12', 'nv21')
_DEPTH = {
    '16UC1': _Encoding('u2', 1),
    'mono16': _Encoding('u2', 1),
    '32FC1': _Encoding('f4', 1),
}
_NUMBERS = {'mono8': _Encoding('u1', 1), '8UC1': _Encoding('u1', 1), **_DEPTH}


def read_image(message: Image, *, max_pixels: int) -> ByteImage:
    """Return the image as RGB (H, W, 3), a view of the message where its memory allows.

    Raises:
        BadFrame: the message contradicts itself, is too large, or has an unknown encoding.
    """
    encoding = _encoding_of(message, _COLOUR, role='image', max_pixels=max_pixels)
    is_planar = message.encoding in _PLANAR
    pixels = _planes(message) if is_planar else _pixels(message, encoding)
    return pixels if message.encoding == 'rgb8' else _rgb_of(pixels, encoding, message.encoding)


def read_depth(message: Image, *, depth_scale: float, max_pixels: int) -> FloatImage:
    """Return depth (h, w) in metres; what is no measurement keeps its value or becomes NaN.

    A `depth_scale` of 0 takes the unit that REP 118 gives the encoding.

    Raises:
        BadFrame: the message contradicts itself, is too large, or has an unknown encoding.
    """
    encoding = _encoding_of(message, _DEPTH, role='depth', max_pixels=max_pixels)
    return millimetres.metres_of(_pixels(message, encoding, role='depth'), depth_scale)


def read_numbers(message: Image, *, role: str, max_pixels: int) -> np.ndarray:
    """Return the numbers (h, w) of an image that is neither colour nor depth, such as a mask.

    Raises:
        BadFrame: the message contradicts itself, is too large, or has an unknown encoding.
    """
    encoding = _encoding_of(message, _NUMBERS, role=role, max_pixels=max_pixels)
    return _pixels(message, encoding, role=role)


def surplus_bytes(message: Image | CompressedImage | PointCloud2) -> int:
    """Return how many bytes an image has beyond its rows; negative where some are missing."""
    if not hasattr(message, 'encoding') or message.step == 0:  # then the length says the step
        return 0
    planes = 3 if message.encoding in _PLANAR else 2  # in half images
    return len(message.data) - int(message.height * planes // 2 * message.step)


def require_size(
    width: int, height: int, max_pixels: int, *, role: str, larger: str = LARGER
) -> None:
    """Refuse a picture without pixels, or with more than the limit, before it is allocated.

    Raises:
        BadFrame: it is empty or too large.
    """
    if width == 0 or height == 0:
        raise BadFrame(
            f'{role}_size', f'{role} is {width}x{height}: it has no pixels; fix the publisher'
        )
    if width * height > max_pixels:
        raise BadFrame(
            f'{role}_size',
            f'{role} {width}x{height} has {width * height / 1e6:.1f} Mpx > input.max_pixels '
            f'{max_pixels / 1e6:.1f} Mpx; {larger}',
        )


def bayer_to_rgb(mosaic: np.ndarray, encoding: str) -> ByteImage:
    """Return RGB (H, W, 3) of a mosaic (H, W) of an encoding such as bayer_rggb8.

    Raises:
        BadFrame: there is no such mosaic of these numbers.
    """
    known = _COLOUR.get(encoding) if encoding.startswith('bayer_') else None
    if known is None or mosaic.ndim != 2 or mosaic.dtype != np.dtype(known.dtype):
        text = f"no mosaic '{shorten(encoding)}' is made of {mosaic.dtype} {mosaic.shape}"
        raise BadFrame('image_encoding', f'{text}; fix the publisher')
    return _rgb_of(mosaic, known, encoding)


def _encoding_of(
    message: Image, known: Mapping[str, _Encoding], *, role: str, max_pixels: int
) -> _Encoding:
    """Return the encoding of a message of a possible size."""
    require_size(message.width, message.height, max_pixels, role=role)
    if message.encoding not in known:
        raise BadFrame(
            f'{role}_encoding',
            f"unsupported {role} encoding '{shorten(message.encoding)}'; "
            f'supported: {", ".join(known)}',
        )
    return known[message.encoding]


def _rows(message: Image, *, row_bytes: int, rows: int, role: str = 'image') -> np.ndarray:
    """Return the bytes of the pixels (rows, row_bytes), a view without the padding.

    Strides and lengths that don't hold the pixels are refused; the type support checks nothing.
    """
    step = int(message.step)
    if step == 0 or rows > message.height:
        step = _implied_step(message, row_bytes=row_bytes, rows=rows)
    if step < row_bytes:
        raise BadFrame(
            f'{role}_step',
            f'{role} step {step} < {row_bytes} bytes for {message.width} pixels of '
            f'{shorten(message.encoding)}; fix the publisher',
        )
    if len(message.data) < rows * step:
        raise BadFrame(
            f'{role}_data',
            f'{role} has {len(message.data)} bytes < {rows * step} for {rows} rows of '
            f'{step}; fix the publisher',
        )
    data = np.frombuffer(message.data, np.uint8, count=rows * step)
    return data.reshape(rows, step)[:, :row_bytes]


def _implied_step(message: Image, *, row_bytes: int, rows: int) -> int:
    """Return the step, or what it must have been where the length of the data leaves no doubt."""
    length = len(message.data)
    if message.step == 0 and length == rows * row_bytes:
        return row_bytes  # simulators leave it out
    is_planar = rows > message.height
    if is_planar and message.step == 2 * row_bytes and length == message.height * message.step:
        return row_bytes  # their colours were counted as a second byte of every pixel
    return int(message.step)


def _pixels(message: Image, encoding: _Encoding, *, role: str = 'image') -> np.ndarray:
    """Return the pixels (H, W) or (H, W, channels) in this machine's byte order."""
    dtype = np.dtype(encoding.dtype).newbyteorder('>' if message.is_bigendian else '<')
    row_bytes = message.width * encoding.channels * dtype.itemsize
    rows = _rows(message, row_bytes=row_bytes, rows=message.height, role=role)
    if rows.strides[0] % dtype.itemsize:
        rows = np.ascontiguousarray(rows)
    values = rows.view(dtype).astype(dtype.newbyteorder('='), copy=False)
    if encoding.channels == 1:
        return values
    return values.reshape(message.height, message.width, encoding.channels)


def _rgb_of(pixels: np.ndarray, encoding: _Encoding, name: str) -> ByteImage:
    """Return RGB (H, W, 3) of 8 bits, a view where the pixels are that already."""
    if encoding.to_rgb is not None:
        try:
            pixels = cv2.cvtColor(pixels, encoding.to_rgb)
        except cv2.error as error:  # as of packed YUV with an odd width
            size = f'{pixels.shape[1]}x{pixels.shape[0]}'
            text = f'OpenCV makes no RGB of {name} with {size} pixels; fix the publisher'
            raise BadFrame('image_size', text) from error
    # After the colours, as cv_bridge does: a mosaic is interpolated with all of its bits.
    return cv2.convertScaleAbs(pixels, alpha=255 / 65535) if encoding.dtype == 'u2' else pixels


def _planes(message: Image) -> np.ndarray:
    """Return a brightness plane with a half as high plane of colours below it (3 H / 2, W)."""
    if message.width % 2 or message.height % 2:
        size = f'{message.width}x{message.height}'
        raise BadFrame('image_size', f'{message.encoding} image {size} has an odd side')
    return _rows(message, row_bytes=message.width, rows=message.height * 3 // 2)
