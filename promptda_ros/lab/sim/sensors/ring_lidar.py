# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A spinning LiDAR: a few lines of ranges, sparse in the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from promptda_ros.lab.sim.sensors.light import returned_light
from promptda_ros.lab.sim.sensors.sensor import Depth, Floats, quantise, Raster
from promptda_ros.lab.sim.view import RenderedView

Places = tuple[NDArray[np.intp], NDArray[np.intp]]


@dataclass(frozen=True)
class RingLidar(Raster):
    """Beams at fixed elevations, after Hesai's XT32, which also sees what is near.

    It sits in the camera, upright, and looks ahead. Cells that no beam hits are NaN; with the
    default rows about every line has its own row.
    """

    rows: int = 48  # chosen: about a degree per row of a 50 degree camera
    columns: int = 64
    lines: int = 32  # XT32
    lowest_deg: float = -16.0  # XT32
    highest_deg: float = 15.0  # XT32
    azimuth_step_deg: float = 0.18  # XT32 at 10 turns per second
    noise_m: float = 0.01  # XT32 states this as accuracy; chosen as the standard deviation
    least_range_m: float = 0.05  # XT32
    step_m: float = 0.004  # chosen: the step of common packet formats
    least_return: float = 0.01  # chosen: of a white wall; mirrors seen aslant send back less

    def measure(self, view: RenderedView, rng: np.random.Generator) -> Depth:
        """Measure along the beams and project the returns into the picture."""
        elevation, azimuth = self._beams(view, rng)
        pixel, elevation, azimuth = _inside(view, elevation, azimuth)
        # Along the optical axis a range counts by the cosines of both angles.
        shrink = np.cos(elevation) * np.cos(azimuth)
        true_m = view.behind_m[pixel]
        range_m = true_m / shrink + self.noise_m * rng.standard_normal(shrink.shape)
        range_m = quantise(range_m, self.step_m)
        seen = (returned_light(view)[pixel] > self.least_return) & (range_m > self.least_range_m)
        measured_m = np.where(seen, range_m * shrink, np.nan)
        return self._nearest_per_cell(view, pixel, true_m, measured_m)

    def _beams(self, view: RenderedView, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Give elevation and azimuth of the beams of one turn that the camera may see, in rad."""
        edges = np.array([-0.5, view.depth_m.shape[1] - 0.5])
        first, last = np.rad2deg(np.arctan((edges - view.matrix[0, 2]) / view.matrix[0, 0]))
        phase = rng.uniform(0, self.azimuth_step_deg)
        azimuth = np.deg2rad(np.arange(first + phase, last, self.azimuth_step_deg))
        elevation = np.deg2rad(np.linspace(self.lowest_deg, self.highest_deg, self.lines))
        shape = len(elevation), len(azimuth)
        return np.broadcast_to(elevation[:, None], shape), np.broadcast_to(azimuth, shape)

    def _nearest_per_cell(
        self, view: RenderedView, pixel: Places, true_m: Floats, measured_m: Floats
    ) -> Depth:
        """Keep of the points in one cell that of the nearest surface."""
        height, width = view.depth_m.shape
        cell = pixel[0] * self.rows // height, pixel[1] * self.columns // width
        grid_m = np.full((self.rows, self.columns), np.nan, np.float32)
        # The last one written stays; choosing by what was measured would prefer short errors.
        order = np.argsort(-true_m, kind='stable')
        order = order[np.isfinite(measured_m[order])]
        grid_m[cell[0][order], cell[1][order]] = measured_m[order]
        return grid_m


def _inside(
    view: RenderedView, elevation: Floats, azimuth: Floats
) -> tuple[Places, Floats, Floats]:
    """Find the pixels that beams hit, and leave out the beams that miss the picture."""
    height, width = view.depth_m.shape
    x = view.matrix[0, 2] + view.matrix[0, 0] * np.tan(azimuth)
    y = view.matrix[1, 2] - view.matrix[1, 1] * np.tan(elevation) / np.cos(azimuth)
    row, column = np.rint(y).astype(np.intp), np.rint(x).astype(np.intp)
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    return (row[inside], column[inside]), elevation[inside], azimuth[inside]
