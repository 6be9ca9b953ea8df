# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the sensor's pixels say, at the size (H, W) of the image; pixel centres stay in place."""

from __future__ import annotations

import cv2
import numpy as np

from promptda_ros.core.frame import FloatImage, Mask, Size


def enlarge_nearest(values: FloatImage, size: Size) -> FloatImage:
    """Make a block of every pixel (h, w)."""
    enlarged: FloatImage = cv2.resize(values, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    return enlarged


def enlarge_bilinear(values: FloatImage, size: Size) -> FloatImage:
    """Interpolate between pixels (h, w)."""
    enlarged: FloatImage = cv2.resize(values, size[::-1], interpolation=cv2.INTER_LINEAR)
    return enlarged


def enlarge_mask(mask: Mask, size: Size) -> Mask:
    """Make a block of every pixel (h, w)."""
    bytes_ = cv2.resize(mask.astype(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    enlarged: Mask = bytes_ > 0
    return enlarged
