# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How much light comes back follows from slant, colour and gloss."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np

from promptda_ros.lab.sim.sensors.light import facing, grey_levels, mirroring, returned_light
from promptda_ros.lab.sim.view import RenderedView

Maker = Callable[..., RenderedView]
SLOPES = st.floats(-1, 1)


@settings(max_examples=25)
@given(slope_x=SLOPES, slope_y=SLOPES)
def test_slant_is_that_of_the_plane(slope_x: float, slope_y: float, make_view: Maker) -> None:
    """The plane with normal (a, b, 1) has the inverse depth 1 + a x + b y."""
    view = make_view(1.0)
    y, x = np.mgrid[:252, :336]
    x = (x - view.matrix[0, 2]) / view.matrix[0, 0]
    y = (y - view.matrix[1, 2]) / view.matrix[1, 1]
    inverse = 1 + 0.5 * slope_x * x + 0.5 * slope_y * y
    normal = np.linalg.norm([0.5 * slope_x, 0.5 * slope_y, 1])
    exact = inverse / normal / np.sqrt(1 + x**2 + y**2)
    np.testing.assert_allclose(facing(make_view(1 / inverse)), exact, atol=0.01)


def test_steps_are_no_slopes(make_view: Maker) -> None:
    depth_m = np.ones((252, 336), np.float32)
    depth_m[:, 100:200] = 0.5
    depth_m[:, 250] = 0.5  # one pixel wide
    np.testing.assert_allclose(facing(make_view(depth_m)), facing(make_view(1.0)), atol=1e-4)


def test_dim_light_is_no_dark_surface() -> None:
    picture = np.random.default_rng(0).integers(60, 220, (64, 64, 3), np.uint8)
    bright, dim = grey_levels(picture).astype(int), grey_levels(picture // 2).astype(int)
    assert np.abs(bright - dim).max() < 5
    assert grey_levels(np.full((64, 64, 3), 10, np.uint8)).max() == 30


def test_gloss_sends_light_away_from_slants_only(make_view: Maker) -> None:
    slanted_m = np.broadcast_to(1 / (1 + np.arange(336) / 270), (252, 336))
    for depth_m, brighter in ((1.0, True), (slanted_m, False)):
        matt = returned_light(make_view(depth_m))[126, 168]
        glossy = returned_light(make_view(depth_m, gloss=1.0))[126, 168]
        assert (glossy > matt) == brighter


def test_mirrors_come_by_degrees() -> None:
    gloss = np.array([0.0, 0.75, 0.875, 1.0], np.float32)
    np.testing.assert_allclose(mirroring(gloss, 0.75), [0, 0, 0.5, 1])
