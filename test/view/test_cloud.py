# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Clouds of a page: thinned, cropped, and met by rays."""

from __future__ import annotations

from dataclasses import replace
import math

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.core.settings import build
from promptda_ros.view.cloud import our_cloud, sensor_cloud, stride_for
from test.view.scenes import HEIGHT, SENSOR_M, wall, WALL_M, WIDTH

MANY = 1_000_000
COLOURS = np.zeros((HEIGHT, WIDTH, 3), np.uint8)


def cloud_of(moment, points=MANY, limit_m=math.inf):
    """Return our cloud with black points."""
    return our_cloud(moment, COLOURS, points, uncertainty_limit_m=limit_m)


@given(st.integers(1, 2000), st.integers(1, 2000), st.integers(1, 100_000))
def test_thinning_keeps_at_most_so_many_points(height, width, most):
    n = stride_for((height, width), most)
    assert (height // n) * (width // n) <= most
    assert n == 1 or (height / (n - 1)) * (width / (n - 1)) > most


def test_every_known_pixel_is_a_point_where_nothing_is_thinned():
    cloud = cloud_of(wall())
    assert len(cloud.points_m) == HEIGHT * WIDTH
    np.testing.assert_allclose(cloud.points_m[:, 2], WALL_M)


def test_the_sensor_has_points_where_it_measured():
    moment = wall()
    sensor_m = moment.frame.sensor_depth_m.copy()
    sensor_m[0, :3] = np.nan, np.inf, -np.inf
    moment = replace(moment, frame=replace(moment.frame, sensor_depth_m=sensor_m))
    cloud = sensor_cloud(moment, COLOURS[: HEIGHT // 4, : WIDTH // 4], MANY)
    assert len(cloud.points_m) == sensor_m.size - 3
    np.testing.assert_allclose(cloud.points_m[:, 2], SENSOR_M)


def test_doubtful_points_are_left_out():
    uncertainty_m = np.full((HEIGHT, WIDTH), 0.004, np.float32)
    uncertainty_m[:, :10] = 0.02
    moment = wall(uncertainty_m=uncertainty_m)
    assert len(cloud_of(moment, limit_m=0.01).points_m) == HEIGHT * (WIDTH - 10)


def test_the_workspace_of_the_node_crops_both_clouds():
    settings = build({'workspace.max_depth': WALL_M + 0.01})
    moment = wall(settings=settings)
    assert len(cloud_of(moment).points_m) == HEIGHT * WIDTH
    assert not len(sensor_cloud(moment, COLOURS[::4, ::4], MANY).points_m)


def test_without_depth_or_intrinsics_there_is_no_cloud():
    assert cloud_of(wall(depth_m=None)) is None
    moment = wall()
    assert cloud_of(replace(moment, frame=replace(moment.frame, intrinsics=None))) is None


@pytest.mark.parametrize('most', [MANY, 500])
@given(column=st.integers(0, WIDTH - 1), row=st.integers(0, HEIGHT - 1))
def test_a_ray_through_a_pixel_meets_that_pixel_or_its_neighbour(most, column, row):
    cloud = cloud_of(wall(), most)
    n = stride_for((HEIGHT, WIDTH), most)
    goal = np.array([(column - 31.5) / 60.0, (row - 23.5) / 60.0, 1.0]) * WALL_M
    eye = np.array([0.3, -0.2, -0.5])
    found = cloud.pixel_on(eye, goal - eye)
    if found is None:
        assert most < MANY  # between two points that are left
        return
    assert max(abs(found[0] - column), abs(found[1] - row)) <= n


def test_a_ray_beside_the_cloud_meets_nothing():
    assert cloud_of(wall()).pixel_on(np.zeros(3), np.array([0.0, 0.0, -1.0])) is None


def test_the_nearer_of_two_surfaces_is_met():
    depth_m = np.full((HEIGHT, WIDTH), WALL_M, np.float32)
    depth_m[:, WIDTH // 2 :] = 1.0
    cloud = cloud_of(wall(depth_m=depth_m, settings=build({'output.edge_filter': 'off'})))
    # From the left, past the edge of the nearer half, both lie on the ray.
    goal = np.array([(40 - 31.5) / 60.0, 0.0, 1.0])
    assert cloud.pixel_on(np.zeros(3), goal) == pytest.approx((40, 23), abs=1)
