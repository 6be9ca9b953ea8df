# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Colour and depth from picture files, and pictures to files."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from promptda_ros import millimetres
from promptda_ros.core.errors import FileError
from promptda_ros.core.frame import ByteImage, FloatImage


def read_image(path: Path) -> ByteImage:
    """Read a colour picture as RGB (H, W, 3).

    Raises:
        FileError: there is no picture.
    """
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise FileError(f'{path} is no image that can be read')
    image: ByteImage = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    return image


def read_depth(path: Path, scale_m: float) -> FloatImage:
    """Read a 16-bit picture of counts of `scale_m` as metres (h, w), NaN unknown.

    Raises:
        FileError: there is no such picture.
    """
    counts = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if counts is None or counts.dtype != np.uint16 or counts.ndim != 2:
        raise FileError(f'{path} is no 16-bit depth picture: those of 8 bits have lost the depth')
    return millimetres.to_metres(counts, scale_m)


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
