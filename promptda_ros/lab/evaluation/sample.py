# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What every reader yields and every method is judged on."""

from __future__ import annotations

from dataclasses import dataclass

from promptda_ros.core.frame import ByteImage, FloatImage


@dataclass(frozen=True)
class Sample:
    """One frame: colour, what a depth sensor said, and what is true; all of the same view."""

    name: str
    sensor: str
    image: ByteImage  # (H, W, 3) RGB
    sensor_depth_m: FloatImage  # (h, w), NaN unknown
    truth_m: FloatImage  # (H, W), NaN unknown
