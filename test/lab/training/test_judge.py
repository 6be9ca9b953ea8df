# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.training.judge."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from promptda_ros.core.settings.depth import PromptSettings
from promptda_ros.lab.training.examples import Example
from promptda_ros.lab.training.judge import judge, SensorErrors


def wall(slope_m: float) -> Example:
    """Show a wall without any step."""
    truth_m = np.broadcast_to(np.linspace(1, 1 + slope_m, 56)[:, None], (56, 70))
    return Example(
        image=np.full((56, 70, 3), 120, np.uint8),
        sensor_depth_m=np.ascontiguousarray(truth_m[::4, ::4], np.float32) + np.float32(0.02),
        truth_m=truth_m.astype(np.float32),
    )


def test_frames_without_an_edge_are_judged_by_the_whole_picture(network):
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        verdict = judge(network.eval(), 'any', [wall(0.2), wall(0.3)], PromptSettings())
    assert np.isnan(verdict.edge_mae_m)
    assert verdict.score == pytest.approx(verdict.mae_m / verdict.bilinear_mae_m)


def test_bilinear_upsampling_scores_1_and_half_of_its_errors_half():
    assert SensorErrors('any', 0.02, 0.1, 0, 0.02, 0.1, 0).score == pytest.approx(1)
    assert SensorErrors('any', 0.01, 0.05, 0, 0.02, 0.1, 0).score == pytest.approx(0.5)


def test_edges_that_bilinear_upsampling_has_right_are_left_out():
    verdict = SensorErrors('any', 0.01, 0.05, 0, 0.02, 0.0, 0)
    assert verdict.score == pytest.approx(0.5)
    assert 'nan' in verdict.describe()
