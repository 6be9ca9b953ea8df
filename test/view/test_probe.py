# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a click tells, and what lies between two."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.core.geometry.camera import resize
from promptda_ros.core.restore.trust import Validity
from promptda_ros.view.probe import pixel_in, probe, ruler_text, WORDS
from test.view.scenes import CAMERA, HEIGHT, SENSOR_M, wall, WALL_M, WIDTH


def test_a_click_tells_what_every_layer_holds_there():
    text = probe(wall(), 20, 10).text
    assert text == 'sensor 2.020 m, ours 2.000 m ± 0.004, measured, normal (0.00, 0.00, -1.00)'


def test_what_was_not_asked_for_is_not_told():
    moment = wall(uncertainty_m=None, validity=None)
    assert probe(moment, 20, 10).text.startswith('sensor 2.020 m, ours 2.000 m, normal')


@pytest.mark.parametrize(
    ('depth_m', 'words'),
    [
        (np.nan, 'sensor unknown'),
        (np.inf, 'sensor beyond its range'),
        (-np.inf, 'sensor nearer than its range'),
    ],
)
def test_missing_depth_of_the_sensor_is_told_by_its_kind(depth_m, words):
    moment = wall()
    sensor_m = np.full_like(moment.frame.sensor_depth_m, depth_m)
    found = probe(replace(moment, frame=replace(moment.frame, sensor_depth_m=sensor_m)), 5, 5)
    assert found.text.startswith(f'{words}, ours 2.000 m')
    assert found.sensor_point_m is None


def test_unknown_depth_has_no_point_and_no_normal():
    found = probe(wall(depth_m=np.full((HEIGHT, WIDTH), np.nan, np.float32)), 20, 10)
    assert 'ours unknown' in found.text
    assert 'normal' not in found.text
    assert found.point_m is None


def test_without_any_depth_only_the_sensor_is_told():
    found = probe(wall(depth_m=None, uncertainty_m=None, validity=None), 20, 10)
    assert found.text == 'sensor 2.020 m, ours unknown'


def test_every_code_of_validity_has_a_word():
    assert set(WORDS) == set(Validity)


@given(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), st.integers(1, 7))
def test_a_pixel_of_the_image_is_where_a_layer_of_any_size_shows_it(column, row, scale):
    size = HEIGHT * scale // 2, WIDTH * scale // 2
    x, y = pixel_in(size, (HEIGHT, WIDTH), column, row)
    assert 0 <= x < size[1]
    assert 0 <= y < size[0]
    assert abs((x + 0.5) / size[1] - (column + 0.5) / WIDTH) <= 1 / min(size[1], WIDTH)
    assert abs((y + 0.5) / size[0] - (row + 0.5) / HEIGHT) <= 1 / min(size[0], HEIGHT)


@given(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1))
def test_a_point_lies_on_the_ray_of_its_pixel(column, row):
    x, y, z = probe(wall(), column, row).point_m
    assert z == pytest.approx(WALL_M)
    assert CAMERA.fx * x / z + CAMERA.cx == pytest.approx(column)
    assert CAMERA.fy * y / z + CAMERA.cy == pytest.approx(row)


def test_the_ruler_measures_along_the_wall():
    begin, end = probe(wall(), 10, 10), probe(wall(), 40, 10)
    ours, sensor = 30 / CAMERA.fx * WALL_M, 30 / CAMERA.fx * SENSOR_M
    assert ruler_text(begin, end) == (
        f'distance: ours {ours * 1e3:.1f} mm, sensor {sensor * 1e3:.1f} mm'
    )


def test_the_ruler_needs_depth_at_both_ends():
    nothing = wall(depth_m=None)
    sensor_m = np.full((2, 2), np.nan, np.float32)
    nothing = replace(nothing, frame=replace(nothing.frame, sensor_depth_m=sensor_m))
    assert 'unknown' in ruler_text(probe(wall(), 1, 1), probe(nothing, 40, 10))


def test_the_normal_of_a_smaller_depth_uses_its_own_intrinsics():
    small = resize(CAMERA, width=WIDTH // 2, height=HEIGHT // 2)
    down = (np.arange(small.height)[:, None] - small.cy) / small.fy
    depth_m = 2.0 / (1.0 + 0.3 * down) * np.ones((1, small.width))  # a wall that leans
    normal = probe(wall(depth_m=depth_m.astype(np.float32)), 31, 30).normal
    np.testing.assert_allclose(normal, np.array([0.0, -0.3, -1.0]) / np.hypot(0.3, 1.0), atol=1e-3)


def test_a_code_of_validity_that_is_not_known_is_not_told():
    """The node may be newer than the page."""
    found = probe(wall(validity=np.full((HEIGHT, WIDTH), 200, np.uint8)), 20, 10)
    assert found.validity is None
    assert 'ours 2.000 m' in found.text
