# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The depth of several frames of a scene that stands still, as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from promptda_ros.core.frame import FloatImage

# Rows that are sorted at a time: more need memory for all frames a second time.
ROWS = 64


def median_depth(frames_m: Sequence[FloatImage]) -> FloatImage:
    """Return the median (H, W) of each pixel over the frames that know it.

    A pixel known in fewer than half of the frames is NaN: what it shows is chance.
    """
    if len(frames_m) == 1:
        return frames_m[0]
    height = frames_m[0].shape[0]
    strips = [
        _median_of_strip(np.stack([each[top : top + ROWS] for each in frames_m]))
        for top in range(0, height, ROWS)
    ]
    return np.concatenate(strips)


def _median_of_strip(frames_m: FloatImage) -> FloatImage:
    """Return the median of (frames, rows, W) over the first axis."""
    known = np.isfinite(frames_m).sum(axis=0, keepdims=True)
    ordered = np.sort(frames_m, axis=0)  # NaN comes last
    lower = np.take_along_axis(ordered, np.maximum(known - 1, 0) // 2, axis=0)
    upper = np.take_along_axis(ordered, known // 2, axis=0)
    median_m = np.where(2 * known >= len(frames_m), (lower + upper) / 2, np.nan)
    return np.asarray(median_m[0], np.float32)
