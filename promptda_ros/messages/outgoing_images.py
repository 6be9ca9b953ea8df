# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pixels -> image messages; the other way is that of encodings.py and compressed_depth.py."""

from __future__ import annotations

import array
import sys

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from promptda_ros.messages.quantisation import CONFIG, quantisation

# Where fields are not checked, as from Jazzy on, assigning `data` copies the array that it is
# given; a message made with this keeps it. Older ones always check and know no such argument.
BY_REFERENCE = {'check_fields': True} if '_check_fields' in Image.__slots__ else {}
# What image_transport's own encoder takes unless it is told otherwise
QUANTIZATION = 100.0
DEPTH_AT_MOST_M = 10.0
# A scan line of depth has little that a slower search would find.
PNG_LEVEL = 1


def image_of(pixels: np.ndarray, header: Header, encoding: str) -> Image:
    """Return the message of pixels (H, W) or (H, W, channels) without padding."""
    height, width = pixels.shape[:2]
    message = Image(
        header=header,
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=int(sys.byteorder == 'big'),
        step=pixels.nbytes // height,
        **BY_REFERENCE,
    )
    message.data = bytes_of(pixels)
    return message


def encode_depth(depth: np.ndarray, header: Header) -> CompressedImage:
    """Build compressedDepth of depth (h, w): float32 in metres, or uint16 as it is; PNG inside.

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


def bytes_of(pixels: np.ndarray) -> array.array[int]:
    """Return the bytes, copied once, as the one type that a message takes without a loop."""
    data = array.array('B')
    data.frombytes(np.ascontiguousarray(pixels).data.cast('B'))
    return data
