# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Messages that drivers never send: valid ones spoilt in every field and every byte."""

from __future__ import annotations

import array
from collections.abc import Callable
import struct
from typing import Any, TypeAlias
import zlib

import cv2
import numpy as np
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2, PointField
from std_msgs.msg import Header

Rng: TypeAlias = np.random.Generator
Maker: TypeAlias = Callable[[Rng], Any]

HEIGHT, WIDTH = 24, 32
SIZES = (0, 1, 2, 3, HEIGHT, WIDTH, WIDTH * 2, WIDTH * 3, 255, 1000, 4000, 65535, 2**31, 2**32 - 1)
NUMBERS = (0.0, -0.0, 1.0, -1.0, 500.0, 1e-300, 1e300, 1e30, 5e-324, np.inf, -np.inf, np.nan)
TEXTS = ('', 'rgb8', '16UC1', '32FC1', 'camera', 'x' * 5000, 'a\nb', '\x1b[31m', '\u202e', '/a/b')
COLOURS = {'rgb8': 3, 'bgr8': 3, 'rgba8': 4, 'bgra8': 4, 'mono8': 1, '8UC1': 1, 'yuv422': 2}
COLOURS |= {'yuyv': 2, 'uyvy': 2, 'bayer_rggb8': 1, 'nv12': 1, 'nv21': 1}
WIDE = {'rgb16': 3, 'bgr16': 3, 'mono16': 1, 'bayer_gbrg16': 1}
MODELS = ('plumb_bob', 'rational_polynomial', 'equidistant', 'fisheye', '', 'Plumb Bob')
PNG_BEGINS, JPEG_ENDS = b'\x89PNG\r\n\x1a\n', b'\xff\xd9'


def pick(rng: Rng, values: Any) -> Any:
    """Return one of the values."""
    return values[int(rng.integers(len(values)))]


def spoil(data: bytes, rng: Rng) -> bytes:
    """Return bytes that were damaged in one to three ways."""
    for _ in range(int(rng.integers(1, 4))):
        data = pick(rng, SPOILERS)(data, rng)
    return data


def _flip(data: bytes, rng: Rng) -> bytes:
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 9)) if data else 0):
        changed[int(rng.integers(len(data)))] = int(rng.integers(256))
    return bytes(changed)


def _cut(data: bytes, rng: Rng) -> bytes:
    return data[: int(rng.integers(len(data) + 1))]


def _cut_and_end(data: bytes, rng: Rng) -> bytes:
    return _cut(data, rng) + (JPEG_ENDS if rng.random() < 0.5 else chunk(b'IEND', b''))


def _repeat(data: bytes, rng: Rng) -> bytes:
    begin, end = sorted(int(rng.integers(len(data) + 1)) for _ in range(2))
    return data[:end] + data[begin:end] * int(rng.integers(0, 40)) + data[end:]


def _lose(data: bytes, rng: Rng) -> bytes:
    begin, end = sorted(int(rng.integers(len(data) + 1)) for _ in range(2))
    return data[:begin] + data[end:]


def _number(data: bytes, rng: Rng) -> bytes:
    place = int(rng.integers(len(data) + 1))
    form = pick(rng, ('<I', '>I'))
    return data[:place] + struct.pack(form, pick(rng, SIZES)) + data[place + 4 :]


def _noise(data: bytes, rng: Rng) -> bytes:
    return data[: int(rng.integers(40))] + rng.bytes(int(rng.integers(400)))


def _same(data: bytes, _rng: Rng) -> bytes:
    return data


SPOILERS = (_flip, _cut, _cut_and_end, _repeat, _lose, _number, _noise, _same)


# Pictures


def jpeg(rng: Rng) -> bytes:
    """Return a JPEG, baseline or progressive, with restarts or none, of a size that may lie."""
    pixels = rng.integers(0, 256, (HEIGHT, WIDTH, pick(rng, (1, 3))), dtype=np.uint8)
    how = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(1, 101))]
    how += [cv2.IMWRITE_JPEG_PROGRESSIVE, int(rng.integers(2))]
    how += [cv2.IMWRITE_JPEG_RST_INTERVAL, pick(rng, (0, 0, 1, 3))]
    data = bytearray(cv2.imencode('.jpg', pixels, how)[1].tobytes())
    if rng.random() < 0.2:
        frame = next(place for place in map(data.find, (b'\xff\xc0', b'\xff\xc2')) if place >= 0)
        size = pick(rng, SIZES[:12]), pick(rng, SIZES[:12])
        data[frame + 5 : frame + 9] = struct.pack('>HH', *size)
    return bytes(data)


def png(rng: Rng, *, bits: int | None = None, colour: int | None = None) -> bytes:
    """Return a PNG of rows that may be of another size; its check sums are right."""
    colour = pick(rng, (0, 2, 3, 4, 6)) if colour is None else colour
    bits = pick(rng, (1, 2, 4, 8, 16)) if bits is None else bits
    width, height = pick(rng, SIZES[:12]), pick(rng, SIZES[:12])
    if rng.random() < 0.6:
        width, height = WIDTH, HEIGHT
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    length = height * (1 + (width * bits * channels + 7) // 8)
    rows = bytes(min(length, 10**6))
    if rng.random() < 0.7 and 0 < length < 10**6:
        lines = rng.integers(0, 256, (height, length // height), dtype=np.uint8)
        lines[:, 0] %= 5  # filters
        rows = lines.tobytes()
    header = struct.pack('>IIBBBBB', width, height, bits, colour, 0, 0, pick(rng, (0, 0, 0, 1)))
    chunks = [chunk(b'IHDR', header)]
    if colour == 3 or rng.random() < 0.1:
        chunks.append(chunk(b'PLTE', rng.bytes(3 * int(rng.integers(1, 300)))))
    if rng.random() < 0.1:
        chunks.append(chunk(b'zTXt', b'k\0\0' + zlib.compress(bytes(10**6))))
    if rng.random() < 0.1:
        rows += bytes(10**6)
    packed = zlib.compress(rows)
    if rng.random() < 0.1:
        packed = spoil(packed, rng)
    step = max(1, len(packed) // int(rng.integers(1, 5)))
    chunks += [chunk(b'IDAT', packed[at : at + step]) for at in range(0, len(packed), step)]
    return PNG_BEGINS + b''.join(chunks) + chunk(b'IEND', b'')


def rvl(rng: Rng) -> bytes:
    """Return a stream of numbers as RVL writes them, of a size that may lie."""
    numbers, left = [], HEIGHT * WIDTH
    while left > 0:
        unknown = int(rng.integers(0, min(left, 50) + 1))
        known = int(rng.integers(0, min(left - unknown, 200) + 1))
        numbers += [unknown, known, *(2 * rng.integers(0, 30, known)).tolist()]
        left -= unknown + known
    nibbles: list[int] = []
    for number in numbers:
        while True:
            low, number = number & 7, number >> 3
            nibbles.append(low | (8 if number else 0))
            if not number:
                break
    nibbles += [0] * (-len(nibbles) % 8)
    packed = np.array(nibbles, np.uint8).reshape(-1, 2)
    words = (packed[:, 0] << 4 | packed[:, 1]).astype(np.uint8).tobytes()
    stream = np.frombuffer(words, '>u4').astype('<u4').tobytes()
    size = (WIDTH, HEIGHT) if rng.random() < 0.8 else (pick(rng, SIZES), pick(rng, SIZES))
    return struct.pack('<II', *size) + stream


def chunk(name: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG with its check sum."""
    check = zlib.crc32(name + content)
    return struct.pack('>I', len(content)) + name + content + struct.pack('>I', check)


# Messages


def raw(rng: Rng, channels_of: dict[str, int], dtype: str, encoding: str = '') -> Image:
    """Return an image whose fields may lie."""
    encoding = encoding or pick(rng, list(channels_of))
    rows = HEIGHT * 3 // 2 if encoding.startswith('nv') else HEIGHT
    step = WIDTH * channels_of.get(encoding, 1) * np.dtype(dtype).itemsize
    message = Image(
        header=header(rng), height=HEIGHT, width=WIDTH, encoding=encoding, step=step,
        is_bigendian=pick(rng, (0, 0, 1, 7)),
    )  # fmt: skip
    data = _numbers(rng, rows * step, dtype)
    for field in ('height', 'width', 'step'):
        if rng.random() < 0.1:
            setattr(message, field, pick(rng, SIZES))
    if rng.random() < 0.1:
        message.encoding = pick(rng, TEXTS)
    message.data = array.array('B', spoil(data, rng) if rng.random() < 0.3 else data)
    return message


def compressed(data: bytes, format_: str, rng: Rng) -> CompressedImage:
    """Return a message of bytes that were spoilt or not."""
    if rng.random() < 0.1:
        format_ = pick(rng, TEXTS)
    message = CompressedImage(header=header(rng), format=format_)
    message.data = array.array('B', spoil(data, rng) if rng.random() < 0.6 else data)
    return message


def compressed_depth(data: bytes, codec: str, rng: Rng) -> CompressedImage:
    """Return compressedDepth, counts or quantised, with a header that may lie."""
    config = (0, 10100.0, -1009.0)
    if rng.random() < 0.2:
        with np.errstate(over='ignore'):
            values = np.array([pick(rng, NUMBERS), pick(rng, NUMBERS)]).astype(np.float32)
            config = pick(rng, (0, -1)), *values.tolist()
    encoding = pick(rng, ('16UC1', '32FC1', 'mono16', ''))
    format_ = f'{encoding}; compressedDepth {codec}' if encoding else ''
    return compressed(struct.pack('<iff', *config) + data, format_, rng)


def cloud(rng: Rng) -> PointCloud2:
    """Return a cloud whose fields may lie."""
    point_step = pick(rng, (12, 16, 20, 32))
    message = PointCloud2(
        header=header(rng), height=HEIGHT, width=WIDTH, point_step=point_step,
        row_step=point_step * WIDTH, is_bigendian=bool(rng.random() < 0.1), is_dense=True,
    )  # fmt: skip
    for place, name in enumerate('xyz' if rng.random() < 0.9 else ('x', 'x', pick(rng, TEXTS))):
        field = PointField(name=name, offset=4 * place, datatype=7, count=1)
        if rng.random() < 0.05:
            field.offset, field.datatype = pick(rng, SIZES), int(rng.integers(256))
            field.count = pick(rng, SIZES)
        message.fields.append(field)
    for field_name in ('height', 'width', 'point_step', 'row_step'):
        if rng.random() < 0.08:
            setattr(message, field_name, pick(rng, SIZES))
    data = _numbers(rng, HEIGHT * WIDTH * point_step, 'f4')
    message.data = array.array('B', spoil(data, rng) if rng.random() < 0.3 else data)
    return message


def camera_info(rng: Rng, *, height: int = HEIGHT, width: int = WIDTH) -> CameraInfo:
    """Return a camera_info with some fields of any number."""
    k = [float(width), 0.0, width / 2, 0.0, float(width), height / 2, 0.0, 0.0, 1.0]
    message = CameraInfo(
        header=header(rng), height=height, width=width, distortion_model=pick(rng, MODELS),
        k=k, r=np.eye(3).ravel().tolist(), p=[*k[:3], 0.0, *k[3:6], 0.0, *k[6:], 0.0],
        d=[pick(rng, (0.0, 0.1, *NUMBERS)) for _ in range(int(rng.integers(0, 16)))],
    )  # fmt: skip
    for name in ('k', 'r', 'p'):
        if rng.random() < 0.3:
            values = list(getattr(message, name))
            values[int(rng.integers(len(values)))] = pick(rng, NUMBERS)
            setattr(message, name, values)
    for name in ('height', 'width', 'binning_x', 'binning_y'):
        if rng.random() < 0.1:
            setattr(message, name, pick(rng, SIZES))
    if rng.random() < 0.2:
        for name in ('x_offset', 'y_offset', 'height', 'width'):
            setattr(message.roi, name, pick(rng, SIZES))
    return message


def header(rng: Rng) -> Header:
    """Return a header without a stamp, whose frame is mostly that of the camera."""
    return Header(frame_id='camera' if rng.random() < 0.97 else pick(rng, TEXTS))


def _numbers(rng: Rng, length: int, dtype: str) -> bytes:
    if dtype != 'f4':
        return rng.bytes(length)
    metres = rng.uniform(0.3, 3.0, length // 4).astype('f4')
    if rng.random() < 0.3:
        with np.errstate(over='ignore'):
            metres[rng.random(metres.size) < 0.3] = np.float32(pick(rng, NUMBERS))
    return metres.tobytes()


# By what reads them; images and depth of every transport
IMAGES: dict[str, Maker] = {
    'raw image': lambda rng: raw(rng, COLOURS, 'u1'),
    'raw image of 16 bits': lambda rng: raw(rng, WIDE, 'u2'),
    'JPEG': lambda rng: compressed(jpeg(rng), 'rgb8; jpeg compressed bgr8', rng),
    'PNG': lambda rng: compressed(png(rng), 'rgb8; png compressed', rng),
    'mosaic in PNG': lambda rng: compressed(
        png(rng, bits=pick(rng, (8, 16)), colour=0),
        f'bayer_rggb{pick(rng, (8, 16))}; png compressed', rng
    ),
}  # fmt: skip
DEPTHS: dict[str, Maker] = {
    'raw depth': lambda rng: raw(rng, {'32FC1': 1}, 'f4'),
    'raw depth of 16 bits': lambda rng: raw(rng, {'16UC1': 1, 'mono16': 1}, 'u2'),
    'PNG of depth': lambda rng: compressed(
        png(rng, bits=16, colour=0), '16UC1; png compressed', rng
    ),
    'compressedDepth PNG': lambda rng: compressed_depth(png(rng, bits=16, colour=0), 'png', rng),
    'compressedDepth RVL': lambda rng: compressed_depth(rvl(rng), 'rvl', rng),
}
POINTS: dict[str, Maker] = {'points': cloud}
NUMBERS_OF_PIXELS: dict[str, Maker] = {
    'mask': lambda rng: raw(rng, {'mono8': 1, '8UC1': 1}, 'u1'),
}
INFOS: dict[str, Maker] = {'camera_info': camera_info}
# The transports that take turns: what the images and the depth of the bad camera are
TURNS = (
    ('raw', 'raw', ('raw image', 'raw image of 16 bits'), ('raw depth', 'raw depth of 16 bits')),
    ('compressed', 'compressedDepth', ('JPEG', 'PNG', 'mosaic in PNG'), ('compressedDepth PNG',)),
    ('compressed', 'compressedDepth', ('JPEG',), ('compressedDepth RVL',)),
    ('raw', 'points', ('raw image',), ('points',)),
    ('compressed', 'compressed', ('PNG', 'JPEG'), ('PNG of depth',)),
)
SUFFIX = {
    'raw': '',
    'points': '',
    'compressed': '/compressed',
    'compressedDepth': '/compressedDepth',
}


def camera(turn: int, rng: Rng) -> dict[str, Any]:
    """Return one message of every topic of a camera, in the transport of a turn."""
    image_form, depth_form, images, depths = TURNS[turn]
    made = {
        f'image{SUFFIX[image_form]}': IMAGES[pick(rng, images)],
        f'depth{SUFFIX[depth_form]}': {**DEPTHS, **POINTS}[pick(rng, depths)],
        'camera_info': camera_info,
        'depth_camera_info': camera_info,
        'mask': NUMBERS_OF_PIXELS['mask'],
        'confidence': NUMBERS_OF_PIXELS['mask'],
    }
    return {topic: make(rng) for topic, make in made.items()}
