# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulated phone LiDAR fills few ranges in by colour."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from promptda_ros.lab.sim.sensors.phone_lidar import PhoneLidar
from promptda_ros.lab.sim.view import RenderedView

Maker = Callable[..., RenderedView]


def measure(view: RenderedView, **settings: float) -> NDArray[np.float32]:
    return PhoneLidar(**settings).measure(view, np.random.default_rng(1))


def test_there_are_no_holes(make_view: Maker, step_m: NDArray[np.float32]) -> None:
    view = make_view(step_m, gloss=np.where(step_m < 1, 1.0, 0.0))
    assert np.isfinite(measure(view)).all()


def test_thin_things_are_missed(make_view: Maker) -> None:
    depth_m = np.ones((252, 336), np.float32)
    depth_m[:, 160:163] = 0.5  # two and a half sensor pixels wide, anchors are seven apart
    assert (measure(make_view(depth_m))[:, 122:124] < 0.6).mean() < 0.6


def test_edges_follow_colour(make_view: Maker, step_m: NDArray[np.float32]) -> None:
    grey = np.full((252, 336, 3), 128, np.uint8)
    coloured = grey.copy()
    coloured[step_m < 1] = (200, 40, 40)
    at_edge = np.s_[60:130, 94:104]  # around column 130 of the picture
    exact_m = step_m[80:171, 128:130].mean()
    errors = [
        np.abs(measure(make_view(step_m, image=image))[60:130, 97:99] - exact_m).mean()
        for image in (grey, coloured)
    ]
    assert errors[1] < 0.5 * errors[0]
    assert np.ptp(measure(make_view(step_m, image=coloured))[at_edge]) > 0.35


def test_glass_gives_the_front_or_what_is_behind(make_view: Maker) -> None:
    view = make_view(0.5, behind_m=1.0)
    assert np.median(measure(view, through_share=0.0, noise_ratio=0.0)) == 0.5
    assert np.median(measure(view, through_share=1.0, noise_ratio=0.0)) == 1.0
    mixed = measure(view, through_share=0.5, noise_ratio=0.0)
    assert mixed.min() >= 0.5
    assert mixed.max() <= 1.0


def test_mirrors_look_deeper(make_view: Maker) -> None:
    measured_m = measure(make_view(1.0, gloss=1.0), noise_ratio=0.0)
    assert 1.02 < measured_m.mean() < 1.2


def test_noise_is_a_share_of_the_range(make_view: Maker) -> None:
    near, far = (measure(make_view(depth_m), step_m=1e-6).std() for depth_m in (0.5, 1.5))
    np.testing.assert_allclose(far / near, 3, rtol=0.01)
