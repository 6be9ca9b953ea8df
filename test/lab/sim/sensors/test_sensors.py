# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What holds for every simulated depth sensor."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from numpy.typing import NDArray
import pytest

from promptda_ros.lab.sim.sensors import DepthSensor, random_sensor, SENSORS
from promptda_ros.lab.sim.view import RenderedView

Maker = Callable[..., RenderedView]
NAMES = st.sampled_from(sorted(SENSORS))
SEEDS = st.integers(0, 2**32 - 1)
SHAPES = {
    'phone_lidar': (192, 256),
    'time_of_flight': (48, 64),
    'active_stereo': (240, 320),
    'structured_light': (48, 64),
    'zones_8x8': (8, 8),
    'zones_32x32': (32, 32),
    'ring_lidar': (48, 64),
}


def measure(sensor: DepthSensor, view: RenderedView, seed: int = 0) -> NDArray[np.float32]:
    return sensor.measure(view, np.random.default_rng(seed))


@pytest.mark.parametrize('name, shape', SHAPES.items())
def test_sensor_has_its_resolution(
    name: str, shape: tuple[int, int], make_view: Maker, step_m: NDArray[np.float32]
) -> None:
    measured_m = measure(SENSORS[name], make_view(step_m))
    assert measured_m.shape == shape
    assert measured_m.dtype == np.float32


@settings(max_examples=15)
@given(name=NAMES, seed=SEEDS)
def test_same_seed_gives_the_same_measurement(
    name: str, seed: int, make_view: Maker, step_m: NDArray[np.float32]
) -> None:
    view = make_view(step_m)
    first, second = (
        measure(random_sensor(name, np.random.default_rng(seed)), view, seed) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


@settings(max_examples=25)
@given(name=NAMES, depth_m=st.floats(0.25, 2.0), seed=SEEDS)
def test_a_flat_wall_is_measured_where_it_is(
    name: str, depth_m: float, seed: int, make_view: Maker
) -> None:
    measured_m = measure(SENSORS[name], make_view(depth_m), seed)
    error_m = measured_m[np.isfinite(measured_m)] - depth_m
    deviation_m = 0.012 + 0.02 * depth_m  # of the noisiest sensor
    assert np.median(np.abs(error_m)) < deviation_m
    assert abs(error_m.mean()) < 0.003 + 4 * deviation_m / np.sqrt(error_m.size)
    assert np.isfinite(measured_m).mean() > (0.4 if name == 'ring_lidar' else 0.7)


@settings(max_examples=25)
@given(
    name=NAMES,
    seed=SEEDS,
    height=st.integers(112, 252),
    width=st.integers(112, 336),
    data=st.data(),
)
def test_windows_of_any_size_are_measured_within_their_depths(
    name: str,
    seed: int,
    height: int,
    width: int,
    data: st.DataObject,
    make_view: Maker,
    step_m: NDArray[np.float32],
) -> None:
    top, left = data.draw(st.integers(0, 252 - height)), data.draw(st.integers(0, 336 - width))
    view = make_view(step_m).window(top, left, height, width)
    sensor = random_sensor(name, np.random.default_rng(seed)).for_window(height / 252)
    measured_m = measure(sensor, view, seed)
    assert measured_m.shape == (sensor.rows, sensor.columns)
    known_m = measured_m[np.isfinite(measured_m)]
    # Six deviations of the noisiest sensor drawn, and the longest multipath.
    assert known_m.min(initial=9) > view.depth_m.min() - 0.15
    assert known_m.max(initial=0) < view.depth_m.max() + 0.3


@pytest.mark.parametrize('name', SHAPES)
def test_a_window_keeps_the_size_of_cells(name: str) -> None:
    half = SENSORS[name].for_window(0.5)
    assert (half.rows, half.columns) == tuple(side // 2 for side in SHAPES[name])


@pytest.mark.parametrize('name', SHAPES)
def test_unknown_is_never_zero(name: str, make_view: Maker, step_m: NDArray[np.float32]) -> None:
    measured_m = measure(SENSORS[name], make_view(step_m, gloss=0.9))
    assert np.nanmin(measured_m, initial=9) > 0.4


@pytest.mark.parametrize('name', SHAPES)
def test_input_is_left_as_it_was(name: str, make_view: Maker, step_m: NDArray[np.float32]) -> None:
    view, copy = make_view(step_m, behind_m=step_m + 0.1), make_view(step_m, behind_m=step_m + 0.1)
    measure(SENSORS[name], view)
    np.testing.assert_array_equal(view.depth_m, copy.depth_m)
    np.testing.assert_array_equal(view.behind_m, copy.behind_m)
    np.testing.assert_array_equal(view.image, copy.image)


@pytest.mark.parametrize('name', SHAPES)
def test_mirrored_views_can_be_measured(
    name: str, make_view: Maker, step_m: NDArray[np.float32]
) -> None:
    assert np.isfinite(measure(SENSORS[name], make_view(step_m).mirrored())).any()
