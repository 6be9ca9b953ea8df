# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""An indirect time-of-flight camera: every pixel is the mean over a cone, with noise and holes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from promptda_ros.lab.sim.sensors.light import returned_light
from promptda_ros.lab.sim.sensors.noise import patches
from promptda_ros.lab.sim.sensors.sensor import Depth, Floats, quantise, Raster
from promptda_ros.lab.sim.view import RenderedView

GREY_CARD = 0.2  # reflectance at which the noise is stated
CORNER_GRID = 48, 64  # multipath is smooth: rows and columns on which it is computed


@dataclass(frozen=True)
class TimeOfFlight(Raster):
    """Phase of reflected light: noise by range and darkness, flying pixels, bent corners, holes.

    A pixel adds up all the light in its cone, so that edges and glass give depths in between.
    """

    rows: int = 48  # chosen: a small chip; 180 x 240 are those of larger ones
    columns: int = 64
    blur_cells: float = 0.4  # chosen: the lens spreads a cone over its neighbours
    noise_m: float = 0.002  # chosen
    noise_per_m: float = (
        0.004  # chosen: metres of noise at 1 m; grows with the square of the range
    )
    step_m: float = 0.001  # chosen
    multipath_ratio: float = 0.015  # chosen: 1 to 2 % too far in a corner
    multipath_depth_ratio: float = 0.05  # chosen: a corner this much deeper has the whole of it
    through_share: float = 0.5  # chosen: light that comes from behind a transparent surface
    edge_ratio: float = 0.05  # chosen: steps in a cone above are taken for flying pixels
    edge_loss: float = 0.5  # chosen: share of flying pixels that the sensor removes itself
    least_signal: float = 0.012  # chosen: of a white wall at 1 m; less light is a hole
    dropout_share: float = 0.03  # chosen: patches without any answer

    def measure(self, view: RenderedView, rng: np.random.Generator) -> Depth:
        """Average light and depth over each pixel, with noise, multipath and holes."""
        light = np.maximum(returned_light(view), np.float32(1e-4))
        surface_m = view.depth_m + self.through_share * (view.behind_m - view.depth_m)
        amplitude = light / np.square(view.depth_m)
        signal = self._cone(amplitude)
        mean_m = self._cone(amplitude * surface_m) / signal
        lost = self._lost(surface_m, mean_m, signal, rng)
        measured_m = mean_m + self._multipath(mean_m) + self._noise(mean_m, signal, rng)
        return quantise(np.where(lost, np.nan, measured_m), self.step_m)

    def _cone(self, pixels: Floats) -> Floats:
        return np.asarray(cv2.GaussianBlur(self.mean(pixels), (3, 3), self.blur_cells))

    def _noise(self, mean_m: Floats, signal: Floats, rng: np.random.Generator) -> Floats:
        """Draw the error in metres: quadratic in the range, more on dark surfaces."""
        darkness = np.sqrt(GREY_CARD / (signal * mean_m**2))
        sigma_m = self.noise_m + self.noise_per_m * mean_m**2 * np.clip(darkness, 0.5, 3)
        return np.asarray(sigma_m * rng.standard_normal(mean_m.shape, np.float32))

    def _multipath(self, mean_m: Floats) -> Floats:
        """Lengthen ranges in hollows, where light also arrives by way of the other surfaces."""
        rows, columns = min(CORNER_GRID[0], self.rows), min(CORNER_GRID[1], self.columns)
        small_m = cv2.resize(mean_m, (columns, rows), interpolation=cv2.INTER_AREA)
        sigma = columns / 16
        # The inverse depth of a plane is linear in the picture, also across an odd reflection.
        border = min(round(3 * sigma), rows - 1)
        padded = np.pad(1 / small_m, border, mode='reflect', reflect_type='odd')
        around = cv2.GaussianBlur(padded, (0, 0), sigma)[border:-border, border:-border]
        hollow = np.clip((small_m * around - 1) / self.multipath_depth_ratio, 0, 1)
        bias_ratio = self.multipath_ratio * cv2.GaussianBlur(hollow, (0, 0), sigma / 3)
        return np.asarray(mean_m * cv2.resize(bias_ratio, (self.columns, self.rows)))

    def _lost(
        self, surface_m: Floats, mean_m: Floats, signal: Floats, rng: np.random.Generator
    ) -> NDArray[np.bool_]:
        """Mark pixels with too little light, flying pixels found out, and whole patches."""
        flicker = np.exp(0.3 * rng.standard_normal(mean_m.shape, np.float32))
        lost = signal * flicker < self.least_signal
        removed = rng.random(mean_m.shape) < self.edge_loss
        lost |= removed & (self._steps(surface_m) > self.edge_ratio * mean_m)
        return np.asarray(lost | patches(mean_m.shape, self.dropout_share, 8, rng))

    def _steps(self, surface_m: Floats) -> Floats:
        """Give the spread of depth within every cone in metres."""
        height, width = surface_m.shape
        cone = np.ones((height // self.rows | 1, width // self.columns | 1), np.uint8)
        spread = cv2.dilate(surface_m, cone) - cv2.erode(surface_m, cone)
        return self.nearest(spread)
