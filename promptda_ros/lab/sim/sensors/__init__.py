# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Models of depth sensors: what they would report of a simulated view."""

from promptda_ros.lab.sim.sensors.presets import random_sensor, SENSORS
from promptda_ros.lab.sim.sensors.sensor import DepthSensor

__all__ = ['SENSORS', 'DepthSensor', 'random_sensor']
