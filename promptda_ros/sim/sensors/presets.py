# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The sensors by name, as they are and with qualities drawn for training."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from promptda_ros.sim.sensors.phone_lidar import PhoneLidar
from promptda_ros.sim.sensors.sensor import DepthSensor
from promptda_ros.sim.sensors.time_of_flight import TimeOfFlight

SENSORS: dict[str, DepthSensor] = {
    'phone_lidar': PhoneLidar(),
    'time_of_flight': TimeOfFlight(),
}


def random_sensor(name: str, rng: np.random.Generator) -> DepthSensor:
    """Draw a sensor of this kind: noise 0.3 to 2 times the usual, other qualities around it."""
    return RANDOM[name](rng)


def _phone_lidar(rng: np.random.Generator) -> PhoneLidar:
    return PhoneLidar(
        noise_ratio=PhoneLidar.noise_ratio * _quality(rng),
        through_share=rng.uniform(0.3, 1.0),
        mirror_loss=rng.uniform(0.2, 0.8),
        mirror_stretch=rng.uniform(0.05, 0.4),
    )


def _time_of_flight(rng: np.random.Generator) -> TimeOfFlight:
    # Rows and columns keep 3 : 4, from the smallest chip to a phone's.
    rows = int(rng.choice([48, 48, 96, 180]))
    noise = _quality(rng)
    return TimeOfFlight(
        rows=rows,
        columns=rows * 4 // 3,
        blur_cells=rng.uniform(0.25, 0.7),
        noise_m=TimeOfFlight.noise_m * noise,
        noise_per_m=TimeOfFlight.noise_per_m * noise,
        multipath_ratio=rng.uniform(0.0, 0.03),
        through_share=rng.uniform(0.2, 0.8),
        edge_loss=rng.uniform(0.0, 0.9),
        least_signal=TimeOfFlight.least_signal * _quality(rng),
        dropout_share=rng.uniform(0.0, 0.08),
    )


def _quality(rng: np.random.Generator) -> float:
    """Draw a factor on a sensor's noise, as often below the usual as the range allows."""
    return float(np.exp(rng.uniform(np.log(0.3), np.log(2.0))))


RANDOM: dict[str, Callable[[np.random.Generator], DepthSensor]] = {
    'phone_lidar': _phone_lidar,
    'time_of_flight': _time_of_flight,
}
