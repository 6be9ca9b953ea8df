# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether the uncertainty that is published covers the error of the depth."""

from __future__ import annotations

import numpy as np

from promptda_ros.core.frame import FloatImage
from promptda_ros.rig.sight import Unmeasured

TIMES = 2.0  # the uncertainty; the error of 95 % of the pixels should be less
PROMISED = 0.95


class CoverageMeter:
    """Counts pixels whose error is within twice the uncertainty."""

    def __init__(self) -> None:
        self._within = self._pixels = 0

    def add(self, depth_m: FloatImage, truth_m: FloatImage, uncertainty_m: FloatImage) -> None:
        """Take depth, what it should be and its uncertainty, all (h, w); NaN is left out."""
        error_m = np.abs(depth_m - truth_m)
        known = np.isfinite(error_m) & np.isfinite(uncertainty_m)
        self._pixels += int(known.sum())
        self._within += int((error_m[known] <= TIMES * uncertainty_m[known]).sum())

    def result(self) -> float | Unmeasured:
        """Return the share of the pixels that are covered."""
        if not self._pixels:
            return Unmeasured('no uncertainty came with the depth')
        return self._within / self._pixels
