# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a fast estimator gives the depth of an exact one."""

from __future__ import annotations

import numpy as np

from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import Frame
from promptda_ros.core.settings.depth import OutputSettings, PromptSettings

NEAR_M, FAR_M = 0.4, 4.0
TOLERANCE_M = 0.002


def largest_difference_m(fast: Estimator, exact: Estimator) -> float:
    """Return the largest difference between the depths of two estimators on a synthetic frame.

    Raises:
        BadFrame: one of them takes no such frame.
    """
    given = _frame(), PromptSettings(), OutputSettings(anchor='off')
    (fast_m,), (exact_m,) = (each.infer([each.prepare(*given)]) for each in (fast, exact))
    return float((fast_m - exact_m).abs().nan_to_num(nan=np.inf).max())


def _frame() -> Frame:
    """Show blocks of many colours on steps from near to far."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (24, 32, 3), np.uint8).repeat(20, axis=0).repeat(20, axis=1)
    steps_m = np.linspace(NEAR_M, FAR_M, 12, dtype=np.float32).reshape(3, 4)
    sensor_depth_m = steps_m.repeat(32, axis=0).repeat(32, axis=1)
    return Frame(stamp_ns=1, frame_id='', image=image, sensor_depth_m=sensor_depth_m)
