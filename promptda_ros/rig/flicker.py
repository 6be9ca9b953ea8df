# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How much depth moves while neither the camera nor the scene does."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from promptda_ros.core.frame import FloatImage


class Deviation:
    """Mean and standard deviation over time of every pixel, without keeping the frames."""

    def __init__(self) -> None:
        self._count: npt.NDArray[np.float64] | None = None

    def add(self, depth_m: FloatImage) -> None:
        """Count one frame (H, W); a pixel without an answer is left out of its own figure."""
        if self._count is None:
            self._count = np.zeros(depth_m.shape)
            self._mean_m = np.zeros(depth_m.shape)
            self._square_m2 = np.zeros(depth_m.shape)
        known = np.isfinite(depth_m)
        self._count += known
        # Welford's way: differences of squares of metres would lose the millimetres.
        before_m = np.where(known, depth_m - self._mean_m, 0)
        self._mean_m += before_m / np.maximum(self._count, 1)
        self._square_m2 += before_m * np.where(known, depth_m - self._mean_m, 0)

    def mean_m(self) -> float:
        """Return the mean deviation of the pixels that were answered at least twice."""
        deviations_m = self.pixels_m()
        return float(np.nanmean(deviations_m)) if np.isfinite(deviations_m).any() else np.nan

    def pixels_m(self) -> npt.NDArray[np.float64]:
        """Return the deviation of every pixel (H, W), NaN where it was not answered twice."""
        if self._count is None:
            return np.full((1, 1), np.nan)
        found: npt.NDArray[np.float64] = np.full(self._count.shape, np.nan)
        twice = self._count > 1
        found[twice] = np.sqrt(self._square_m2[twice] / (self._count[twice] - 1))
        return found

    def means_m(self, *, least: float) -> npt.NDArray[np.float64]:
        """Return the mean of every pixel (H, W), NaN where it was answered less often."""
        if self._count is None:
            return np.full((1, 1), np.nan)
        found: npt.NDArray[np.float64] = np.where(self._count >= least, self._mean_m, np.nan)
        return found
