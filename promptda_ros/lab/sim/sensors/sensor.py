# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What every simulated depth sensor has in common: it measures a view on a coarse grid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from promptda_ros.lab.sim.view import RenderedView

Floats = NDArray[np.floating[Any]]
Depth = NDArray[np.float32]  # (rows, columns) metres along the optical axis, NaN unknown
RasterType = TypeVar('RasterType', bound='Raster')


class DepthSensor(Protocol):
    """Anything that turns a view into a low-resolution measurement registered to the camera."""

    @property
    def rows(self) -> int:
        """Height of what is measured."""

    @property
    def columns(self) -> int:
        """Width of what is measured."""

    def measure(self, view: RenderedView, rng: np.random.Generator) -> Depth:
        """Report (rows, columns) metres with NaN where the sensor saw nothing."""

    def for_window(self, share: float) -> DepthSensor:
        """Return the part of this sensor that looks at a crop with this share of the height."""


@dataclass(frozen=True)
class Raster:
    """A grid of (rows, columns) cells spread evenly over the camera's picture."""

    rows: int
    columns: int

    def for_window(self: RasterType, share: float) -> RasterType:
        """Keep the cells' size in camera pixels when only a part of the picture is given."""
        rows, columns = round(self.rows * share), round(self.columns * share)
        return replace(self, rows=max(rows, 1), columns=max(columns, 1))

    def nearest(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Give every cell the pixel (H, W) at its centre."""
        size = self.columns, self.rows
        return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST_EXACT))

    def mean(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Give every cell the mean of its pixels (H, W) or (H, W, channels)."""
        size = self.columns, self.rows
        return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def quantise(depth_m: Floats, step_m: float) -> Depth:
    """Round to whole steps, as integer formats do."""
    return (np.round(depth_m / step_m) * step_m).astype(np.float32)
