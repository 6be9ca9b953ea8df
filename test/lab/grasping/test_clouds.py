# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.grasping.clouds."""

from __future__ import annotations

import numpy as np
import pytest

from promptda_ros.core.frame import BadFrame
from promptda_ros.core.settings import build
from promptda_ros.lab.evaluation.sample import Sample
from promptda_ros.lab.grasping.clouds import (
    cloud_of,
    Clouds,
    MOST_UNCERTAIN_M,
    OURS,
    REFUSING,
    SeenCloud,
    SENSOR,
)
from promptda_ros.model import load_model

SIZE = 120, 160
MATRIX = np.array([[150.0, 0, 79.5], [0, 150, 59.5], [0, 0, 1]])


@pytest.fixture(scope='module')
def clouds() -> Clouds:
    """Return clouds of the network that is installed."""
    settings = build({'device': 'cpu', 'engine': 'torch'})
    return Clouds(load_model(settings).estimator, settings)


def sample(sensor_depth_m: np.ndarray) -> Sample:
    rows, columns = np.indices(SIZE, np.float32)
    truth_m = 1 + 0.0005 * rows + 0.0003 * columns  # a slope, as walls of one value have no pitch
    truth_m[40:80, 60:100] -= 0.3
    image = np.where(truth_m[..., None] < 0.9, np.uint8(200), np.uint8(60)).repeat(3, axis=2)
    return Sample('0', 'sensor', image, sensor_depth_m, truth_m)


def coarse(truth_m: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(truth_m[1::3, 1::3])


def test_points_lie_on_the_rays_of_their_pixels():
    cloud = cloud_of(sample(np.empty((1, 1))).truth_m, MATRIX, build({}))
    seen = MATRIX @ cloud.points_m[30, 90]
    np.testing.assert_allclose(seen / seen[2], [90, 30, 1], atol=1e-4)
    assert cloud.points_m[30, 90, 2] == cloud.depth_m[30, 90]


def test_a_hole_of_the_sensor_stays_one_in_its_own_cloud(clouds):
    one = sample(np.empty((1, 1)))
    sensor_m = coarse(one.truth_m)
    sensor_m[5:8, 5:8] = np.nan
    made = clouds.of(sample(sensor_m), MATRIX)[SENSOR]
    assert isinstance(made, SeenCloud)
    assert np.isnan(made.depth_m[15:24, 15:24]).all()
    assert not made.reliable[15:24, 15:24].any()
    assert np.isfinite(made.depth_m).mean() > 0.95


def test_refusing_rests_on_the_same_depth_and_grips_less(clouds):
    made = clouds.of(sample(coarse(sample(np.empty((1, 1))).truth_m)), MATRIX)
    ours, refusing = made[OURS], made[REFUSING]
    assert isinstance(ours, SeenCloud)
    assert isinstance(refusing, SeenCloud)
    np.testing.assert_array_equal(ours.depth_m, refusing.depth_m)
    assert ours.free_to_m is None
    assert not (refusing.reliable & ~ours.reliable).any()
    edge, inside = np.s_[38:42, 60:100], np.s_[55:65, 75:85]
    assert refusing.reliable[inside].mean() > 0.9
    assert refusing.reliable[edge].mean() < refusing.reliable[inside].mean()


def test_nothing_is_free_behind_what_is_seen_nor_where_nothing_is_known(clouds):
    made = clouds.of(sample(coarse(sample(np.empty((1, 1))).truth_m)), MATRIX)[REFUSING]
    assert isinstance(made, SeenCloud)
    assert made.free_to_m is not None
    known = np.isfinite(made.depth_m)
    assert (made.free_to_m[known] <= made.depth_m[known]).all()
    assert (made.free_to_m[~known] == 0).all()
    assert MOST_UNCERTAIN_M < 0.3  # else the step of this picture would be none


def test_a_blind_sensor_gives_no_cloud_and_the_reason(clouds):
    made = clouds.of(sample(np.full((40, 53), np.nan, np.float32)), MATRIX)
    assert all(isinstance(each, BadFrame) for each in made.values())
