# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The pinhole camera as textbooks have it, for tests: points <-> pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from promptda_ros.core.frame import Intrinsics

Points = npt.NDArray[np.float64]


def project(intrinsics: Intrinsics, points_m: Points) -> Points:
    """Project points (N, 3) of the optical frame to pixels (N, 2)."""
    across = intrinsics.fx * points_m[:, 0] / points_m[:, 2] + intrinsics.cx
    down = intrinsics.fy * points_m[:, 1] / points_m[:, 2] + intrinsics.cy
    return np.stack((across, down), axis=1)


def back_project(intrinsics: Intrinsics, pixels: Points, depth_m: Points) -> Points:
    """Lift pixels (N, 2) with depths (N,) along the optical axis to points (N, 3)."""
    across = (pixels[:, 0] - intrinsics.cx) / intrinsics.fx * depth_m
    down = (pixels[:, 1] - intrinsics.cy) / intrinsics.fy * depth_m
    return np.stack((across, down, depth_m), axis=1)
