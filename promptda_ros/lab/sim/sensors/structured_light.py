# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A dense depth camera whose picture was reduced to a coarse grid: little noise, few holes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from promptda_ros.lab.sim.sensors.light import mirroring
from promptda_ros.lab.sim.sensors.noise import patches
from promptda_ros.lab.sim.sensors.sensor import Depth, quantise, Raster
from promptda_ros.lab.sim.view import RenderedView

SAMPLES = 5  # per axis of a block: enough for a median


@dataclass(frozen=True)
class StructuredLight(Raster):
    """Medians of blocks of a camera of about the picture's resolution.

    As the reduced frames of public RGB-D data sets (Redwood, TUM), whose noise a median takes
    out: a block is on one of its surfaces, not between them.
    """

    rows: int = 48  # chosen: public evaluations reduce 480 to 48 or 60 rows
    columns: int = 64
    noise_m: float = 0.001  # chosen: of a block, at 1 m; grows with the square of the range
    step_m: float = 0.001  # the drivers report millimetres
    through_share: float = 0.7  # chosen: light that passes a transparent surface
    mirror_gloss: float = 0.75  # chosen: above, more and more of the pattern is lost
    dropout_share: float = 0.02  # chosen: patches without any answer

    def measure(self, view: RenderedView, rng: np.random.Generator) -> Depth:
        """Take the median depth of each pixel, with noise that grows by its square."""
        true_m = np.median(self._samples(view), axis=(1, 3))
        sigma_m = self.noise_m * np.square(true_m)
        measured_m = true_m + sigma_m * rng.standard_normal(true_m.shape, np.float32)
        lost = rng.random(true_m.shape) < mirroring(self.nearest(view.gloss), self.mirror_gloss)
        lost |= patches(true_m.shape, self.dropout_share, 8, rng)
        return quantise(np.where(lost, np.nan, measured_m), self.step_m)

    def _samples(self, view: RenderedView) -> np.ndarray:
        """Look SAMPLES x SAMPLES times into every block: (rows, SAMPLES, columns, SAMPLES)."""
        fine = Raster(rows=self.rows * SAMPLES, columns=self.columns * SAMPLES)
        surface_m = view.depth_m + self.through_share * view.clear * (view.behind_m - view.depth_m)
        return fine.nearest(surface_m).reshape(self.rows, SAMPLES, self.columns, SAMPLES)
