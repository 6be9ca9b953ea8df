# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How coarse a sensor is, whatever the size of the image that its driver makes of it."""

from __future__ import annotations

import math

import numpy as np

from promptda_ros.core.frame import FloatImage


def pitch_px(prompt_m: FloatImage) -> float:
    """Return how many pixels of the prompt one measurement covers, along a side.

    Zones of coarse sensors are blocks of equal values, and so is what fills holes. In blocks of
    k x k pixels a share of (2 k - 1) / k^2 differs from the pixel to the right or below. A wall
    of one value is no harm: its spread is 0.
    """
    differs = np.zeros(prompt_m.shape, np.bool_)
    differs[:, :-1] = prompt_m[:, 1:] != prompt_m[:, :-1]
    differs[:-1] |= prompt_m[1:] != prompt_m[:-1]
    share = max(1.0, float(differs.sum())) / differs.size
    return (1.0 + math.sqrt(1.0 - share)) / share
