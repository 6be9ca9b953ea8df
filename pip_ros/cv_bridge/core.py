# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Conversions between image messages and numpy arrays; OpenCV does the colour work."""

from __future__ import annotations

from typing import Any

import cv2
from cv_bridge.encodings import Encoding, parse
import numpy as np
import numpy.typing
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header


class CvBridgeError(TypeError):
    """Say why an image cannot be converted."""


class CvBridge:
    """Convert image messages to OpenCV arrays and back."""

    def imgmsg_to_cv2(self, img_msg: Image, desired_encoding: str = 'passthrough') -> np.ndarray:
        """Return (H, W) or (H, W, C) in the desired encoding and the machine's byte order."""
        encoding = _known(img_msg.encoding)
        image = _pixels(img_msg, encoding)
        if desired_encoding == 'passthrough':
            return image
        return _convert(image, img_msg.encoding, desired_encoding)

    def compressed_imgmsg_to_cv2(
        self, cmprs_img_msg: CompressedImage, desired_encoding: str = 'passthrough'
    ) -> np.ndarray:
        """Decode as OpenCV does (BGR, BGRA or grey); undecodable bytes pass through as None."""
        image = cv2.imdecode(np.frombuffer(cmprs_img_msg.data, np.uint8), cv2.IMREAD_UNCHANGED)
        if desired_encoding == 'passthrough':
            return image
        if image is None:
            raise CvBridgeError(
                f'{len(cmprs_img_msg.data)} bytes are no image that OpenCV can decode'
            )
        return _convert(image, 'bgr8', desired_encoding)

    def cv2_to_imgmsg(
        self, cvim: np.ndarray, encoding: str = 'passthrough', header: Header | None = None
    ) -> Image:
        """Copy (H, W) or (H, W, C) into a message; its type must be that of the encoding."""
        if not isinstance(cvim, np.ndarray):
            raise TypeError('Your input type is not a numpy array')
        content = _content_name(cvim)
        if encoding != 'passthrough' and _content_name(_known(encoding)) != content:
            raise CvBridgeError(f'encoding {encoding} was asked for, but the image is {content}')
        message = Image(height=cvim.shape[0], width=cvim.shape[1])
        message.encoding = content if encoding == 'passthrough' else encoding
        message.is_bigendian = int(cvim.dtype.byteorder == '>')
        message.data.frombytes(cvim.tobytes())
        message.step = len(message.data) // message.height
        if header is not None:
            message.header = header
        return message

    def cv2_to_compressed_imgmsg(
        self, cvim: np.ndarray, dst_format: str = 'jpg'
    ) -> CompressedImage:
        """Encode (H, W) or (H, W, C) in the order of OpenCV as a file of this ending."""
        if not isinstance(cvim, np.ndarray):
            raise TypeError('Your input type is not a numpy array')
        try:
            done, encoded = cv2.imencode(f'.{dst_format}', cvim)
        except cv2.error as error:
            raise CvBridgeError(f'OpenCV cannot encode as {dst_format}: {error}') from error
        if not done:
            raise CvBridgeError(f'OpenCV cannot encode {_content_name(cvim)} as {dst_format}')
        message = CompressedImage(format=dst_format)
        message.data.frombytes(encoded.tobytes())
        return message

    def encoding_to_dtype_with_channels(self, encoding: str) -> tuple[str, int]:
        """Return numpy's name of the numbers, and how many a pixel has."""
        known = _known(encoding)
        return known.dtype.name, known.channels

    def dtype_with_channels_to_cvtype2(self, dtype: np.typing.DTypeLike, n_channels: int) -> str:
        """Name numbers and channels as encodings do, for example 8UC3."""
        return _content_name(Encoding(np.dtype(dtype), n_channels))


def _known(name: str) -> Encoding:
    encoding = parse(name)
    if encoding is None:
        raise CvBridgeError(f'Unrecognized image encoding [{name}]')
    return encoding


def _content_name(image: np.ndarray | Encoding) -> str:
    """Name the number type and channels of an array or encoding, for example 8UC3."""
    if isinstance(image, Encoding):
        channels = image.channels
    else:
        channels = 1 if image.ndim < 3 else image.shape[2]
    letter = {'u': 'U', 'i': 'S', 'f': 'F'}[image.dtype.kind]
    return f'{image.dtype.itemsize * 8}{letter}C{channels}'


def _pixels(message: Image, encoding: Encoding) -> np.ndarray:
    """View the pixels of a message without the padding of its rows: (H, W) or (H, W, C)."""
    rows = message.height * 3 // 2 if encoding.planar else message.height
    row_bytes = message.width * encoding.channels * encoding.dtype.itemsize
    padded = np.ndarray((rows, message.step), np.uint8, buffer=message.data)
    stored = encoding.dtype.newbyteorder('>' if message.is_bigendian else '<')
    numbers = np.ascontiguousarray(padded[:, :row_bytes]).view(stored)
    shape = (rows, message.width, encoding.channels)[: 2 if encoding.channels == 1 else 3]
    return numbers.reshape(shape).astype(encoding.dtype, copy=False)


def _convert(image: np.ndarray, source: str, target: str) -> np.ndarray:
    """Change the order of the colours, then the number type."""
    if source == target:
        return image.copy()
    given, wanted = _known(source), _known(target)
    if not (given.colour and wanted.colour):
        _check_same_content(source, target)
        return _change_type(image, given, wanted)
    if given.colour != wanted.colour:
        try:
            image = cv2.cvtColor(image, _colour_code(given.colour, wanted.colour))
        except (AttributeError, cv2.error) as error:
            raise CvBridgeError(f'Unsupported conversion from [{source}] to [{target}]') from error
    return _change_type(image, given, wanted)


def _check_same_content(source: str, target: str) -> None:
    """Refuse conversions that would have to invent what the numbers mean."""
    given, wanted = _known(source), _known(target)
    if wanted.colour and not given.colour:
        raise CvBridgeError(f'[{source}] is not a color format. but [{target}] is')
    if given.channels != wanted.channels:
        raise CvBridgeError(f'[{source}] and [{target}] do not have the same number of channel')


def _colour_code(source: str, target: str) -> int:
    """Find OpenCV's number for a colour conversion; AttributeError where it has none."""
    if source in ('UYVY', 'YUY2', 'NV12', 'NV21'):
        name = f'COLOR_YUV2{target}_{source}'
    else:
        name = f'COLOR_{source}2{target}'
    code: Any = getattr(cv2, name)
    return int(code)


def _change_type(image: np.ndarray, given: Encoding, wanted: Encoding) -> np.ndarray:
    """Go to the wanted number type; full white stays full white between 8 and 16 bits."""
    if given.dtype == wanted.dtype:
        return image
    if (given.dtype, wanted.dtype) == (np.uint16, np.uint8):
        return cv2.convertScaleAbs(image, alpha=255 / 65535)  # without numbers of 8 bytes between
    scale = {(8, 16): 65535 / 255, (16, 8): 255 / 65535}.get((given.bits, wanted.bits), 1.0)
    if wanted.dtype.kind == 'f':
        return image.astype(wanted.dtype)
    limits = np.iinfo(wanted.dtype)
    return np.clip(np.rint(image * scale), limits.min, limits.max).astype(wanted.dtype)
