# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Depth in 16-bit counts, 0 unknown, as sensors and PNG files have it <-> metres, NaN unknown.

The largest count is no distance but the end of the counter: nothing is nearer, +inf in metres.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from promptda_ros.core.frame import FloatImage

METRES = 0.001
AT_MOST = 65535


def metres_of(values: npt.NDArray[Any], scale_m: float) -> FloatImage:
    """Return metres of values of `scale_m` each; of 0, of the unit that REP 118 gives them.

    That is metres for floats, and millimetres for counts.
    """
    depth_m: FloatImage
    if values.dtype.kind == 'f':
        depth_m = values.astype(np.float32, copy=False)
        return depth_m if scale_m in (0.0, 1.0) else depth_m * np.float32(scale_m)
    depth_m = values * np.float32(scale_m or METRES)
    depth_m[values == 0] = np.nan
    depth_m[values == np.iinfo(values.dtype).max] = np.inf
    return depth_m


def counts_of_metres(depth_m: FloatImage, scale_m: float = METRES) -> npt.NDArray[np.uint16]:
    """Return counts, rounded half up; what they can't represent is 0 and never wraps."""
    counts = np.floor(depth_m * np.float32(1 / scale_m) + np.float32(0.5))
    known = (counts >= 1) & (counts <= AT_MOST)  # fails NaN
    return np.where(known, counts, 0).astype(np.uint16)


def from_sensor(depth_m: FloatImage) -> npt.NDArray[np.uint16]:
    """Return millimetres of a sensor: beyond its range is the largest count, nearer the least."""
    counts = counts_of_metres(depth_m)
    counts[depth_m > AT_MOST * METRES] = AT_MOST
    counts[(counts == 0) & ((depth_m > 0) | np.isneginf(depth_m))] = 1
    return counts
