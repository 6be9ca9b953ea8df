# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Direct time-of-flight zones: few wide cones, each with the range of its strongest surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from promptda_ros.lab.sim.sensors.light import returned_light
from promptda_ros.lab.sim.sensors.sensor import Depth, Floats, quantise, Raster
from promptda_ros.lab.sim.view import RenderedView


@dataclass(frozen=True)
class Zones(Raster):
    """A histogram of arrival times per zone, and the mean around its highest peak.

    After ST's VL53L5CX and VL53L8CX: 8 x 8 zones up to 4 m. Two surfaces in one cone are not
    mixed unless they are closer than a pulse; the one that returns more light wins.
    """

    rows: int = 8  # VL53L5CX and VL53L8CX data sheets
    columns: int = 8
    bin_m: float = 0.0375  # chosen: 250 ps
    most_range_m: float = 4.0  # data sheets
    leak_share: float = 0.05  # chosen: light of each neighbour, since cones overlap
    noise_m: float = 0.003  # chosen
    noise_ratio: float = 0.015  # chosen
    step_m: float = 0.001  # the drivers report millimetres
    through_share: float = 0.7  # chosen: light that passes a transparent surface
    least_signal: float = 0.004  # chosen: of a white wall at 1 m
    dropout_share: float = 0.02  # chosen

    def measure(self, view: RenderedView, rng: np.random.Generator) -> Depth:
        """Take the strongest peak of the histogram of each zone."""
        power, weighted_m = self._histograms(view)
        range_m, signal = _peak(power, weighted_m)
        sigma_m = self.noise_m + self.noise_ratio * range_m
        measured_m = range_m + sigma_m * rng.standard_normal(range_m.shape, np.float32)
        lost = (signal < self.least_signal) | (range_m > self.most_range_m)
        lost |= rng.random(range_m.shape) < self.dropout_share
        return quantise(np.where(lost, np.nan, measured_m), self.step_m)

    def _histograms(self, view: RenderedView) -> tuple[Floats, Floats]:
        """Sort the light of every zone by range: power and power x range (rows, columns, bins)."""
        zone, range_m, power = self._echoes(view)
        bins = int(np.ceil(self.most_range_m / self.bin_m)) + 1  # the last is for all beyond
        at = zone * bins + np.minimum(range_m / self.bin_m, bins - 1).astype(np.intp)
        shape, size = (self.rows, self.columns, bins), self.rows * self.columns * bins
        summed = np.bincount(at, power, size).astype(np.float32).reshape(shape)
        summed_m = np.bincount(at, power * range_m, size).astype(np.float32).reshape(shape)
        return self._leak(summed), self._leak(summed_m)

    def _echoes(self, view: RenderedView) -> tuple[NDArray[np.intp], Floats, Floats]:
        """List zone, range and power of an echo per pixel, and of a second one behind glass."""
        height, width = view.depth_m.shape
        row = np.arange(height) * self.rows // height
        column = np.arange(width) * self.columns // width
        zone = (row[:, None] * self.columns + column).ravel()
        light, clear = returned_light(view).ravel(), np.flatnonzero(view.clear)
        light *= self.rows * self.columns / light.size  # a whole zone is 1
        through = np.float32(self.through_share) * light[clear]
        light[clear] -= through
        range_m = np.concatenate([view.depth_m.ravel(), view.behind_m.ravel()[clear]])
        power = np.concatenate([light, through]) / np.square(range_m)
        return np.concatenate([zone, zone[clear]]), range_m, power

    def _leak(self, histograms: Floats) -> Floats:
        """Add some light of the four neighbours."""
        padded = np.pad(histograms, ((1, 1), (1, 1), (0, 0)), mode='edge')
        upright = padded[:-2, 1:-1] + padded[2:, 1:-1]
        sideways = padded[1:-1, :-2] + padded[1:-1, 2:]
        return histograms + np.float32(self.leak_share) * (upright + sideways)


def _peak(power: Floats, weighted_m: Floats) -> tuple[Floats, Floats]:
    """Find the strongest three bins in a row of every zone: their mean range and their power."""
    three, three_m = _three(power), _three(weighted_m)
    best = three.argmax(axis=2)[..., None]
    signal = np.take_along_axis(three, best, axis=2)[..., 0]
    range_m = np.take_along_axis(three_m, best, axis=2)[..., 0] / np.maximum(signal, 1e-9)
    return range_m, signal


def _three(bins: Floats) -> Floats:
    return bins[..., :-2] + bins[..., 1:-1] + bins[..., 2:]
