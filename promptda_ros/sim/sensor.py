# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Models of cheap depth sensors: exact depth and colour in, what the sensor reports out.

Both sensors see through the camera's own lens: their pictures are registered to the colour image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]  # (H, W, 3) RGB
Depth = NDArray[np.float32]  # (H, W) metres, NaN unknown


class DepthSensor(Protocol):
    """Anything that turns exact depth into a low-resolution measurement."""

    def measure(self, depth_m: Depth, image: Image, rng: np.random.Generator) -> Depth:
        """Report (rows, columns) metres with NaN where the sensor saw nothing."""


@dataclass(frozen=True)
class PhoneLidar:
    """A phone's LiDAR: few true ranges on a bent grid, the rest filled by colour.

    After the sensor simulation in the Prompt Depth Anything paper (arXiv 2412.14015, section 3.3).
    Things thin enough to lie between the anchors are lost, and edges are soft.
    """

    rows: int = 192
    columns: int = 256
    anchor_stride_px: int = 7
    neighbours: int = 4
    colour_sigma: float = 20.0
    noise_ratio: float = 0.004
    step_m: float = 0.001

    def measure(self, depth_m: Depth, image: Image, rng: np.random.Generator) -> Depth:
        size = (self.columns, self.rows)
        coarse_m = cv2.resize(depth_m, size, interpolation=cv2.INTER_NEAREST)
        colour = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        row, column = self._anchors(rng)
        noise = 1 + self.noise_ratio * rng.standard_normal(row.shape)
        ranges_m = coarse_m[row, column] * noise.astype(np.float32)
        return _quantise(self._fill(ranges_m, row, column, colour), self.step_m)

    def _anchors(self, rng: np.random.Generator) -> NDArray[np.intp]:
        """Bend a regular grid of anchors by up to half a stride: rows and columns, each (R, C)."""
        stride = self.anchor_stride_px
        grid = np.mgrid[stride // 2 : self.rows : stride, stride // 2 : self.columns : stride]
        bent = grid + rng.uniform(-0.5, 0.5, grid.shape) * stride
        return np.clip(np.rint(bent), 0, [[[self.rows - 1]], [[self.columns - 1]]]).astype(np.intp)

    def _fill(
        self,
        ranges_m: NDArray[np.float32],
        row: NDArray[np.intp],
        column: NDArray[np.intp],
        colour: NDArray[np.float32],
    ) -> Depth:
        """Average for every pixel the anchors around it that look most alike."""
        y, x = np.mgrid[: self.rows, : self.columns]
        cell_y = np.minimum(y // self.anchor_stride_px, row.shape[0] - 1)
        cell_x = np.minimum(x // self.anchor_stride_px, row.shape[1] - 1)
        costs, candidates = [], []
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                near = (
                    np.clip(cell_y + dy, 0, row.shape[0] - 1),
                    np.clip(cell_x + dx, 0, row.shape[1] - 1),
                )
                at = row[near], column[near]
                away = ((at[0] - y) ** 2 + (at[1] - x) ** 2) / self.anchor_stride_px**2
                unlike = np.square(colour[at] - colour).mean(axis=2) / self.colour_sigma**2
                costs.append((away + unlike).astype(np.float32))
                candidates.append(ranges_m[near])
        cost = np.stack(costs)
        limit = np.partition(cost, self.neighbours - 1, axis=0)[self.neighbours - 1]
        weight = np.where(cost <= limit, np.exp(cost.min(axis=0) - cost), 0)
        return np.sum(weight * np.stack(candidates), axis=0) / weight.sum(axis=0)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class TimeOfFlight:
    """A small time-of-flight chip: every pixel is the mean over a cone, with noise and holes.

    Noise grows with the square of the range; a cone across an edge gives a flying pixel or a hole;
    dark and grazing surfaces return too little light; whole patches drop out now and then.
    """

    rows: int = 48
    columns: int = 64
    noise_m: float = 0.002
    noise_per_m: float = 0.004
    step_m: float = 0.001
    edge_ratio: float = 0.05
    edge_loss: float = 0.5
    dark_level: float = 28.0
    dark_loss: float = 0.5
    grazing_rad: float = np.deg2rad(78.0)
    grazing_loss: float = 0.6
    dropout_share: float = 0.03
    focal_over_width: float = 0.8

    def measure(self, depth_m: Depth, image: Image, rng: np.random.Generator) -> Depth:
        size = (self.columns, self.rows)
        mean_m = np.asarray(cv2.resize(depth_m, size, interpolation=cv2.INTER_AREA), np.float32)
        sigma_m = self.noise_m + self.noise_per_m * mean_m**2
        noisy_m = mean_m + sigma_m * rng.standard_normal(mean_m.shape)
        lost = rng.random(mean_m.shape) < self._loss(depth_m, image, mean_m)
        lost |= self._dropout(rng)
        return _quantise(np.where(lost, np.nan, noisy_m), self.step_m)

    def _loss(self, depth_m: Depth, image: Image, mean_m: Depth) -> NDArray[np.float64]:
        """Give every pixel its chance to return nothing, from edges, darkness and slant."""
        size = (self.columns, self.rows)
        reach = np.ones((depth_m.shape[0] // self.rows | 1, depth_m.shape[1] // self.columns | 1))
        reach = reach.astype(np.uint8)
        farthest = cv2.resize(cv2.dilate(depth_m, reach), size, interpolation=cv2.INTER_NEAREST)
        nearest = cv2.resize(cv2.erode(depth_m, reach), size, interpolation=cv2.INTER_NEAREST)
        edge = (farthest - nearest) / mean_m > self.edge_ratio
        grey = cv2.resize(
            cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA
        )
        slope_y, slope_x = np.gradient(np.log(mean_m))
        slant = np.hypot(slope_x, slope_y) * self.focal_over_width * self.columns
        grazing = ~edge & (slant > np.tan(self.grazing_rad))
        kept = (1 - self.edge_loss * edge) * (1 - self.dark_loss * (grey < self.dark_level))
        return 1 - kept * (1 - self.grazing_loss * grazing)

    def _dropout(self, rng: np.random.Generator) -> NDArray[np.bool_]:
        """Blank patches that together cover about `dropout_share` of the picture."""
        coarse = rng.random((7, 9)).astype(np.float32)
        smooth = cv2.resize(coarse, (self.columns, self.rows), interpolation=cv2.INTER_CUBIC)
        return smooth > np.quantile(smooth, 1 - self.dropout_share)


def _quantise(depth_m: NDArray[np.floating], step_m: float) -> Depth:
    return (np.round(depth_m / step_m) * step_m).astype(np.float32)
