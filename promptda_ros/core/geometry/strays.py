# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Parts of a mask that are too small to be things."""

from __future__ import annotations

import cv2
import numpy as np

from promptda_ros.core.frame import Mask

# More pixels than this side by side are a thing, however far from everything else it is; so is a
# single one of a coarse sensor: each zone of 8 x 8 is a sixty-fourth of what the robot sees.
STRAY_PIXELS_AT_MOST = 4
PIXELS_PER_STRAY = 2000


def largest_stray(pixels: int) -> int:
    """Return how many pixels side by side, of this many, may be a stray measurement."""
    return min(STRAY_PIXELS_AT_MOST, pixels // PIXELS_PER_STRAY)


def find_strays(mask: Mask) -> Mask:
    """Mark the parts (h, w) of a mask that are small enough to be stray measurements."""
    largest = largest_stray(mask.size)
    if largest == 0 or not mask.any():
        return np.zeros_like(mask)
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8))
    is_small = statistics[:, cv2.CC_STAT_AREA] <= largest
    strays: Mask = mask & is_small[labels]
    return strays
