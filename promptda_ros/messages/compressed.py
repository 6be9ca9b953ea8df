# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""JPEG and PNG, as sensor_msgs/CompressedImage and files have them -> pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TYPE_CHECKING

import cv2
import numpy as np

from promptda_ros.core.frame import BadFrame, ByteImage
from promptda_ros.core.peer_text import shorten
from promptda_ros.messages import jpeg, png
from promptda_ros.messages.encodings import bayer_to_rgb, LARGER, require_size

if TYPE_CHECKING:  # decoders take whatever has these fields, also where there is no ROS
    from sensor_msgs.msg import CompressedImage

# The driver's camera_info is for the pixels as they lie, not as a viewer turns them.
AS_STORED = cv2.IMREAD_IGNORE_ORIENTATION


@dataclass(frozen=True)
class Origin:
    """Where a picture comes from, in the words of a refusal."""

    what: str
    role: str = 'image'
    remedy: str = 'fix the publisher'
    larger: str = LARGER

    def refuse(self, kind: str, text: str, remedy: str = '') -> BadFrame:
        """Return the refusal of a picture."""
        return BadFrame(f'{self.role}_{kind}', f'{self.what} {text}; {remedy or self.remedy}')


@dataclass(frozen=True)
class UndecodedPicture:
    """A picture whose header was judged; its pixels are not decoded yet."""

    data: memoryview
    header: jpeg.Jpeg | png.PngHeader
    origin: Origin

    def decode(self, how: int) -> np.ndarray:
        """Return the pixels (H, W) or (H, W, channels) as OpenCV is told to read them.

        Raises:
            BadFrame: the picture is damaged.
        """
        try:
            if isinstance(self.header, png.PngHeader):
                return self._decode(png.unpack(self.data, self.header), how)
            scans = jpeg.read_scans(self.data, self.header)
            pixels = self._decode(self.data, how)
            if jpeg.is_cut(self.data, self.header, scans, pixels):
                raise jpeg.BadJpeg('lacks the end of its data, which would be grey')
        except (jpeg.BadJpeg, png.BadPng) as error:
            raise self._damaged(str(error)) from None
        return pixels

    def _decode(self, data: memoryview | bytearray, how: int) -> np.ndarray:
        pixels = decode_pixels(data, how)
        if pixels is None or pixels.shape[:2] != (self.header.height, self.header.width):
            raise self._damaged('OpenCV cannot decode it')
        return pixels

    def _damaged(self, why: str) -> BadFrame:
        return self.origin.refuse('data', f'is cut off or damaged ({len(self.data)} bytes): {why}')


def read_compressed_image(message: CompressedImage, *, max_pixels: int) -> ByteImage:
    """Return the picture as RGB (H, W, 3).

    Raises:
        BadFrame: it is no JPEG or PNG, damaged, or too large; the latter before it is decoded.
    """
    origin = Origin(f"image of format '{shorten(message.format)}'")
    encoding = message.format.partition(';')[0].strip()
    picture = open_picture(message.data, origin, max_pixels=max_pixels)
    if not encoding.startswith('bayer_'):
        return decode_colour(picture)
    if picture.header.channels != 1:  # what lies behind the picture is a mosaic
        raise origin.refuse('format', f'has {picture.header.channels} channels, a mosaic has one')
    return bayer_to_rgb(picture.decode(cv2.IMREAD_UNCHANGED | AS_STORED), encoding)


def decode_pixels(data: bytes | bytearray | memoryview, how: int) -> np.ndarray | None:
    """Return the pixels of a picture as OpenCV is told to read them; None if it can't."""
    try:
        pixels: np.ndarray | None = cv2.imdecode(np.frombuffer(data, np.uint8), how)
    except cv2.error:  # also of no data at all
        return None
    return pixels


def decode_colour(picture: UndecodedPicture) -> ByteImage:
    """Return a picture as RGB (H, W, 3).

    Raises:
        BadFrame: the picture is damaged.
    """
    bgr = picture.decode(cv2.IMREAD_COLOR | AS_STORED)
    rgb: ByteImage = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    return rgb


def open_picture(data: Any, origin: Origin, *, max_pixels: int) -> UndecodedPicture:
    """Return a JPEG or PNG picture before its pixels are decoded.

    Raises:
        BadFrame: it is neither, is too large, or ends within its header.
    """
    view = memoryview(data).cast('B')
    try:
        header = _read_header(view, origin)
    except (jpeg.BadJpeg, png.BadPng) as error:
        raise origin.refuse('data', str(error)) from None
    require_size(header.width, header.height, max_pixels, role=origin.role, larger=origin.larger)
    return UndecodedPicture(view, header, origin)


def _read_header(data: memoryview, origin: Origin) -> jpeg.Jpeg | png.PngHeader:
    if data[: len(png.SIGNATURE)] == png.SIGNATURE:
        return png.read_png_header(data)
    if data[: len(jpeg.SIGNATURE)] != jpeg.SIGNATURE:
        raise origin.refuse('format', 'is neither JPEG nor PNG', 'set its format to one of them')
    header = jpeg.read_jpeg_header(data)
    if header.channels == 4:
        text = 'is a JPEG of 4 channels (CMYK), whose colours mean ink'
        raise origin.refuse('format', text, 'publish RGB or grey')
    if header.bits != 8 or header.channels not in (1, 3):
        text = f'is a JPEG of {header.channels} channels of {header.bits} bits'
        raise origin.refuse('format', text, 'publish RGB or grey of 8 bits')
    return header
