# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Image messages -> numpy arrays, as tests compare with; OpenCV does the colour work."""

from __future__ import annotations

from typing import Any

import cv2
from cv_bridge.encodings import Encoding, parse
import numpy as np
from sensor_msgs.msg import Image


class CvBridgeError(TypeError):
    """Say why an image cannot be converted."""


class CvBridge:
    """Convert image messages to OpenCV arrays."""

    def imgmsg_to_cv2(self, img_msg: Image, desired_encoding: str = 'passthrough') -> np.ndarray:
        """Return (H, W) or (H, W, C) in the desired encoding and the machine's byte order."""
        encoding = _known(img_msg.encoding)
        image = _pixels(img_msg, encoding)
        if desired_encoding == 'passthrough':
            return image
        return _convert(image, img_msg.encoding, desired_encoding)

    def encoding_to_dtype_with_channels(self, encoding: str) -> tuple[str, int]:
        """Return numpy's name of the numbers, and how many a pixel has."""
        known = _known(encoding)
        return known.dtype.name, known.channels


def _known(name: str) -> Encoding:
    encoding = parse(name)
    if encoding is None:
        raise CvBridgeError(f'Unrecognized image encoding [{name}]')
    return encoding


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
