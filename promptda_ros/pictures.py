# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Colour and depth from picture files."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

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
