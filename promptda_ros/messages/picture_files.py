# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Colour and depth from picture files, and pictures to files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import io
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from promptda_ros.core.errors import FileError
from promptda_ros.core.frame import BadFrame, ByteImage, FloatImage, Size
from promptda_ros.core.geometry.aspect import same_aspect
from promptda_ros.messages import jpeg, millimetres, png
from promptda_ros.messages.compressed import (
    AS_STORED,
    decode_colour,
    decode_pixels,
    open_picture,
    Origin,
)
from promptda_ros.messages.compressed_depth import read_counts

# Files are one's own: enough for any camera
PIXELS_AT_MOST = 500_000_000
REMEDY, SMALLER = 'save it again', 'make it smaller'
TIFF_BEGINS = (b'II*\0', b'MM\0*')


def read_image_file(path: Path) -> ByteImage:
    """Read a colour picture as RGB (H, W, 3), its pixels as they are stored.

    Depth and calibration belong to the pixels as the sensor wrote them: what EXIF says of how the
    camera was held turns nothing, here as in the node.

    Raises:
        FileError: there is no picture, or it is damaged.
    """
    data = _read(path)
    if data.startswith((png.SIGNATURE, jpeg.SIGNATURE)):
        with _naming(path):
            return decode_colour(open_picture(data, _origin('image'), max_pixels=PIXELS_AT_MOST))
    bgr = decode_pixels(data, cv2.IMREAD_COLOR | AS_STORED)
    if bgr is None:
        raise FileError(f'{path} is no image that can be read; save it as PNG or JPEG')
    image: ByteImage = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    return image


def read_depth_file(path: Path, scale_m: float = 0.0) -> FloatImage:
    """Read depth as metres (h, w), NaN unknown: PNG of 16 bits, TIFF, or .npy.

    `scale_m` is metres in one unit; 0 takes millimetres for whole numbers and metres for others.

    Raises:
        FileError: there is no such depth.
    """
    numbers = _read_array(path) if path.suffix == '.npy' else _read_picture(path)
    depth_m = millimetres.metres_of(numbers, scale_m).astype(np.float32)
    if numbers.dtype.kind == 'i':
        depth_m[numbers < 0] = np.nan  # where signed counts put what has no return
    return depth_m


def _read_picture(path: Path) -> np.ndarray:
    """Return the numbers (h, w) of a PNG of 16 bits, or of a TIFF of those or of floats."""
    data = _read(path)
    if data.startswith(png.SIGNATURE):
        with _naming(path):
            return read_counts(data, _origin('depth'), max_pixels=PIXELS_AT_MOST)
    if data.startswith(jpeg.SIGNATURE):
        raise FileError(
            f'{path} is a JPEG, which has lost distances to 8 bits; save the depth as 16-bit PNG'
        )
    is_tiff = data.startswith(TIFF_BEGINS)
    numbers = decode_pixels(data, cv2.IMREAD_UNCHANGED) if is_tiff else None
    if numbers is None:
        raise FileError(f'{path} is no depth picture; save it as 16-bit PNG or float32 TIFF')
    return _require_depth(path, numbers)


def _read_array(path: Path) -> np.ndarray:
    """Return the numbers (h, w) of a file of NumPy, of which nothing is read before its shape."""
    try:
        stored: np.ndarray = np.lib.format.open_memmap(path, mode='r')
    except OSError as error:
        raise FileError(f'{path} cannot be read: {error.strerror or error}') from None
    except (ValueError, EOFError) as error:
        raise FileError(f'{path} is no array of numbers ({error}); save it by np.save') from None
    if stored.ndim == 3 and stored.shape[0] == 1:
        stored = stored[0]
    elif stored.ndim == 3 and stored.shape[2] == 1:
        stored = stored[..., 0]
    return np.array(_require_depth(path, stored))


def _require_depth(path: Path, numbers: np.ndarray) -> np.ndarray:
    dtype, shape = numbers.dtype, 'x'.join(map(str, numbers.shape))
    if numbers.ndim != 2 or not 0 < numbers.size <= PIXELS_AT_MOST:
        raise FileError(f'{path} has {shape} numbers, not rows and columns of depth')
    if dtype.kind not in 'fiu' or dtype.itemsize == 1:
        raise FileError(
            f'{path} has numbers of type {dtype}, not 16-bit or float32 depth: in 8 bits '
            'distances are lost'
        )
    return numbers


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileError(f'{path} cannot be read: {error.strerror}') from None


def _origin(role: str) -> Origin:
    return Origin('it', role, REMEDY, SMALLER)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name the file in what is said of its picture."""
    try:
        yield
    except BadFrame as error:
        raise FileError(f'{path} cannot be read: {error}') from None


def require_files_of_same_view(
    image: Path, image_size: Size, depth: Path, depth_size: Size
) -> None:
    """Refuse the depth of another view, as sizes (height, width) show it.

    Raises:
        FileError: the aspect ratios differ.
    """
    if same_aspect(image_size, depth_size):
        return
    is_turned = same_aspect(image_size, depth_size[::-1])
    fix = 'turn one of them' if is_turned else 'crop the larger view to what both show'
    (height, width), (rows, columns) = image_size, depth_size
    raise FileError(
        f'{depth} has {columns}x{rows} pixels, not in the aspect ratio of the {width}x{height} of '
        f'{image}: depth would be shifted; {fix}, or name files of one view'
    )


def write_picture(path: Path, pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> None:
    """Write one or three channels, the latter as BGR, in the format of the suffix.

    Raises:
        OSError: the file can't be written; OpenCV itself would not say so.
    """
    _, encoded = cv2.imencode(path.suffix, pixels)
    path.write_bytes(encoded.tobytes())


def write_array(path: Path, values: npt.NDArray[np.generic]) -> None:
    """Write a .npy file.

    Raises:
        OSError: the file can't be written; NumPy itself would not say why.
    """
    content = io.BytesIO()
    np.save(content, values)
    path.write_bytes(content.getbuffer())
