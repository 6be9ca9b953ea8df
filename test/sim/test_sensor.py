# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Simulated depth sensors report what such sensors report: coarse, noisy, with holes."""

from __future__ import annotations

import numpy as np
import pytest

from promptda_ros.sim.sensor import DepthSensor, PhoneLidar, TimeOfFlight

SENSORS: list[DepthSensor] = [PhoneLidar(), TimeOfFlight()]
GREY = np.full((480, 640, 3), 128, np.uint8)
WALL_M = np.full((480, 640), 1.0, np.float32)


def step_m() -> np.ndarray:
    """Give depth with a near left half and a far right half."""
    depth_m = np.full((480, 640), 0.5, np.float32)
    depth_m[:, 325:] = 1.5
    return depth_m


@pytest.mark.parametrize('sensor, shape', [(SENSORS[0], (192, 256)), (SENSORS[1], (48, 64))])
def test_sensor_has_its_resolution(sensor: DepthSensor, shape: tuple[int, int]) -> None:
    measured_m = sensor.measure(WALL_M, GREY, np.random.default_rng(0))
    assert measured_m.shape == shape
    assert measured_m.dtype == np.float32


@pytest.mark.parametrize('sensor', SENSORS)
def test_same_seed_gives_the_same_measurement(sensor: DepthSensor) -> None:
    first, second = (sensor.measure(step_m(), GREY, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize('sensor', SENSORS)
def test_flat_wall_is_measured_within_noise(sensor: DepthSensor) -> None:
    error_m = sensor.measure(WALL_M, GREY, np.random.default_rng(1)) - 1.0
    assert abs(np.nanmean(error_m)) < 0.001
    assert 0.0005 < np.nanstd(error_m) < 0.01


@pytest.mark.parametrize('sensor', SENSORS)
def test_measurements_are_whole_millimetres(sensor: DepthSensor) -> None:
    measured_mm = 1000 * sensor.measure(step_m(), GREY, np.random.default_rng(2))
    known = measured_mm[np.isfinite(measured_mm)]
    np.testing.assert_allclose(known, np.round(known), atol=1e-3)


def test_time_of_flight_marks_holes_with_nan_and_never_with_zero() -> None:
    measured_m = TimeOfFlight().measure(step_m(), GREY, np.random.default_rng(3))
    assert np.isnan(measured_m).any()
    assert np.nanmin(measured_m) > 0.4


def test_time_of_flight_loses_edges_or_lets_points_fly() -> None:
    measured_m = TimeOfFlight().measure(step_m(), GREY, np.random.default_rng(4))
    at_edge = measured_m[:, 32]  # its cone spans pixels 320 to 329
    assert 0.2 < np.isnan(at_edge).mean() < 0.8
    flying = at_edge[np.isfinite(at_edge)]
    assert ((flying > 0.6) & (flying < 1.4)).all()


def test_time_of_flight_loses_dark_surfaces() -> None:
    dark = GREY.copy()
    dark[:, :320] = 5
    lost = np.isnan(TimeOfFlight().measure(WALL_M, dark, np.random.default_rng(5)))
    assert lost[:, :32].mean() > 0.3
    assert lost[:, 32:].mean() < 0.1


def test_phone_lidar_has_no_holes_but_misses_thin_things() -> None:
    depth_m = WALL_M.copy()
    depth_m[:, 300:304] = 0.5  # under two sensor pixels wide, anchors are seven apart
    measured_m = PhoneLidar().measure(depth_m, GREY, np.random.default_rng(6))
    assert np.isfinite(measured_m).all()
    seen = (measured_m[:, 120:122] < 0.6).mean()
    assert seen < 0.6
