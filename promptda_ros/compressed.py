# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""JPEG and PNG pictures in sensor_msgs/CompressedImage -> pixels; headers are judged first."""

from __future__ import annotations

from dataclasses import dataclass
import struct

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage

from promptda_ros.core.frame import BadFrame, ByteImage
from promptda_ros.core.peer_text import shorten
from promptda_ros.encodings import image_of, read_image, require_size

PNG_SIGNATURE = b'\x89PNG\r\n\x1a\n'
PNG_END = b'\x00\x00\x00\x00IEND\xaeB`\x82'
JPEG_SIGNATURE = b'\xff\xd8\xff'
JPEG_END = b'\xff\xd9'
# Start of frame, which has the size, in every coding: baseline, progressive, arithmetic ...
JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
JPEG_SCAN = 0xDA
# The driver's camera_info is for the pixels as they lie, not as a viewer turns them.
AS_STORED = cv2.IMREAD_IGNORE_ORIENTATION


@dataclass(frozen=True)
class PictureHeader:
    """What a picture says of itself before it is decoded."""

    width: int
    height: int
    bits: int  # of one channel
    channels: int
    is_complete: bool  # the mark that ends the picture is there


def read_compressed_image(message: CompressedImage, *, max_pixels: int) -> ByteImage:
    """Return the picture as RGB (H, W, 3).

    Raises:
        BadFrame: it is no JPEG or PNG, damaged, or too large; the latter before it is decoded.
    """
    data = bytes(message.data)
    header = read_header(data, what=f"image of format '{shorten(message.format)}'")
    require_size(header.width, header.height, max_pixels, role='image')
    if header.channels == 4 and data.startswith(JPEG_SIGNATURE):
        text = 'image is a JPEG of 4 channels (CMYK), whose colours mean ink; publish RGB or grey'
        raise BadFrame('image_format', text)
    encoding = message.format.partition(';')[0].strip()
    if encoding.startswith('bayer_'):  # what lies behind the picture is a mosaic
        mosaic = decode_picture(data, header, cv2.IMREAD_UNCHANGED | AS_STORED, role='image')
        return read_image(image_of(mosaic, message.header, encoding), max_pixels=max_pixels)
    picture = decode_picture(data, header, cv2.IMREAD_COLOR | AS_STORED, role='image')
    found: ByteImage = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    return found


def read_header(data: bytes, *, what: str) -> PictureHeader:
    """Return the header of a JPEG or PNG picture; `what` begins the sentence of a refusal.

    Raises:
        BadFrame: it is neither, or ends within the header.
    """
    try:
        if data.startswith(PNG_SIGNATURE):
            return _png_header(data)
        if data.startswith(JPEG_SIGNATURE):
            return _jpeg_header(data)
    except (struct.error, IndexError):
        text = f'{what} ends within its header ({len(data)} bytes); mend the publisher'
        raise BadFrame('image_data', text) from None
    raise BadFrame(
        'image_format', f'{what} is neither JPEG nor PNG; set its format to one of them'
    )


def decode_picture(data: bytes, header: PictureHeader, how: int, *, role: str) -> np.ndarray:
    """Decode a picture whose header was judged: (H, W) or (H, W, channels).

    Raises:
        BadFrame: the picture is damaged.
    """
    text = f'{role} picture of {len(data)} bytes is cut off or damaged; mend the publisher'
    # Most versions of OpenCV fill what is missing with grey and say nothing.
    if not header.is_complete:
        raise BadFrame(f'{role}_data', text)
    try:
        picture: np.ndarray | None = cv2.imdecode(np.frombuffer(data, np.uint8), how)
    except cv2.error:
        picture = None
    if picture is None or picture.shape[:2] != (header.height, header.width):
        raise BadFrame(f'{role}_data', text)
    return picture


def _png_header(data: bytes) -> PictureHeader:
    # Signature, then IHDR: length, name, width, height, bits, kind of colour
    width, height, bits, colour = struct.unpack_from('>IIBB', data, 16)
    channels = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}.get(colour, 0)
    return PictureHeader(width, height, bits, channels, is_complete=PNG_END in data)


def _jpeg_header(data: bytes) -> PictureHeader:
    """Walk from segment to segment, each a marker and its length, to the frame and the scan."""
    place, frame = 2, None
    while True:
        while data[place + 1] == 0xFF:  # markers may be padded
            place += 1
        marker, length = data[place + 1], struct.unpack_from('>H', data, place + 2)[0]
        if data[place] != 0xFF or length < 2:
            raise IndexError
        if marker in JPEG_FRAMES:
            frame = struct.unpack_from('>BHHB', data, place + 4)
        place += 2 + length
        if marker == JPEG_SCAN and frame is not None:
            bits, height, width, channels = frame
            is_complete = data.find(JPEG_END, place) >= 0
            return PictureHeader(width, height, bits, channels, is_complete=is_complete)
