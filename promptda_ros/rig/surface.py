# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How depth shows a board: where, how flat, how steady."""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np

from promptda_ros.core.frame import FloatImage
from promptda_ros.rig.flicker import Deviation
from promptda_ros.rig.plane import is_on, Plane, Rays, residual_m

LEAST_SHARE = 0.5  # of the frames, in which a pixel must be known to have a lasting error


@dataclass(frozen=True)
class Surface:
    """A board as one kind of depth shows it; metres are along the optical axis."""

    distance_m: float  # but this: square to the board; median over the frames
    tilt_deg: float
    plane_fit_m: float  # RMS distance of the pixels of a frame from its plane
    shape_m: float  # what lasts of that: RMS of the mean over the frames
    noise_m: float  # what changes of that: mean deviation over time
    flicker_m: float | None  # mean deviation over time of the depth itself, of a camera at rest
    share: float  # of the pixels, that show the board; the others are left out


class SurfaceMeter:
    """Takes the depth of a board, frame by frame."""

    def __init__(self) -> None:
        self.distances_m: list[float] = []
        self._tilts_deg: list[float] = []
        self._fits_m: list[float] = []
        self._shares: list[float] = []
        self._residuals, self._depths = Deviation(), Deviation()
        self._size: tuple[int, ...] = ()

    def add(self, depth_m: FloatImage, plane: Plane, where: Rays) -> None:
        """Take depth (h, w) of the board, NaN unknown, and the plane through it."""
        if depth_m.shape != (self._size or depth_m.shape):
            return
        self._size = depth_m.shape
        off_m = residual_m(depth_m, plane, where)
        on_board = is_on(off_m, plane)
        off_m = np.where(on_board, off_m, np.nan)
        self.distances_m.append(plane.distance_m)
        self._tilts_deg.append(plane.tilt_deg)
        self._fits_m.append(rms(off_m))
        self._shares.append(float(on_board.mean()))
        self._residuals.add(off_m)
        self._depths.add(np.where(on_board, depth_m, np.nan))

    def result(self, *, moved: bool) -> Surface | None:
        """Return the figures; None if no frame was taken."""
        if not self.distances_m:
            return None
        noise_m = self._residuals.mean_m()
        by_noise_m2 = noise_m**2 / len(self.distances_m) if np.isfinite(noise_m) else 0.0
        return Surface(
            distance_m=float(np.median(self.distances_m)),
            tilt_deg=float(np.median(self._tilts_deg)),
            plane_fit_m=float(np.median(self._fits_m)),
            shape_m=math.sqrt(max(0.0, rms(self.shape_m) ** 2 - by_noise_m2)),
            noise_m=noise_m,
            flicker_m=None if moved else self._depths.mean_m(),
            share=float(np.mean(self._shares)),
        )

    @property
    def shape_m(self) -> FloatImage:
        """Return how far each pixel (h, w) is from the plane in the mean, NaN where unknown."""
        least = LEAST_SHARE * len(self.distances_m)
        return self._residuals.means_m(least=least).astype(np.float32)


def rms(values: FloatImage) -> float:
    """Return the root mean square of the known values; NaN if there is none."""
    known = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(np.square(known, dtype=np.float64)))) if len(known) else np.nan
