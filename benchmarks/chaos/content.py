# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures and depth that tell their number, so that a pair is known by its pixels alone.

A number is a colour in a corner of the image, and millimetres added to all of the depth: the
network normalises depth by its range, so that the published depth is off by the same millimetres.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from promptda_ros.core.frame import ByteImage, FloatImage

HEIGHT, WIDTH = 84, 112  # multiples of 14, as small as keeps a frame cheap
PATCH_PX = 12
SHADES, SHADE = 16, 16
CODES, STEP_MM = 303, 8
SPREAD = 112  # neighbours in time are hundreds of millimetres apart
MOST_OFF_MM = 3.0  # measured: under 0.1


@dataclass(frozen=True)
class Scene:
    """What a camera sees behind its number."""

    image: ByteImage  # (HEIGHT, WIDTH, 3)
    depth_mm: np.ndarray  # (h, w) uint16, 0 unknown

    @classmethod
    def of(cls, path: Path) -> Scene:
        """Read a scene that was written."""
        with np.load(path) as file:
            return cls(file['image'], file['depth_mm'])

    def write(self, path: Path) -> None:
        """Write it for the processes of drivers."""
        np.savez(path, image=self.image, depth_mm=self.depth_mm)

    def image_of(self, number: int, *, width: int = WIDTH, height: int = HEIGHT) -> ByteImage:
        """Return the image of a number."""
        image = cv2.resize(self.image, (width, height), interpolation=cv2.INTER_AREA)
        image[:PATCH_PX, :PATCH_PX] = colour_of(number)
        return np.asarray(image)

    def depth_of(self, number: int) -> np.ndarray:
        """Return the depth of a number in millimetres."""
        return np.where(self.depth_mm > 0, self.depth_mm + shift_mm_of(number), 0).astype('<u2')

    def off_mm(self, depth_m: FloatImage) -> FloatImage:
        """Return by how much published depth differs from the scene; NaN where unknown."""
        height, width = depth_m.shape
        known_mm = np.where(self.depth_mm > 0, self.depth_mm, np.nan).astype(np.float32)
        scene_mm = cv2.resize(known_mm, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(depth_m * 1000 - scene_mm)


def colour_of(number: int) -> tuple[int, int, int]:
    """Return the colour that tells a number."""
    digits = number // SHADES**2, number // SHADES, number
    red, green, blue = (SHADE * (digit % SHADES) + SHADE // 2 for digit in digits)
    return red, green, blue


def shift_mm_of(number: int) -> int:
    """Return the millimetres that tell a number."""
    return STEP_MM * (SPREAD * number % CODES)
