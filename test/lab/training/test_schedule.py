# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.training.schedule."""

from __future__ import annotations

import numpy as np
import pytest

from promptda_ros.lab.training.recipe import Optimisation, Phase
from promptda_ros.lab.training.schedule import learning_rate

WANTED = Optimisation(rate=1e-3, last_rate=1e-5, warm_up_steps=10)


def test_the_rate_rises_in_a_line_and_falls_to_the_last_one(make_recipe):
    recipe = make_recipe(steps=200, optimisation=WANTED)
    rates = np.array([learning_rate(recipe, step) for step in range(200)])
    assert rates[0] == pytest.approx(1e-4, rel=1e-3)
    assert rates.argmax() in (9, 10)
    assert rates.max() == pytest.approx(1e-3, rel=1e-2)
    assert (np.diff(rates[10:]) < 0).all()
    assert rates[-1] == pytest.approx(1e-5, rel=0.02)


def test_the_rate_falls_with_the_pixels_seen(make_recipe):
    """A last phase of few large pictures would otherwise be left with next to nothing."""
    small = Phase(steps=100, batch=2, height=56, width=70)
    large = Phase(steps=50, batch=4, height=56, width=70)
    recipe = make_recipe(
        phases=(small, large), optimisation=Optimisation(rate=1e-3, warm_up_steps=0)
    )
    assert learning_rate(recipe, 100) == pytest.approx(0.5e-3)
    assert learning_rate(recipe, 50) == learning_rate(
        make_recipe(phases=(small, small), optimisation=Optimisation(rate=1e-3, warm_up_steps=0)),
        50,
    )


def test_a_run_of_one_step_without_warm_up_has_the_highest_rate(make_recipe):
    recipe = make_recipe(steps=1, optimisation=Optimisation(rate=1e-3, warm_up_steps=0))
    assert learning_rate(recipe, 0) == pytest.approx(1e-3)
