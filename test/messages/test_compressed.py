# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""JPEG and PNG pictures are read in their colours, or refused before they do harm."""

from __future__ import annotations

import array
import io
import struct
import tracemalloc
import zlib

import cv2
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
from PIL import Image
import pytest
from sensor_msgs.msg import CompressedImage

from promptda_ros.core.frame import BadFrame
from promptda_ros.messages.compressed import read_compressed_image

MAX_PIXELS = 16_000_000


def message_of(data: bytes, text: str = 'rgb8; jpeg compressed bgr8') -> CompressedImage:
    """Return a message of those bytes."""
    message = CompressedImage(format=text)
    message.data = array.array('B', data)
    return message


def picture(height: int = 48, width: int = 64) -> np.ndarray:
    """Return smooth colours, which JPEG hardly changes, red to the right, blue downwards."""
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[..., 0] = np.linspace(0, 250, width)
    rgb[..., 1] = 60
    rgb[..., 2] = np.linspace(200, 20, height)[:, None]
    return rgb


def encoded(pixels: np.ndarray, kind: str) -> bytes:
    """Encode as OpenCV does, from RGB, RGBA or grey."""
    stored = pixels if pixels.ndim == 2 else pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]
    return cv2.imencode(kind, stored, [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes()


def read(data: bytes, text: str = 'jpeg') -> np.ndarray:
    """Read under the default limit."""
    return read_compressed_image(message_of(data, text), max_pixels=MAX_PIXELS)


def refusal(data: bytes, text: str = 'jpeg') -> BadFrame:
    """Return why it is refused."""
    with pytest.raises(BadFrame) as refused:
        read(data, text)
    return refused.value


def outcome(data: bytes) -> int | str:
    """Return the channels of what was read, or the reason why it was refused."""
    try:
        return read(data).shape[2]
    except BadFrame as refused:
        return refused.reason


def png_of(width: int, height: int, bits: int, colour: int, rows: bytes = b'') -> bytes:
    """Build a PNG by hand."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = zlib.crc32(name + content)
        return struct.pack('>I', len(content)) + name + content + struct.pack('>I', check)

    header = struct.pack('>IIBBBBB', width, height, bits, colour, 0, 0, 0)
    parts = ((b'IHDR', header), (b'IDAT', zlib.compress(rows)), (b'IEND', b''))
    return b'\x89PNG\r\n\x1a\n' + b''.join(chunk(*part) for part in parts)


@pytest.mark.parametrize('text', ['rgb8; jpeg compressed bgr8', 'jpeg', 'bgr8; jpeg ', ''])
def test_a_jpeg_is_read_in_its_colours(text):
    """C10: whatever the format says, the JPEG knows."""
    found = read(encoded(picture(), '.jpg'), text)
    assert (found.shape, found.dtype) == ((48, 64, 3), np.uint8)
    assert np.abs(found.astype(int) - picture()).max() <= 12
    assert np.abs(found.astype(int) - picture()).mean() <= 2


def test_a_progressive_jpeg_is_read():
    data = cv2.imencode('.jpg', picture(), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    assert read(data).shape == (48, 64, 3)


@pytest.mark.parametrize('height, width', [(1, 1), (479, 641), (13, 7)])
def test_a_png_is_read_bit_by_bit(height, width):
    """C1, C8: odd sizes too."""
    rgb = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    np.testing.assert_array_equal(read(encoded(rgb, '.png'), 'png'), rgb)


def test_transparency_and_sixteen_bits_mean_the_same_colours():
    """C1: at most one level off."""
    rgb = picture()
    wide = encoded(rgb.astype(np.uint16) * 257, '.png')
    assert np.abs(read(wide).astype(int) - rgb).max() <= 1
    transparent = np.dstack((rgb, np.full(rgb.shape[:2], 9, np.uint8)))
    np.testing.assert_array_equal(read(encoded(transparent, '.png')), rgb)


@pytest.mark.parametrize('kind', ['.jpg', '.png'])
def test_grey_is_rgb_with_equal_channels(kind):
    grey = picture()[..., 0]
    found = read(encoded(grey, kind))
    assert found.shape == (48, 64, 3)
    assert np.abs(found.astype(int) - grey[..., None]).max() <= 4


def test_a_mosaic_in_a_png_becomes_colours():
    """C1: Bayer cameras compress what they have."""
    colour = np.uint8([250, 10, 60])
    mosaic = np.empty((12, 16), np.uint8)
    mosaic[::2, ::2], mosaic[1::2, 1::2] = colour[0], colour[2]
    mosaic[::2, 1::2] = mosaic[1::2, ::2] = colour[1]
    found = read(encoded(mosaic, '.png'), 'bayer_rggb8; png compressed ')
    assert np.abs(found.astype(int) - colour).max() <= 1


def test_a_picture_is_not_turned_as_viewers_do():
    """camera_info is for the pixels as they lie."""
    plain = encoded(picture(), '.jpg')
    exif = b'Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06'
    exif += b'\x00\x00\x00\x00\x00\x00'
    segment = b'\xff\xe1' + struct.pack('>H', len(exif) + 2) + exif
    turned = plain[:2] + segment + plain[2:]
    np.testing.assert_array_equal(read(turned), read(plain))


@pytest.mark.parametrize('kind', ['.jpg', '.png'])
@pytest.mark.parametrize('kept', [0.999, 0.9, 0.5])
def test_a_picture_that_was_cut_off_is_refused(kind, kept):
    """C10: many versions of OpenCV would fill the rest with grey."""
    data = encoded(picture(480, 640), kind)
    refused = refusal(data[: int(len(data) * kept)])
    assert refused.reason == 'image_data'
    assert 'cut off or damaged' in str(refused)


@pytest.mark.parametrize('kind', ['.jpg', '.png'])
def test_a_picture_that_ends_within_its_header_is_refused(kind):
    """C10: at every byte."""
    data = encoded(picture(), kind)
    for length in range(160):
        assert refusal(data[:length]).reason in ('image_format', 'image_data')


@pytest.mark.parametrize('kind', ['.jpg', '.png'])
def test_what_follows_a_picture_does_not_matter(kind):
    """Some cameras fill their buffers up."""
    data = encoded(picture(), kind)
    np.testing.assert_array_equal(read(data + bytes(100)), read(data))


def test_a_jpeg_of_four_inks_is_refused():
    """C10: CMYK."""
    file = io.BytesIO()
    Image.fromarray(np.full((48, 64, 4), 90, np.uint8), 'CMYK').save(file, 'JPEG')
    refused = refusal(file.getvalue())
    assert refused.reason == 'image_format'
    assert 'CMYK' in str(refused)


@pytest.mark.parametrize('data', [b'', b'GIF89a' + bytes(50), b'RIFF' + bytes(50), bytes(500)])
def test_what_is_no_jpeg_is_refused_with_the_format(data):
    """C10: nothing but JPEG and PNG is given to a decoder."""
    refused = refusal(data, 'webp' * 100)
    assert refused.reason == 'image_format'
    assert 'neither JPEG nor PNG' in str(refused)
    assert len(str(refused)) < 300


@pytest.mark.parametrize('kind', ['.jpg', '.png'])
def test_a_bomb_is_refused_before_it_is_decoded(kind):
    """C10: a header of 60000x60000 in a few bytes."""
    if kind == '.png':
        data = png_of(60_000, 60_000, 8, 2)
    else:
        data = bytearray(encoded(picture(), '.jpg'))
        frame = data.index(b'\xff\xc0')
        data[frame + 5 : frame + 9] = struct.pack('>HH', 60_000, 60_000)
    tracemalloc.start()
    try:
        refused = refusal(bytes(data))
        allocated = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert refused.reason == 'image_size'
    assert '3600.0 Mpx > input.max_pixels 16.0 Mpx' in str(refused)
    assert allocated < 200_000


def test_the_limit_is_that_of_the_setting():
    message = message_of(encoded(picture(), '.jpg'))
    assert read_compressed_image(message, max_pixels=48 * 64).shape == (48, 64, 3)
    with pytest.raises(BadFrame, match=r'input\.max_pixels'):
        read_compressed_image(message, max_pixels=48 * 64 - 1)


@given(st.binary(max_size=200), st.sampled_from([b'', b'\xff\xd8\xff', b'\x89PNG\r\n\x1a\n']))
def test_any_bytes_are_read_or_refused_under_a_name(data, begin):
    """J1: nothing but BadFrame leaves the reader."""
    assert outcome(begin + data) in (3, 'image_format', 'image_data', 'image_size')


@given(st.integers(0, 600), st.integers(0, 255), st.sampled_from(['.jpg', '.png']))
def test_a_picture_with_one_wrong_byte_is_read_or_refused(place, value, kind):
    """J1: whatever the byte meant."""
    data = bytearray(encoded(picture(), kind))
    data[place % len(data)] = value
    assert outcome(bytes(data)) in (3, 'image_format', 'image_data', 'image_size')
