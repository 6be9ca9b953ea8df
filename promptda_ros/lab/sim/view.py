# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a simulated camera saw, and what depth sensors need to know about the surfaces in it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

ROOM, SUPPORT, FIRST_OBJECT = 0, 1, 2  # instance ids; the support is the table or the bin


@dataclass(frozen=True)
class RenderedView:
    """One picture with the exact depth and the surface behind every pixel, all (H, W)."""

    image: NDArray[np.uint8]  # (H, W, 3) RGB
    depth_m: NDArray[np.float32]  # along the optical axis, to the first surface, clear or not
    behind_m: NDArray[np.float32]  # to the first surface that is not clear (glass, clear plastic)
    instance_ids: NDArray[np.int32]  # ROOM, SUPPORT, FIRST_OBJECT and up
    gloss: NDArray[np.float32]  # 0 matt to 1 mirror
    matrix: NDArray[np.float64]  # (3, 3) camera matrix K; pixel centres are whole numbers

    @property
    def clear(self) -> NDArray[np.bool_]:
        """Mark the pixels whose first surface lets light through."""
        return self.behind_m > self.depth_m

    def window(self, top: int, left: int, height: int, width: int) -> RenderedView:
        """Cut out a part; the camera matrix follows."""
        matrix = self.matrix.copy()
        matrix[:2, 2] -= left, top
        return self._picked(np.s_[top : top + height, left : left + width], matrix)

    def mirrored(self) -> RenderedView:
        """Swap left and right, which is again a view that a camera could have."""
        matrix = self.matrix.copy()
        matrix[0, 2] = self.depth_m.shape[1] - 1 - matrix[0, 2]
        return self._picked(np.s_[:, ::-1], matrix)

    def reduced(self, height: int, width: int) -> RenderedView:
        """Return the whole at a smaller size: colours averaged, all else of the nearest pixel."""
        size = width, height
        scale = np.diag([width / self.depth_m.shape[1], height / self.depth_m.shape[0], 1.0])
        depth_m, behind_m, ids, gloss = (
            cv2.resize(layer, size, interpolation=cv2.INTER_NEAREST_EXACT)
            for layer in (self.depth_m, self.behind_m, self.instance_ids, self.gloss)
        )
        # Pixel centres are whole numbers, before and after.
        matrix = self.matrix.copy()
        matrix[:2, 2] += 0.5
        matrix = scale @ matrix
        matrix[:2, 2] -= 0.5
        return RenderedView(
            image=np.asarray(cv2.resize(self.image, size, interpolation=cv2.INTER_AREA), np.uint8),
            depth_m=np.asarray(depth_m, np.float32),
            behind_m=np.asarray(behind_m, np.float32),
            instance_ids=np.asarray(ids, np.int32),
            gloss=np.asarray(gloss, np.float32),
            matrix=matrix,
        )

    def _picked(self, pixels: tuple[slice, slice], matrix: NDArray[np.float64]) -> RenderedView:
        return RenderedView(
            image=self.image[pixels],
            depth_m=self.depth_m[pixels],
            behind_m=self.behind_m[pixels],
            instance_ids=self.instance_ids[pixels],
            gloss=self.gloss[pixels],
            matrix=matrix,
        )
