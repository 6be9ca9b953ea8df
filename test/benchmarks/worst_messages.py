# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Run by test_decoder_fuzz: reads what is worst for each decoder, each in a process of its own."""

from __future__ import annotations

import array
from collections.abc import Callable
import json
import os
import struct
import sys
from typing import Any
import zlib

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image, PointCloud2, PointField

from benchmarks.decoder_fuzz import Meter, reads_of
from benchmarks.garbage import chunk
from promptda_ros.core.frame import BadFrame
from promptda_ros.core.settings.input import InputSettings

SIDE = 2000
COUNTS, QUANTISED = '16UC1; compressedDepth', bytes(12)


def message_of(data: bytes, text: str) -> CompressedImage:
    """Return a message of those bytes."""
    message = CompressedImage(format=text)
    message.data = array.array('B', data)
    return message


def png_of(packed: bytes, bits: int, colour: int, side: int = SIDE, beside: bytes = b'') -> bytes:
    """Return a PNG of packed rows."""
    head = struct.pack('>IIBBBBB', side, side, bits, colour, 0, 0, 0)
    parts = chunk(b'IHDR', head), beside, chunk(b'IDAT', packed), chunk(b'IEND', b'')
    return b'\x89PNG\r\n\x1a\n' + b''.join(parts)


def rows(bytes_a_pixel: int) -> bytes:
    """Return packed rows of zeros."""
    return zlib.compress(bytes(SIDE * (1 + bytes_a_pixel * SIDE)), 1)


def raw(encoding: str, bytes_a_pixel: int, fill: int = 7) -> Image:
    """Return an image of one value."""
    message = Image(height=SIDE, width=SIDE, encoding=encoding, step=SIDE * bytes_a_pixel)
    message.data = array.array('B', bytes([fill]) * (SIDE * SIDE * bytes_a_pixel))
    return message


def jpeg_of(progressive: int) -> CompressedImage:
    """Return a JPEG of noise with as much colour as grey."""
    pixels = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    how = [cv2.IMWRITE_JPEG_PROGRESSIVE, progressive]
    if hasattr(cv2, 'IMWRITE_JPEG_SAMPLING_FACTOR'):  # since OpenCV 4.7
        how += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111]
    return message_of(cv2.imencode('.jpg', pixels, how)[1].tobytes(), 'jpeg')


def long_chunk() -> CompressedImage:
    """Return a PNG of 57 bytes that claims one of 4 GiB."""
    data = png_of(b'x', 16, 0)
    place = data.index(b'IDAT') - 4
    claims = data[:place] + struct.pack('>I', 0xFF0001C5) + data[place + 4 :]
    return message_of(QUANTISED + claims, f'{COUNTS} png')


def many_texts() -> CompressedImage:
    """Return a PNG of 1 MiB whose texts unpack to 1 GiB."""
    text = chunk(b'zTXt', b'k\0\0' + zlib.compress(bytes(8 << 20)))
    return message_of(png_of(rows(1), 8, 0, beside=128 * text), 'png')


def zeros_of_rvl(side: int, length: int) -> CompressedImage:
    """Return a stream of runs without pixels."""
    data = QUANTISED + struct.pack('<II', side, side) + bytes(length)
    return message_of(data, f'{COUNTS} rvl')


def padded_points() -> PointCloud2:
    """Return float64 that does not lie at whole numbers of itself."""
    message = PointCloud2(height=SIDE, width=SIDE, point_step=24, row_step=SIDE * 24 + 5)
    message.fields = [
        PointField(name=name, offset=8 * place, datatype=8, count=1)
        for place, name in enumerate('xyz')
    ]
    message.data = array.array('B', b'?' * (SIDE * message.row_step))
    return message


MESSAGES: dict[str, Callable[[], Any]] = {
    'a chunk of 4 GiB': long_chunk,
    'rows that unpack to 400 MiB': lambda: message_of(
        png_of(zlib.compress(bytes(400 << 20)), 8, 0, 8), 'png'
    ),
    'texts that unpack to 1 GiB': many_texts,
    'grey of 16 bits': lambda: message_of(png_of(rows(2), 16, 0), 'png'),
    'colours of 16 bits with transparency': lambda: message_of(png_of(rows(8), 16, 6), 'png'),
    'depth in a PNG': lambda: message_of(png_of(rows(2), 16, 0), '16UC1; png compressed'),
    'a JPEG of all colours': lambda: jpeg_of(progressive=0),
    'a progressive JPEG of all colours': lambda: jpeg_of(progressive=1),
    'zeros of RVL': lambda: zeros_of_rvl(1, 8 << 20),
    'zeros of RVL as long as the pixels allow': lambda: zeros_of_rvl(SIDE, 4 * SIDE * SIDE),
    'colours of 16 bits': lambda: raw('bgr16', 6),
    'floats': lambda: raw('32FC1', 4, fill=62),
    'points of float64 in padded rows': padded_points,
}


def take(name: str, decoder: str, max_pixels: int) -> tuple[str, int]:
    """Return what became of a message, and the bytes that it took at the most."""
    message, meter = MESSAGES[name](), Meter()
    _, read = reads_of(InputSettings(max_pixels=max_pixels))[decoder]
    try:
        meter.run(0, read, message)
    except BadFrame as error:
        return error.reason, meter.most_bytes
    return 'read', meter.most_bytes


def in_own_process(name: str, decoder: str, max_pixels: int) -> Any:
    """Do it in a copy of this process, which has imported everything."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.write(writer, json.dumps(take(name, decoder, max_pixels)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        found = json.load(pipe)
    os.wait()
    return found


if __name__ == '__main__':
    worst = json.loads(sys.argv[1])
    found = {
        name: in_own_process(name, decoder, int(sys.argv[2]))
        for name, (decoder, _) in worst.items()
    }
    print(json.dumps(found))
