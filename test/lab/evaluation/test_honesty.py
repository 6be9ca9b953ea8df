# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Metres stay metres: the embedded network when only scale, distance or faults change."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import pytest

from promptda_ros.core.settings import build
from promptda_ros.lab.evaluation.methods import NetworkMethod
from promptda_ros.lab.evaluation.reduce import reduce_median
from promptda_ros.model import load_model

HEIGHT, WIDTH = 480, 640
CLEAN_PX = WIDTH // 10  # farther than this from a fault is the clean region


SENSOR_SIZE = 48, 64
# Mean error of the enlargement at depth edges, with a prompt without any fault: a sensor's own is
# larger.
AT_EDGES_M = 0.0005


class Scene(NamedTuple):
    """A striped table that slants away, three coloured boxes on it, and coarse sensor depth."""

    image: np.ndarray
    sensor_depth_m: np.ndarray


@pytest.fixture(scope='module')
def network() -> NetworkMethod:
    settings = build({'engine': 'torch'})  # compilation takes longer than all of this
    return NetworkMethod(settings, 'promptda-tiny', load_model(settings).estimator)


@pytest.fixture(scope='module')
def exact() -> tuple[np.ndarray, np.ndarray]:
    """Return the image of the scene and the depth of every pixel."""
    rng = np.random.default_rng(5)
    row, column = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    depth_m = 1.3 - 0.5 * row / HEIGHT
    image = np.float32([150, 120, 90]) + 20 * np.sin(column / 9)[..., None]
    for place, height_m, colour in (
        (np.s_[150:270, 100:240], 0.12, (40, 60, 160)),
        (np.s_[260:400, 380:470], 0.20, (190, 60, 50)),
        (np.s_[90:160, 420:550], 0.07, (70, 150, 70)),
    ):
        depth_m[place] = depth_m[place].mean() - height_m
        image[place] = colour
    noisy = np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)
    return noisy, depth_m


@pytest.fixture(scope='module')
def scene(exact) -> Scene:
    image, exact_m = exact
    return Scene(image, reduce_median(exact_m, SENSOR_SIZE))


@pytest.fixture(scope='module')
def depth_m(network, scene) -> np.ndarray:
    return network(*scene)


@pytest.mark.parametrize('factor', [0.5, 0.8, 1.5, 3.0])
def test_a_prompt_times_k_gives_the_output_times_k(network, scene, depth_m, factor):
    scaled_m = network(scene.image, scene.sensor_depth_m * np.float32(factor))
    np.testing.assert_array_equal(np.isnan(scaled_m), np.isnan(depth_m))
    np.testing.assert_allclose(scaled_m, factor * depth_m, rtol=0.01)


@pytest.mark.parametrize('shift_m', [-0.3, 0.2, 1.0])
def test_a_scene_farther_away_is_that_much_farther_in_the_output(network, scene, depth_m, shift_m):
    """Within 1 % of the prompt's range for 99 % of the pixels.

    At depth edges the enlargement asks which relative step is one, and that changes with distance.
    """
    shifted_m = network(scene.image, scene.sensor_depth_m + np.float32(shift_m))
    np.testing.assert_array_equal(np.isnan(shifted_m), np.isnan(depth_m))
    error_m = np.abs(shifted_m - depth_m - shift_m)
    assert np.nanpercentile(error_m, 99) < 0.01 * np.ptp(scene.sensor_depth_m)


@pytest.mark.parametrize('side', [4, 12, 24])
def test_a_hole_does_not_move_what_is_away_from_it(network, scene, depth_m, side):
    """D5: a quarter of the picture at the most."""
    at = np.s_[10 : 10 + side, 6 : 6 + side]
    holed_m = scene.sensor_depth_m.copy()
    holed_m[at] = np.nan
    assert _median_change(network(scene.image, holed_m), depth_m, at) < 0.01


@pytest.mark.parametrize('side, value_m', [(1, 9.9), (2, 9.9), (1, 0.06), (2, 0.06), (3, 4.0)])
def test_an_outlier_does_not_move_what_is_away_from_it(network, scene, depth_m, side, value_m):
    """D7: single pixels, which are not believed, and larger specks, which may be."""
    at = np.s_[20 : 20 + side, 16 : 16 + side]
    spoilt_m = scene.sensor_depth_m.copy()
    spoilt_m[at] = value_m
    assert _median_change(network(scene.image, spoilt_m), depth_m, at) < 0.01


def test_a_far_corner_costs_little_accuracy_elsewhere(network, exact, depth_m):
    """K29: something 8 m away, behind the end of the table."""
    image, exact_m = exact
    corner, near_it = np.s_[:80, -96:], np.s_[: 80 + CLEAN_PX, -96 - CLEAN_PX :]
    far_m, elsewhere = exact_m.copy(), np.ones_like(exact_m, np.bool_)
    far_m[corner], elsewhere[near_it] = 8.0, False
    found_m = network(image, reduce_median(far_m, SENSOR_SIZE))
    assert np.nanmedian(found_m[corner]) == pytest.approx(8.0, rel=0.05)
    before_m, after_m = (_mean_error(each, exact_m, elsewhere) for each in (depth_m, found_m))
    assert after_m < 1.3 * before_m


@pytest.mark.parametrize('noise_m', [0.0, 0.001, 0.002, 0.004])
def test_a_prompt_as_dense_as_the_image_is_made_no_worse(network, exact, noise_m):
    """K30: as clean as sensors are, or without any fault at all."""
    image, exact_m = exact
    noise = np.random.default_rng(1).normal(0, noise_m, exact_m.shape)
    prompt_m = (exact_m + noise).astype(np.float32)
    everywhere = np.ones_like(exact_m, np.bool_)
    found_m = network(image, prompt_m)
    assert np.isfinite(found_m).mean() > 0.99
    limit_m = max(_mean_error(prompt_m, exact_m, everywhere), AT_EDGES_M)
    assert _mean_error(found_m, exact_m, everywhere) <= limit_m


def _mean_error(depth_m: np.ndarray, exact_m: np.ndarray, where: np.ndarray) -> float:
    return float(np.nanmean(np.abs(depth_m - exact_m)[where]))


def _median_change(changed_m: np.ndarray, depth_m: np.ndarray, at: tuple[slice, slice]) -> float:
    """Return the median relative change of the region away from faulty sensor pixels."""
    faulty = np.zeros((48, 64), np.uint8)
    faulty[at] = 1
    faulty = cv2.resize(faulty, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)
    near = cv2.dilate(faulty, np.ones((2 * CLEAN_PX + 1,) * 2, np.uint8)) > 0
    return float(np.nanmedian((np.abs(changed_m - depth_m) / depth_m)[~near]))
