# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The sensors by name, as they are and with qualities drawn for training."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from promptda_ros.lab.sim.sensors.active_stereo import ActiveStereo
from promptda_ros.lab.sim.sensors.phone_lidar import PhoneLidar
from promptda_ros.lab.sim.sensors.ring_lidar import RingLidar
from promptda_ros.lab.sim.sensors.sensor import DepthSensor
from promptda_ros.lab.sim.sensors.structured_light import StructuredLight
from promptda_ros.lab.sim.sensors.time_of_flight import TimeOfFlight
from promptda_ros.lab.sim.sensors.zones import Zones

SENSORS: dict[str, DepthSensor] = {
    'phone_lidar': PhoneLidar(),
    'time_of_flight': TimeOfFlight(),
    'active_stereo': ActiveStereo(),
    'structured_light': StructuredLight(),
    'zones_8x8': Zones(),
    'zones_32x32': Zones(rows=32, columns=32),
    'ring_lidar': RingLidar(),
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


def _active_stereo(rng: np.random.Generator) -> ActiveStereo:
    return ActiveStereo(
        baseline_m=rng.uniform(0.04, 0.07),
        noise_px=ActiveStereo.noise_px * _quality(rng),
        noise_cells=rng.uniform(1.0, 2.5),
        window_cells=int(rng.choice([3, 5, 7])),
        fatten_share=rng.uniform(0.5, 1.0),
        least_texture=ActiveStereo.least_texture * _quality(rng),
        dot_texture=rng.uniform(20.0, 150.0),
        mirror_loss=rng.uniform(0.5, 1.0),
        clear_loss=rng.uniform(0.3, 0.9),
        patch_cells=int(rng.integers(12, 36)),
    )


def _structured_light(rng: np.random.Generator) -> StructuredLight:
    # Rows and columns keep 3 : 4, from public evaluations to what the node makes of a camera.
    rows = int(rng.choice([48, 48, 60, 96, 192]))
    return StructuredLight(
        rows=rows,
        columns=rows * 4 // 3,
        noise_m=StructuredLight.noise_m * _quality(rng),
        through_share=rng.uniform(0.4, 1.0),
        dropout_share=rng.uniform(0.0, 0.06),
    )


def _zones(side: int, rng: np.random.Generator) -> Zones:
    noise = _quality(rng)
    return Zones(
        rows=side,
        columns=side,
        leak_share=rng.uniform(0.0, 0.1),
        noise_m=Zones.noise_m * noise,
        noise_ratio=Zones.noise_ratio * noise,
        through_share=rng.uniform(0.4, 0.9),
        dropout_share=rng.uniform(0.0, 0.08),
    )


def _ring_lidar(rng: np.random.Generator) -> RingLidar:
    half_deg, tilt_deg = rng.uniform(15.0, 45.0), rng.uniform(-5.0, 5.0)
    return RingLidar(
        lines=int(rng.choice([16, 32, 64, 128])),
        lowest_deg=tilt_deg - half_deg,
        highest_deg=tilt_deg + half_deg,
        azimuth_step_deg=rng.uniform(0.1, 0.4),
        noise_m=RingLidar.noise_m * _quality(rng),
    )


def _quality(rng: np.random.Generator) -> float:
    """Draw a factor on a sensor's noise, as often below the usual as the range allows."""
    return float(np.exp(rng.uniform(np.log(0.3), np.log(2.0))))


RANDOM: dict[str, Callable[[np.random.Generator], DepthSensor]] = {
    'phone_lidar': _phone_lidar,
    'time_of_flight': _time_of_flight,
    'active_stereo': _active_stereo,
    'structured_light': _structured_light,
    'zones_8x8': partial(_zones, 8),
    'zones_32x32': partial(_zones, 32),
    'ring_lidar': _ring_lidar,
}
