# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A phone's LiDAR: few true ranges on a bent grid, the rest filled in by colour."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from promptda_ros.lab.sim.sensors.light import mirroring
from promptda_ros.lab.sim.sensors.sensor import Depth, Floats, quantise, Raster
from promptda_ros.lab.sim.view import RenderedView

NEVER = 1e6  # the cost of an anchor outside the picture
LAST_RESORT = 1e3  # the cost of an anchor that got no light back


@dataclass(frozen=True)
class PhoneLidar(Raster):
    """Few ranges that look dense, as phones report them: no holes, soft edges, thin things lost.

    After the sensor simulation of the Prompt Depth Anything paper (arXiv 2412.14015).
    """

    rows: int = 192  # ARKit's scene depth is 256 x 192
    columns: int = 256
    anchor_stride_px: int = 7  # the paper, for 256 x 192
    neighbours: int = 4  # chosen; the paper says nearest neighbours by colour
    colour_sigma: float = 20.0  # chosen, grey levels
    noise_ratio: float = 0.004  # chosen
    step_m: float = 0.001  # chosen
    through_share: float = 0.7  # chosen: a direct time of flight sees one of the two surfaces
    mirror_gloss: float = 0.75  # chosen: above, more and more anchors see a mirror
    mirror_loss: float = 0.5  # chosen
    mirror_stretch: float = 0.2  # chosen: a mirrored range is up to this much longer

    def measure(self, view: RenderedView, rng: np.random.Generator) -> Depth:
        """Measure at sparse anchors and fill between them, guided by colour."""
        anchors = self._anchors(rng)
        ranges_m, cost = self._ranges(view, anchors, rng)
        filled_m = self._fill(view.image, anchors, ranges_m, cost)
        return quantise(filled_m, self.step_m)

    def _anchors(self, rng: np.random.Generator) -> NDArray[np.intp]:
        """Bend a regular grid by up to half a stride: rows and columns of anchors (2, R, C)."""
        stride, half = self.anchor_stride_px, self.anchor_stride_px // 2
        grid = np.mgrid[half : self.rows + half : stride, half : self.columns + half : stride]
        bent = grid + rng.uniform(-0.5, 0.5, grid.shape) * stride
        limit = np.array([self.rows - 1, self.columns - 1])[:, None, None]
        return np.clip(np.rint(bent), 0, limit).astype(np.intp)

    def _ranges(
        self, view: RenderedView, anchors: NDArray[np.intp], rng: np.random.Generator
    ) -> tuple[Floats, Floats]:
        """Measure at the anchors: metres, and how much rather another one is used, each (R, C)."""
        scale = np.array(view.depth_m.shape) / (self.rows, self.columns)
        at = tuple(((anchors + 0.5) * scale[:, None, None]).astype(np.intp))
        shape = at[0].shape
        through = rng.random(shape) < self.through_share
        true_m = np.where(through, view.behind_m[at], view.depth_m[at])
        mirror = rng.random(shape) < mirroring(view.gloss[at], self.mirror_gloss)
        stretch = 1 + mirror * rng.uniform(0, self.mirror_stretch, shape)
        noise = 1 + self.noise_ratio * rng.standard_normal(shape)
        lost = mirror & (rng.random(shape) < self.mirror_loss)
        ranges_m = (true_m * stretch * noise).astype(np.float32)
        return ranges_m, np.where(lost, LAST_RESORT, 0).astype(np.float32)

    def _fill(
        self,
        image: NDArray[np.uint8],
        anchors: NDArray[np.intp],
        ranges_m: Floats,
        anchor_cost: Floats,
    ) -> Depth:
        """Average for every pixel the anchors around it that look most alike."""
        pixels = self._features(self.mean(np.ascontiguousarray(image)))
        own = pixels[:, anchors[0], anchors[1]]
        known = np.concatenate([own, anchor_cost[None], ranges_m[None]])
        known = np.pad(known, ((0, 0), (1, 1), (1, 1)), mode='edge')
        outside = np.pad(np.zeros(ranges_m.shape, bool), 1, constant_values=True)
        known[5, outside] = NEVER
        # Every pixel of a cell asks the same anchors: spread them out once, then shift by cells.
        stride = self.anchor_stride_px
        spread = known.repeat(stride, axis=1).repeat(stride, axis=2)
        costs, candidates = [], []
        for top, left in product((0, stride, 2 * stride), repeat=2):
            near = spread[:, top : top + self.rows, left : left + self.columns]
            away = near[:5] - pixels
            costs.append(np.einsum('cyx,cyx->yx', away, away) + near[5])
            candidates.append(near[6])
        return _nearest_mean(costs, candidates, self.neighbours)

    def _features(self, colour: NDArray[np.uint8]) -> Floats:
        """Give row, column, red, green and blue (5, rows, columns) so that one distance fits all.

        Places count in strides, colours in sigmas.
        """
        features = np.empty((5, self.rows, self.columns), np.float32)
        features[0] = (np.arange(self.rows) / self.anchor_stride_px)[:, None]
        features[1] = np.arange(self.columns) / self.anchor_stride_px
        features[2:] = colour.transpose(2, 0, 1)
        features[2:] /= np.sqrt(3) * self.colour_sigma
        return features


def _nearest_mean(costs: list[Floats], values: list[Floats], count: int) -> Floats:
    """Average the values of the `count` smallest costs, near ones with more weight."""
    limit = _smallest(costs, count)
    total, weighted = np.zeros_like(limit[0]), np.zeros_like(limit[0])
    for cost, value in zip(costs, values, strict=True):
        weight = cv2.exp(limit[0] - cost) * (cost <= limit[-1])
        total += weight
        weighted += weight * value
    return weighted / total


def _smallest(costs: list[Floats], count: int) -> list[Floats]:
    """Sort the `count` smallest costs of every pixel by insertion; np.partition is slow."""
    smallest = [np.full_like(costs[0], np.inf) for _ in range(count)]
    for cost in costs:
        for place in range(count):
            lower = np.minimum(smallest[place], cost)
            cost = np.maximum(smallest[place], cost)
            smallest[place] = lower
    return smallest
