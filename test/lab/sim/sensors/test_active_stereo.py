# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulated active stereo errs in disparity and has holes where pictures don't match."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
import pytest

from promptda_ros.lab.sim.sensors.active_stereo import ActiveStereo
from promptda_ros.lab.sim.view import RenderedView

Maker = Callable[..., RenderedView]


def measure(view: RenderedView, **settings: float) -> NDArray[np.float32]:
    return ActiveStereo(**settings).measure(view, np.random.default_rng(1))


@pytest.mark.parametrize('depth_m', [0.4, 0.8, 1.6])
def test_noise_is_that_of_the_disparity(depth_m: float, make_view: Maker) -> None:
    sensor = ActiveStereo()
    disparity_px = sensor.baseline_m * sensor.focal_px / measure(make_view(depth_m), step_m=1e-6)
    expected = np.hypot(sensor.noise_px, sensor.step_px / np.sqrt(12))
    assert np.nanstd(disparity_px) == pytest.approx(expected, rel=0.05)


def test_noise_is_alike_among_neighbours(make_view: Maker) -> None:
    error = np.nan_to_num(measure(make_view(0.8)) - 0.8)
    assert np.corrcoef(error[:, 1:].ravel(), error[:, :-1].ravel())[0, 1] > 0.6
    assert abs(np.corrcoef(error[:, 20:].ravel(), error[:, :-20].ravel())[0, 1]) < 0.1


def test_disparities_are_quantised(make_view: Maker) -> None:
    measured_m = measure(make_view(1.0), step_m=1e-7)
    steps = ActiveStereo.baseline_m * ActiveStereo.focal_px / measured_m * 32
    known = steps[np.isfinite(steps)]
    np.testing.assert_allclose(known, np.round(known), atol=2e-3)


def test_the_shadow_lies_on_the_left_and_is_as_wide_as_the_disparity_differs(
    make_view: Maker, step_m: NDArray[np.float32]
) -> None:
    lost = np.isnan(measure(make_view(step_m), window_cells=1, noise_px=0.0))
    cells_per_px = 320 / 336
    shadow = 0.05 * 270 * cells_per_px * (1 / 0.6 - 1 / 1.0)
    left, right = round(130 * cells_per_px), round(220 * cells_per_px)
    beside = lost[70:170, left - 20 : left].sum(axis=1)
    assert beside.mean() == pytest.approx(shadow, abs=1)
    assert not lost[70:170, right : right + 20].any()


def test_foreground_grows_but_slopes_do_not(make_view: Maker, step_m: NDArray[np.float32]) -> None:
    exact = ActiveStereo().nearest(step_m) < 0.8
    near = measure(make_view(step_m)) < 0.8
    assert 1.01 < near.sum() / exact.sum() < 1.1
    slope_m = np.broadcast_to(1 / (1 + np.arange(252)[:, None] / 270), (252, 336))
    error = measure(make_view(slope_m)) / ActiveStereo().nearest(slope_m.astype(np.float32)) - 1
    assert abs(np.nanmean(error)) < 0.001


def test_nothing_is_nearer_than_the_most_disparity(make_view: Maker) -> None:
    assert np.isnan(measure(make_view(0.16))).all()
    assert np.isfinite(measure(make_view(0.2))).mean() > 0.9


def test_plain_walls_are_lost_without_dots(make_view: Maker) -> None:
    plain = np.full((252, 336, 3), 128, np.uint8)
    view = make_view(1.0, image=plain)
    assert np.isnan(measure(view, dot_texture=0.0)).all()
    assert np.isfinite(measure(view)).mean() > 0.9
    assert np.isnan(measure(make_view(5.0, image=plain))).mean() > 0.9


def test_mirrors_and_glass_have_holes_in_patches(make_view: Maker) -> None:
    for view in (make_view(0.8, gloss=1.0), make_view(0.5, behind_m=0.8)):
        measured_m = measure(view)
        lost = np.isnan(measured_m)
        assert 0.4 < lost.mean() < 0.95
        assert (lost[:, 1:] == lost[:, :-1]).mean() > 0.85
        assert np.nanmedian(measured_m) == pytest.approx(0.8, abs=0.01)
