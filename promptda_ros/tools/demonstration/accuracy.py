# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How far depth is from the truth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from promptda_ros.core.frame import FloatImage


@dataclass(frozen=True)
class Accuracy:
    """Errors over many pixels; metres, and metres per metre of depth."""

    mae_m: float
    rmse_m: float
    abs_rel: float


class ErrorSum:
    """Adds up errors over frames."""

    def __init__(self) -> None:
        self._pixels = 0
        self._absolute_m = 0.0
        self._square_m2 = 0.0
        self._relative = 0.0

    def add(self, depth_m: FloatImage, exact_m: FloatImage, *, where: np.ndarray) -> None:
        """Count the pixels of a mask (H, W) in which both are known."""
        error_m = (depth_m[where] - exact_m[where]).astype(np.float64)
        self._pixels += error_m.size
        self._absolute_m += float(np.abs(error_m).sum())
        self._square_m2 += float(np.square(error_m).sum())
        self._relative += float((np.abs(error_m) / exact_m[where]).sum())

    def result(self) -> Accuracy:
        """Return the mean errors; NaN when no pixel was counted."""
        pixels = self._pixels or np.nan
        return Accuracy(
            mae_m=self._absolute_m / pixels,
            rmse_m=float(np.sqrt(self._square_m2 / pixels)),
            abs_rel=self._relative / pixels,
        )


def compare(
    frames: Iterable[tuple[FloatImage, FloatImage, FloatImage]],
) -> dict[str, Accuracy]:
    """Compare depth of the model and bilinear depth with exact depth, by frames of all three.

    At the same pixels: those that the model gave.
    """
    sums = {'model': ErrorSum(), 'bilinear': ErrorSum()}
    for ours_m, bilinear_m, exact_m in frames:
        both = np.isfinite(ours_m) & np.isfinite(exact_m)
        sums['model'].add(ours_m, exact_m, where=both)
        sums['bilinear'].add(bilinear_m, exact_m, where=both)
    return {name: each.result() for name, each in sums.items()}
