# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Metres <-> the 16-bit values of compressedDepth: its quantised inverse depth."""

from __future__ import annotations

from dataclasses import dataclass
import struct

import numpy as np
import numpy.typing as npt

from promptda_ros.core.frame import FloatImage

Values = npt.NDArray[np.uint16]
CONFIG = struct.Struct('<iff')  # kind of quantisation, always 0; A; B
VALUE_AT_MOST = 65535


@dataclass(frozen=True)
class Quantisation:
    """How depth in metres becomes a 16-bit value: value = a / depth + b."""

    a: float
    b: float

    def values_of(self, depth_m: FloatImage) -> Values:
        """Return the values of depth; 0 for what is unknown, too near or too far."""
        with np.errstate(divide='ignore', invalid='ignore'):
            values = np.floor(np.float32(self.a) / depth_m + np.float32(self.b + 0.5))
        known = (depth_m > 0) & (values >= 1) & (values <= VALUE_AT_MOST)  # fails NaN
        return np.where(known, values, 0).astype(np.uint16)

    def metres_of(self, values: Values) -> FloatImage:
        """Return the depth of values, NaN where unknown."""
        depth_m: FloatImage = np.float32(self.a) / (values - np.float32(self.b))
        depth_m[values == 0] = np.nan
        return depth_m


def quantisation(steps: float, farthest_m: float) -> Quantisation:
    """Return the one of image_transport for its settings depth_quantization and depth_max."""
    a = steps * (steps + 1.0)
    return Quantisation(a, 1.0 - a / farthest_m)
