# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How a camera moves before a board, seen twice: in the picture and in the depth.

What comes nearer by a hundredth grows by a hundredth in the picture. A camera that turns moves
the whole picture, and the board tilts in the depth. These motions have the same sign in both.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from promptda_ros.core.frame import ByteImage
from promptda_ros.rig.plane import Plane, Rays

KINDS = ('nearer', 'sideways', 'up and down')
LONGEST_SIDE = 320  # pixels; a larger picture is reduced
CORNERS, LEAST_CORNERS = 200, 12
CORNER_QUALITY, CORNER_DISTANCE_PX = 0.01, 6.0


class PictureMotion:
    """Follows corners from picture to picture."""

    def __init__(self) -> None:
        self._grey: ByteImage | None = None

    def step(self, image: ByteImage) -> NDArray[np.float64]:
        """Return how far a picture (H, W, 3) has moved since the last one.

        Three numbers as in KINDS: growth, and the two shifts as shares of the longer side. NaN for
        the first picture, and where nothing can be followed.
        """
        before, now = self._grey, _small(image)
        self._grey = now
        if before is None or before.shape != now.shape:
            return np.full(3, np.nan)
        corners = cv2.goodFeaturesToTrack(before, CORNERS, CORNER_QUALITY, CORNER_DISTANCE_PX)
        if corners is None or len(corners) < LEAST_CORNERS:
            return np.full(3, np.nan)
        found, states, _ = cv2.calcOpticalFlowPyrLK(before, now, corners, None)
        kept = states.ravel() > 0
        if kept.sum() < LEAST_CORNERS:
            return np.full(3, np.nan)
        middle = np.array([now.shape[1], now.shape[0]]) / 2
        move, _ = cv2.estimateAffinePartial2D(corners[kept] - middle, found[kept] - middle)
        if move is None:
            return np.full(3, np.nan)
        growth = np.log(np.hypot(move[0, 0], move[1, 0]))
        return np.array([growth, *move[:, 2] / max(now.shape)])


def place_of(plane: Plane, where: Rays) -> NDArray[np.float64]:
    """Return where a plane is in the middle of a window: three numbers as in KINDS.

    They are of the inverse depth, which is linear in the pixels: its logarithm and its slopes.
    """
    middle = np.array([where.across.mean(), where.down.mean(), 1.0])
    across, down, _ = plane.inverse
    inverse = float(plane.inverse @ middle)
    return np.array([np.log(inverse), across / inverse, down / inverse])


def _small(image: ByteImage) -> ByteImage:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    scale = LONGEST_SIDE / max(grey.shape)
    if scale >= 1.0:
        return np.asarray(grey, np.uint8)
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)
