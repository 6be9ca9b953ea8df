# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulated indirect time of flight mixes all the light of a cone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
import pytest

from promptda_ros.lab.sim.sensors.time_of_flight import TimeOfFlight
from promptda_ros.lab.sim.view import RenderedView

Maker = Callable[..., RenderedView]
QUIET = {'noise_m': 0.0, 'noise_per_m': 0.0, 'dropout_share': 0.0, 'edge_loss': 0.0}


def measure(view: RenderedView, seed: int = 1, **settings: float) -> NDArray[np.float32]:
    return TimeOfFlight(**settings).measure(view, np.random.default_rng(seed))


def test_noise_grows_with_the_square_of_the_range(make_view: Maker) -> None:
    settings = {'noise_m': 0.0, 'dropout_share': 0.0, 'step_m': 1e-6}
    near, far = (np.nanstd(measure(make_view(z_m), **settings)) for z_m in (0.5, 1.0))
    np.testing.assert_allclose(far / near, 4, rtol=0.05)


def test_points_fly_between_near_and_far(make_view: Maker, step_m: NDArray[np.float32]) -> None:
    row = measure(make_view(step_m), **QUIET, multipath_ratio=0.0)[24]
    at_edge = row[(row > 0.62) & (row < 0.98)]
    assert 1 <= len(at_edge) <= 6
    assert row[0] == pytest.approx(1.0, abs=0.001)
    assert row[32] == pytest.approx(0.6, abs=0.001)


def test_flying_points_lean_to_the_brighter_side(make_view: Maker) -> None:
    """Twice as near returns four times the light: the mean is no plain mean."""
    depth_m = np.full((252, 336), 1.0, np.float32)
    depth_m[:, :168] = 0.5
    depth_m[:, 168:171] = 0.5  # half a cell more
    at_edge = measure(make_view(depth_m), **QUIET, multipath_ratio=0.0)[20:28, 32]
    assert ((at_edge > 0.5) & (at_edge < 0.72)).all()


def test_some_flying_points_are_removed(make_view: Maker, step_m: NDArray[np.float32]) -> None:
    lost = np.isnan(measure(make_view(step_m), dropout_share=0.0, edge_loss=0.5))
    assert 0.3 < lost[14:34, 24:26].any(axis=1).mean() <= 1
    assert not lost[:8].any()


def test_corners_are_too_far_and_planes_are_not(make_view: Maker) -> None:
    x = np.abs(np.arange(336) - 167.5) / 270
    corner_m = np.broadcast_to(1 / (1 + x), (252, 336))  # two walls at a right angle
    exact_m = TimeOfFlight().mean(corner_m.astype(np.float32))
    bias = measure(make_view(corner_m), **QUIET)[24] / exact_m[24] - 1
    assert 0.005 < bias[31:33].mean() < 0.02
    assert bias[:16].mean() < 0.002
    slope_m = np.broadcast_to(1 / (1 + 0.3 * (np.arange(336) - 167.5) / 270), (252, 336))
    exact_m = TimeOfFlight().mean(slope_m.astype(np.float32))
    assert np.abs(measure(make_view(slope_m), **QUIET) / exact_m - 1).max() < 0.002


def test_dark_surfaces_are_lost(make_view: Maker) -> None:
    image = np.full((252, 336, 3), 128, np.uint8)
    image[:, :168] = 5
    lost = np.isnan(measure(make_view(1.5, image=image)))
    assert lost[:, :31].mean() > 0.7
    assert lost[:, 33:].mean() < 0.1


def test_glossy_slants_are_lost_and_matt_ones_are_not(make_view: Maker) -> None:
    slope_m = np.broadcast_to(0.15 / (1 + 1.5 * (np.arange(336) - 168) / 270), (252, 336))
    matt, glossy = (
        np.isnan(measure(make_view(slope_m, gloss=gloss), dropout_share=0.0)).mean()
        for gloss in (0.0, 1.0)
    )
    assert matt < 0.15  # what is seen at a grazing angle from 2 m
    assert glossy > 0.7


def test_glass_mixes_front_and_behind(make_view: Maker) -> None:
    measured_m = measure(make_view(0.6, behind_m=1.0), **QUIET, through_share=0.25)
    np.testing.assert_allclose(measured_m, 0.7, atol=0.002)


def test_patches_drop_out(make_view: Maker) -> None:
    lost = np.isnan(measure(make_view(0.8), dropout_share=0.1))
    assert lost.mean() == pytest.approx(0.1, abs=0.02)


def test_higher_resolution_sees_more(make_view: Maker, step_m: NDArray[np.float32]) -> None:
    assert measure(make_view(step_m), rows=180, columns=240).shape == (180, 240)
