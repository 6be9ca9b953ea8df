# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Depth as 16-bit pictures in millimetres, and what the rounding costs."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from promptda_ros.core.frame import FloatImage
from promptda_ros.messages import millimetres

# Before version 0.6 the package reads 16-bit pictures as signed: depth from there on would be
# negative.
AT_MOST = 2**15 - 1


@dataclass
class Rounding:
    """How far pictures are from the depth that they were made of."""

    pixels: int = 0
    sum_mm: float = 0.0
    largest_mm: float = 0.0
    lost: int = 0  # known, but nothing that a picture can hold

    def add(self, depth_m: FloatImage, counts: npt.NDArray[np.uint16]) -> None:
        """Compare a picture (H, W) with its depth, NaN unknown."""
        known, kept = np.isfinite(depth_m), counts > 0
        off_mm = np.abs(depth_m[kept].astype(np.float64) * 1000 - counts[kept])
        self.pixels += off_mm.size
        self.sum_mm += float(off_mm.sum())
        self.largest_mm = max(self.largest_mm, float(off_mm.max(initial=0.0)))
        self.lost += int(np.count_nonzero(known & ~kept))

    def include(self, other: Rounding) -> None:
        """Add what others have counted."""
        self.pixels += other.pixels
        self.sum_mm += other.sum_mm
        self.largest_mm = max(self.largest_mm, other.largest_mm)
        self.lost += other.lost

    def __str__(self) -> str:
        mean_mm = self.sum_mm / max(1, self.pixels)
        cost = f'at most {self.largest_mm:.3f} mm, {mean_mm:.3f} mm on average'
        if not self.lost:
            return cost
        limit_m = AT_MOST * millimetres.METRES
        return f'{cost}; {self.lost} pixels nearer than 1 mm or beyond {limit_m} m became unknown'


def counts_of(depth_m: FloatImage) -> npt.NDArray[np.uint16]:
    """Return millimetres, 0 unknown: also what is out of a sensor's range, or of a picture's."""
    counts = millimetres.counts_of_metres(depth_m)
    counts[counts > AT_MOST] = 0
    return counts


def png_of(pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> bytes:
    """Return the PNG of grey pixels (H, W) or of RGB (H, W, 3), without any loss."""
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode('.png', pixels)
    data: bytes = encoded.tobytes()
    return data
