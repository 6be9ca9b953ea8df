# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Simulated zones report the strongest surface in their cone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
import pytest

from promptda_ros.lab.sim.sensors.zones import Zones
from promptda_ros.lab.sim.view import RenderedView

Maker = Callable[..., RenderedView]


def measure(view: RenderedView, **settings: float) -> NDArray[np.float32]:
    quiet = {'noise_m': 0.0, 'noise_ratio': 0.0, 'dropout_share': 0.0, **settings}
    return Zones(**quiet).measure(view, np.random.default_rng(1))


def test_a_zone_gives_one_surface_and_not_the_middle(
    make_view: Maker, step_m: NDArray[np.float32]
) -> None:
    measured_m = measure(make_view(step_m), rows=32, columns=32)
    assert (np.isclose(measured_m, 0.6) | np.isclose(measured_m, 1.0)).all()


def test_the_brighter_surface_wins(make_view: Maker) -> None:
    depth_m = np.full((252, 336), 1.2, np.float32)
    depth_m[:, ::3] = 1.0  # a third of the light, and a little more for being nearer
    assert np.median(measure(make_view(depth_m))) == pytest.approx(1.2, abs=0.001)
    image = np.full((252, 336, 3), 60, np.uint8)
    image[:, ::3] = 220
    assert np.median(measure(make_view(depth_m, image=image))) == pytest.approx(1.0, abs=0.001)


def test_surfaces_within_a_pulse_are_mixed(make_view: Maker) -> None:
    depth_m = np.full((252, 336), 1.00, np.float32)
    depth_m[:, ::2] = 1.02
    np.testing.assert_allclose(measure(make_view(depth_m)), 1.01, atol=0.002)


def test_beyond_the_longest_range_nothing_is_seen(make_view: Maker) -> None:
    assert np.isnan(measure(make_view(4.2))).all()


def test_dark_far_walls_are_lost(make_view: Maker) -> None:
    image = np.full((252, 336, 3), 200, np.uint8)
    image[:, :168] = 10
    assert np.isnan(measure(make_view(3.0, image=image))[:, :3]).all()
    assert np.isfinite(measure(make_view(3.0, image=image))[:, 4:]).all()
    assert np.isfinite(measure(make_view(1.0, image=image))).all()


@pytest.mark.parametrize('through_share, expected_m', [(0.2, 0.6), (0.9, 1.0)])
def test_glass_gives_the_stronger_echo(
    through_share: float, expected_m: float, make_view: Maker
) -> None:
    view = make_view(0.6, behind_m=1.0)
    np.testing.assert_allclose(measure(view, through_share=through_share), expected_m, atol=0.001)


def test_some_zones_drop_out(make_view: Maker) -> None:
    lost = np.isnan(measure(make_view(1.0), rows=32, columns=32, dropout_share=0.2))
    assert lost.mean() == pytest.approx(0.2, abs=0.05)
