# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.evaluation.methods."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import BadFrame
from promptda_ros.core.settings import build
from promptda_ros.lab.evaluation.methods import (
    BASELINES,
    FILTERS,
    filters_installed,
    in_shape_of,
    NetworkMethod,
)
from promptda_ros.network import load_network
from promptda_ros.network.engines.folded import fold
from promptda_ros.network.pixels import IMAGENET_MEAN, IMAGENET_STD

needs_filters = pytest.mark.skipif(
    not filters_installed(), reason='pip install -r requirements/filters.txt'
)
EVERY_BASELINE = [
    pytest.param(name, marks=needs_filters) if name in FILTERS else name for name in BASELINES
]


def step_frame() -> tuple[np.ndarray, np.ndarray]:
    """Return an image of a bright box before a dark wall, and sensor depth that blurs its edge."""
    image = np.full((48, 64, 3), 30, np.uint8)
    image[:, :34] = 220
    sensor_m = np.full((12, 16), 1.2, np.float32)
    sensor_m[:, :8] = 0.8
    return image, sensor_m


@pytest.mark.parametrize('name', EVERY_BASELINE)
def test_a_flat_wall_stays_a_flat_wall(name):
    image, _ = step_frame()
    depth_m = BASELINES[name](build({}))(image, np.full((12, 16), 1.5, np.float32))
    assert depth_m.dtype == np.float32
    np.testing.assert_allclose(depth_m, np.full((48, 64), 1.5), rtol=1e-5)


@pytest.mark.parametrize('name', [name for name in EVERY_BASELINE if name != 'nearest'])
def test_holes_are_filled(name):
    image, sensor_m = step_frame()
    sensor_m[3:7, 3:13] = np.nan
    depth_m = BASELINES[name](build({}))(image, sensor_m)
    assert np.isfinite(depth_m).all()


@pytest.mark.parametrize('name', [name for name in EVERY_BASELINE if name != 'nearest'])
def test_a_frame_without_measurements_is_refused(name):
    image, sensor_m = step_frame()
    with pytest.raises(BadFrame):
        BASELINES[name](build({}))(image, np.full_like(sensor_m, np.nan))


def test_nearest_leaves_holes_open():
    image, sensor_m = step_frame()
    sensor_m[3:6, 4:8] = np.nan
    depth_m = BASELINES['nearest'](build({}))(image, sensor_m)
    assert np.isnan(depth_m[12:24, 16:32]).all()
    assert np.isnan(depth_m).mean() == 12 / 192


@needs_filters
def test_the_joint_bilateral_filter_moves_an_edge_to_where_the_colour_changes():
    image, sensor_m = step_frame()  # the sensor's edge is at 32, the colour's at 34
    bilinear_m = BASELINES['bilinear'](build({}))(image, sensor_m)
    filtered_m = BASELINES['joint_bilateral'](build({}))(image, sensor_m)
    assert np.abs(filtered_m[:, 33] - 0.8).mean() < np.abs(bilinear_m[:, 33] - 0.8).mean()


def test_a_network_answers_through_the_estimator(network_folder):
    image, sensor_m = step_frame()
    network = load_network(network_folder)
    folded = fold(network, image_mean=IMAGENET_MEAN, image_std=IMAGENET_STD)
    estimator = Estimator(folded, device=torch.device('cpu'))
    depth_m = NetworkMethod(build({}), 'random', estimator)(image, sensor_m)
    assert depth_m.shape == (48, 64)


@pytest.mark.parametrize(
    'shape, rows, columns, registered',
    [
        ((480, 640), 8, 8, (24, 32)),
        ((480, 640), 48, 64, (48, 64)),
        ((252, 336), 32, 32, (96, 128)),
        ((720, 1280), 8, 8, (72, 128)),
        ((480, 640), 16, 64, (48, 64)),
    ],
)
def test_zones_become_blocks_of_a_registered_picture(shape, rows, columns, registered):
    zones_m = np.linspace(1, 2, rows * columns, dtype=np.float32).reshape(rows, columns)
    blocks_m = in_shape_of(np.zeros((*shape, 3), np.uint8), zones_m)
    assert blocks_m.shape == registered
    # Every zone is still there, in its place.
    back_m = cv2.resize(blocks_m, (columns, rows), interpolation=cv2.INTER_NEAREST_EXACT)
    np.testing.assert_array_equal(back_m, zones_m)
