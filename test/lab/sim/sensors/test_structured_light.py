# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulated structured light is nearly exact, and each of its blocks is on one surface."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
import pytest

from promptda_ros.lab.sim.sensors.structured_light import StructuredLight
from promptda_ros.lab.sim.view import RenderedView

Maker = Callable[..., RenderedView]


def measure(view: RenderedView, **settings: float) -> NDArray[np.float32]:
    quiet = {'noise_m': 0.0, 'dropout_share': 0.0, **settings}
    return StructuredLight(**quiet).measure(view, np.random.default_rng(1))


def test_a_block_is_on_one_surface_and_not_between_two(
    make_view: Maker, step_m: NDArray[np.float32]
) -> None:
    measured_m = measure(make_view(step_m), rows=47, columns=61)
    assert (np.isclose(measured_m, 0.6) | np.isclose(measured_m, 1.0)).all()


@pytest.mark.parametrize('range_m', [0.5, 2.0])
def test_noise_grows_with_the_square_of_the_range(range_m: float, make_view: Maker) -> None:
    measured_m = measure(make_view(range_m), noise_m=0.004, step_m=1e-5)
    assert measured_m.std() == pytest.approx(0.004 * range_m**2, rel=0.1)


def test_mirrors_are_holes(make_view: Maker) -> None:
    gloss = np.zeros((252, 336), np.float32)
    gloss[:, :168] = 1.0
    measured_m = measure(make_view(1.0, gloss=gloss))
    assert np.isnan(measured_m[:, :31]).all()
    assert np.isfinite(measured_m[:, 33:]).all()


@pytest.mark.parametrize('through_share, expected_m', [(0.0, 1.0), (0.5, 1.1), (1.0, 1.2)])
def test_behind_glass_lies_a_depth_between(
    through_share: float, expected_m: float, make_view: Maker
) -> None:
    view = make_view(1.0, behind_m=np.full((252, 336), 1.2, np.float32))
    np.testing.assert_allclose(measure(view, through_share=through_share), expected_m, atol=1e-3)
