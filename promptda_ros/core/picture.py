# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Depth as colours for people: near is red, far is blue, unknown is black."""

from __future__ import annotations

import cv2
import numpy as np

from promptda_ros.core.frame import ByteImage, FloatImage


def colourise(depth_m: FloatImage, *, near_m: float, far_m: float) -> ByteImage:
    """Return RGB (H, W, 3) of depth (H, W); values beyond near_m to far_m take its ends."""
    known = np.isfinite(depth_m)
    range_m = max(far_m - near_m, 1e-6)
    closeness = np.where(known, (far_m - depth_m) / range_m, 0.0)
    levels = (np.clip(closeness, 0.0, 1.0) * 255.0).astype(np.uint8)
    colours: ByteImage = cv2.cvtColor(
        cv2.applyColorMap(levels, cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB
    )
    colours[~known] = 0
    return colours
