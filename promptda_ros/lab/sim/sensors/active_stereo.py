# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""An active stereo camera: errors of disparity, and holes where two pictures don't match."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from promptda_ros.lab.sim.sensors.light import grey_levels, mirroring, returned_light
from promptda_ros.lab.sim.sensors.noise import smooth_noise
from promptda_ros.lab.sim.sensors.sensor import Depth, Floats, quantise, Raster
from promptda_ros.lab.sim.view import RenderedView


@dataclass(frozen=True)
class ActiveStereo(Raster):
    """Two infrared cameras and a dot projector, after the RealSense D435.

    Disparities are in pixels of the sensor's own imagers; the grid is that of the camera.
    """

    rows: int = 240  # chosen: the sensor's 480 rows, halved as its decimation filter does
    columns: int = 320
    baseline_m: float = 0.05  # D435 data sheet
    focal_px: float = 447.0  # D435 data sheet: 87 degrees over 848 pixels
    most_disparity_px: float = 126.0  # D400 tuning guide: the search; nearest 0.18 m
    noise_px: float = 0.08  # the sub-pixel RMS usually reckoned with for the D400
    noise_cells: float = 1.5  # chosen: reach of the matching window, in which errors are alike
    step_px: float = 1 / 32  # chosen: five bits of sub-pixel
    step_m: float = 0.001  # D435: default depth unit
    window_cells: int = 5  # chosen: the matching window; foreground grows by half of it
    fatten_jump: float = 0.05  # chosen: disparity ratios above are edges
    fatten_share: float = 0.8  # chosen: share of the edges that grow
    least_texture: float = 4.0  # chosen: grey levels of contrast that a match needs
    dot_texture: float = 100.0  # chosen: contrast of the projected dots on white at 1 m
    mirror_gloss: float = 0.75  # chosen: above, more and more is lost
    mirror_loss: float = 0.8  # chosen: share of a perfect mirror
    clear_loss: float = 0.6  # chosen: the rest matches what is behind
    patch_cells: int = 24  # chosen: how many patches fit into a row or column

    def measure(self, view: RenderedView, rng: np.random.Generator) -> Depth:
        """Match disparities, then lose what is hidden, mirrored or clear."""
        depth_m, gloss = self.nearest(view.behind_m), self.nearest(view.gloss)
        true_px = self.baseline_m * self.focal_px / depth_m
        lost = self._lost(view, depth_m, gloss, rng) | self._hidden(view, depth_m)
        disparity_px = self._fatten(true_px, rng)
        # What grew over a hole is matched, since the window there sees the foreground.
        lost &= disparity_px == true_px
        disparity_px += self._noise(rng)
        disparity_px = np.round(disparity_px / self.step_px) * self.step_px
        lost |= (disparity_px > self.most_disparity_px) | (disparity_px < self.step_px)
        disparity_px[lost] = np.nan
        return quantise(self.baseline_m * self.focal_px / disparity_px, self.step_m)

    def _lost(
        self, view: RenderedView, depth_m: Depth, gloss: Floats, rng: np.random.Generator
    ) -> NDArray[np.bool_]:
        """Mark what has nothing to match: too little contrast, mirrors, glass."""
        chance = smooth_noise(depth_m.shape, self.patch_cells, rng)
        # Dots spread with the range; the picture's own contrast does not.
        dots = self.dot_texture * self.nearest(returned_light(view)) / np.square(depth_m)
        lost = self._contrast(view.image) + dots < self.least_texture * (0.5 + chance)
        lost |= chance < self.mirror_loss * mirroring(gloss, self.mirror_gloss)
        return lost | (self.nearest(view.clear.astype(np.uint8)) > 0) & (chance < self.clear_loss)

    def _contrast(self, image: NDArray[np.uint8]) -> Floats:
        """Give the standard deviation of grey levels within the matching window."""
        grey = self.mean(grey_levels(image)).astype(np.float32)
        window = self.window_cells, self.window_cells
        variance = cv2.blur(np.square(grey), window) - np.square(cv2.blur(grey, window))
        return np.asarray(np.sqrt(np.maximum(variance, 0)))

    def _hidden(self, view: RenderedView, depth_m: Depth) -> NDArray[np.bool_]:
        """Mark what the right imager does not see: a shadow on the left of what is in front."""
        cells_per_px = self.columns / view.depth_m.shape[1]
        shift = self.baseline_m * view.matrix[0, 0] * cells_per_px / depth_m
        in_right = np.arange(self.columns, dtype=np.float32) - shift.astype(np.float32)
        # Hidden if anything farther right in the left picture lands on it or to its left.
        farther_left = np.minimum.accumulate(in_right[:, ::-1], axis=1)[:, ::-1]
        hidden = np.zeros(depth_m.shape, bool)
        hidden[:, :-1] = farther_left[:, 1:] <= in_right[:, :-1]
        return hidden

    def _fatten(self, disparity_px: Floats, rng: np.random.Generator) -> Floats:
        """Grow the foreground over its surroundings, raggedly, as stereo matching does."""
        window = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (self.window_cells,) * 2)
        grown_px = cv2.dilate(disparity_px, window)
        grows = smooth_noise(disparity_px.shape, 2 * self.patch_cells, rng) < self.fatten_share
        grows &= grown_px > disparity_px * (1 + self.fatten_jump)
        return np.where(grows, grown_px, disparity_px)

    def _noise(self, rng: np.random.Generator) -> Floats:
        """Draw errors of disparity that neighbours share."""
        sigma = self.noise_cells
        white = rng.standard_normal((self.rows, self.columns), np.float32)
        # A Gaussian of this width divides the deviation of white noise by 2 sqrt(pi) sigma.
        gain = self.noise_px * 2 * np.sqrt(np.pi) * sigma
        return np.asarray(cv2.GaussianBlur(white, (0, 0), sigma) * np.float32(gain))
