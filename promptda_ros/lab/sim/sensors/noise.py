# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Random fields that change slowly over a picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from promptda_ros.lab.sim.sensors.sensor import Floats


def smooth_noise(shape: tuple[int, int], cells: int, rng: np.random.Generator) -> Floats:
    """Make a field (rows, columns) of about `cells` waves a side, from 0 to a little over 1."""
    coarse = rng.random((cells, cells), np.float32)
    smooth: Floats = cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.maximum(smooth, 0)


def patches(
    shape: tuple[int, int], share: float, cells: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Mark patches that together cover `share` of the field."""
    field = smooth_noise(shape, cells, rng)
    return field > np.quantile(field, 1 - share)
