# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.rig.flicker."""

from __future__ import annotations

import numpy as np
import pytest

from promptda_ros.rig.flicker import Deviation


def test_the_deviation_over_time_is_numpys():
    rng = np.random.default_rng(3)
    frames_m = (40 + 0.002 * rng.standard_normal((20, 5, 7))).astype(np.float32)
    frames_m[rng.random(frames_m.shape) < 0.3] = np.nan
    frames_m[:, 0, 0] = np.nan
    frames_m[1:, 0, 1] = np.nan  # one value has no deviation
    deviation = Deviation()
    for frame_m in frames_m:
        deviation.add(frame_m)
    with np.errstate(invalid='ignore'), pytest.warns(RuntimeWarning):
        expected_m = np.nanmean(np.nanstd(frames_m.astype(np.float64), axis=0, ddof=1))
    assert deviation.mean_m() == pytest.approx(expected_m, rel=1e-4)


def test_nothing_added_has_no_deviation():
    assert np.isnan(Deviation().mean_m())


def test_a_pixel_that_was_answered_too_seldom_has_no_mean():
    deviation = Deviation()
    for known in (True, True, False):
        deviation.add(np.array([[1.0, 2.0 if known else np.nan]], np.float32))
    np.testing.assert_equal(deviation.means_m(least=3), [[1.0, np.nan]])
