# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a simulated camera saw, and what depth sensors need to know about the surfaces in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROOM, SUPPORT, FIRST_OBJECT = 0, 1, 2  # instance ids; the support is the table or the bin


@dataclass(frozen=True)
class View:
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

    def window(self, top: int, left: int, height: int, width: int) -> View:
        """Cut out a part; the camera matrix follows."""
        matrix = self.matrix.copy()
        matrix[:2, 2] -= left, top
        return self._picked(np.s_[top : top + height, left : left + width], matrix)

    def mirrored(self) -> View:
        """Swap left and right, which is again a view that a camera could have."""
        matrix = self.matrix.copy()
        matrix[0, 2] = self.depth_m.shape[1] - 1 - matrix[0, 2]
        return self._picked(np.s_[:, ::-1], matrix)

    def _picked(self, pixels: tuple[slice, slice], matrix: NDArray[np.float64]) -> View:
        return View(
            image=self.image[pixels],
            depth_m=self.depth_m[pixels],
            behind_m=self.behind_m[pixels],
            instance_ids=self.instance_ids[pixels],
            gloss=self.gloss[pixels],
            matrix=matrix,
        )
