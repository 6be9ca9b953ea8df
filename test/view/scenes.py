# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Moments that tests know everything about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from promptda_ros.core.frame import Frame, Intrinsics
from promptda_ros.core.restore.trust import Validity
from promptda_ros.view.moment import Moment

WIDTH, HEIGHT = 64, 48
CAMERA = Intrinsics(WIDTH, HEIGHT, fx=60.0, fy=60.0, cx=31.5, cy=23.5)
WALL_M, SENSOR_M = 2.0, 2.02


def wall(**changes: Any) -> Moment:
    """Return a wall that the sensor, a quarter as large, sees 20 mm too far away."""
    frame = Frame(
        stamp_ns=1_700_000_000_000_000_000,
        frame_id='camera',
        image=np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8),
        sensor_depth_m=np.full((HEIGHT // 4, WIDTH // 4), SENSOR_M, np.float32),
        intrinsics=CAMERA,
    )
    moment = Moment(
        frame=frame,
        depth_m=np.full((HEIGHT, WIDTH), WALL_M, np.float32),
        uncertainty_m=np.full((HEIGHT, WIDTH), 0.004, np.float32),
        validity=np.full((HEIGHT, WIDTH), Validity.MEASURED, np.uint8),
    )
    return replace(moment, **changes)
