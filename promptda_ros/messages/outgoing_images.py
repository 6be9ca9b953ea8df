# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pixels -> image messages; the other way is that of encodings.py and compressed_depth.py."""

from __future__ import annotations

import sys
from typing import Any

import cv2
import numpy as np

from promptda_ros.core.frame import ByteImage
from promptda_ros.messages.message_types import MessageTypes
from promptda_ros.messages.quantisation import CONFIG, quantisation

# What image_transport's own encoder takes unless it is told otherwise
QUANTIZATION = 100.0
DEPTH_AT_MOST_M = 10.0
# A scan line of depth has little that a slower search would find.
PNG_LEVEL = 1


def image_of(pixels: np.ndarray, header: Any, encoding: str, types: MessageTypes) -> Any:
    """Return the message of pixels (H, W) or (H, W, channels) without padding."""
    height, width = pixels.shape[:2]
    message = types.image(
        header=header,
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=int(sys.byteorder == 'big'),
        step=pixels.nbytes // height,
    )
    message.data = types.bytes_of(pixels)
    return message


def encode_picture(rgb: ByteImage, header: Any, types: MessageTypes) -> Any:
    """Build a JPEG of a picture (h, w, 3), named as image_transport names it."""
    _, jpeg = cv2.imencode('.jpg', cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    message = types.compressed_image(header=header, format='rgb8; jpeg compressed bgr8')
    message.data = types.bytes_of(jpeg)
    return message


def encode_depth(depth: np.ndarray, header: Any, types: MessageTypes) -> Any:
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
    message = types.compressed_image(header=header, format=text)
    message.data = types.bytes_of(np.frombuffer(config, np.uint8), png)
    return message
