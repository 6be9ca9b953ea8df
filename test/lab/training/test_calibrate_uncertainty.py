# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""training/calibrate_uncertainty.py: the weights suffice for every sensor, and not by far."""

from __future__ import annotations

from pathlib import Path
import runpy

import numpy as np
import pytest

SCRIPT = Path(__file__).resolve().parents[3] / 'training' / 'calibrate_uncertainty.py'


@pytest.fixture(scope='module')
def script():
    pytest.importorskip('mujoco')
    return runpy.run_path(str(SCRIPT))


def test_the_weights_suffice_for_every_sensor_and_leave_out_what_says_nothing(script):
    rng = np.random.default_rng(0)
    sensors = []
    for noise in (0.5, 1.0):
        terms_m = rng.uniform(0.001, 0.1, (2000, 5))
        error_m = noise * np.abs(rng.standard_normal(2000)) * (0.3 * terms_m[:, 1])
        sensors.append(script['Errors'](error_m, terms_m, np.array([])))
    weights = script['choose_weights'](sensors)
    within = [np.mean(each.error_m < 2 * each.terms_m @ weights) for each in sensors]
    assert min(within) == pytest.approx(script['TARGET'], abs=0.02)
    assert weights[1] > 10 * weights[[0, 2, 3, 4]].max()
