# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulated ring LiDAR is sparse, and right where it hits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
import pytest

from promptda_ros.lab.sim.sensors.ring_lidar import RingLidar
from promptda_ros.lab.sim.view import RenderedView

Maker = Callable[..., RenderedView]


def measure(view: RenderedView, **settings: float) -> NDArray[np.float32]:
    return RingLidar(**settings).measure(view, np.random.default_rng(1))


def test_noise_is_that_of_the_range(make_view: Maker) -> None:
    error_m = measure(make_view(1.0)) - 1.0
    assert np.nanstd(error_m) == pytest.approx(0.01, rel=0.15)
    assert abs(np.nanmean(error_m)) < 0.002


@pytest.mark.parametrize('lines', [16, 32, 64, 128])
def test_more_lines_hit_more_rows(lines: int, make_view: Maker) -> None:
    measured_m = measure(make_view(1.0), lines=lines, rows=252, columns=84)
    hit = np.isfinite(measured_m[:, 42])
    assert hit.sum() == pytest.approx(lines, abs=1 + lines // 8)


def test_lines_bend_as_cones_do(make_view: Maker) -> None:
    """A cone of beams meets a wall in a hyperbola: its line leaves the middle at the sides."""
    measured_m = measure(make_view(1.0), lines=2, rows=252, columns=84)
    rows = [np.flatnonzero(np.isfinite(measured_m[:126, column])) for column in (0, 42)]
    assert rows[0].mean() < rows[1].mean() - 5


def test_what_is_nearest_in_a_cell_is_kept(make_view: Maker) -> None:
    depth_m = np.full((252, 336), 1.0, np.float32)
    depth_m[:, ::4] = 0.7
    measured_m = measure(make_view(depth_m), noise_m=0.0)
    assert np.nanmedian(measured_m) == pytest.approx(0.7, abs=0.005)


def test_windows_see_the_same_lines(make_view: Maker, step_m: NDArray[np.float32]) -> None:
    view, sensor = make_view(step_m), RingLidar(noise_m=0.0)
    whole = sensor.measure(view, np.random.default_rng(0))
    window = view.window(63, 84, 126, 168)
    part = sensor.for_window(0.5).measure(window, np.random.default_rng(0))
    cut = whole[12:36, 16:48]
    np.testing.assert_array_equal(np.isnan(part), np.isnan(cut))


def test_mirrors_seen_aslant_are_lost(make_view: Maker) -> None:
    slope_m = np.broadcast_to(1 / (1 + 1.5 * (np.arange(336) - 168) / 270), (252, 336))
    assert np.isfinite(measure(make_view(slope_m, gloss=0.0))).mean() > 0.4
    assert np.isfinite(measure(make_view(slope_m, gloss=1.0))).mean() < 0.2


def test_beams_pass_glass(make_view: Maker) -> None:
    measured_m = measure(make_view(0.5, behind_m=1.0), noise_m=0.0)
    assert np.nanmedian(measured_m) == pytest.approx(1.0, abs=0.005)
