# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Prompts made from depth: what a coarser sensor would have measured.

Frames without a sensor's own depth beside a better one are trained on so. The depth is reduced to
a size drawn anew for every step, and spoilt in the ways in which sensors are wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from promptda_ros.lab.evaluation.holes import BLOB_RATIO
from promptda_ros.lab.evaluation.reduce import reduce_by
from promptda_ros.lab.training.recipe import Phase, Prompts
from promptda_ros.lab.training.spoiling import cut_holes

Depth = NDArray[np.float32]  # (H, W) or (h, w) metres, NaN unknown
Size = tuple[int, int]  # rows, columns

FEWEST_ROWS = 3  # of a prompt
ZONES = (60, 80)  # pixels of a zone of 8 x 8 before 640x480
USUAL_PITCHES_PX = (10.0, 4.0, 2.5)  # 64x48, a quarter and 256x192 before 640x480
KINDS, KIND_SHARES = ('median', 'mean', 'nearest'), (0.5, 0.25, 0.25)
LEAST_NOISE = 0.002  # of the depth
FARTHER_M = 1e3  # stands for unknown where the nearest is looked for


@dataclass(frozen=True)
class Faults:
    """How wrong one prompt is."""

    kind: str  # what stands for a block
    noise: float  # of the depth
    grows: bool  # noise with the square of the depth
    step_m: float  # of the format; 0: none


def draw_size(phase: Phase, wanted: Prompts, rng: np.random.Generator) -> Size:
    """Draw the size of the prompts of one batch, for pictures of the phase.

    All prompts of a batch are measured at one size: to bring them there by resizing would teach
    the network to smooth.
    """
    chance = rng.random()
    if chance < wanted.zones_share:
        return _size(phase, *ZONES)
    if chance < wanted.zones_share + wanted.full_share:
        return phase.height, phase.width
    if chance < 0.6:
        pitch_px = float(rng.choice(USUAL_PITCHES_PX))
    else:
        pitch_px = _between(wanted.finest_px, wanted.coarsest_px, rng)
    return _size(phase, pitch_px, pitch_px)


def usual_sizes(phase: Phase) -> list[Size]:
    """Return the sizes of prompts to judge on."""
    return [_size(phase, pitch_px, pitch_px) for pitch_px in USUAL_PITCHES_PX]


def make_prompt(truth_m: Depth, size: Size, wanted: Prompts, rng: np.random.Generator) -> Depth:
    """Measure depth (H, W) as a poorer sensor of this size would."""
    faults = _draw_faults(wanted, rng)
    depth_m = truth_m
    if rng.random() < wanted.shift_share:
        depth_m = _shifted(depth_m, truth_m.shape[0] / size[0], wanted.shift_px, rng)
    if rng.random() < wanted.fat_share:
        depth_m = _fattened(depth_m, rng)
    if rng.random() < wanted.shadow_share:
        depth_m = _shadowed(depth_m, rng)
    prompt_m = reduce_by(faults.kind, depth_m, size)
    prompt_m = _noisy(prompt_m, faults, rng)
    if rng.random() < wanted.holes_share:
        prompt_m = np.where(_holes(size, wanted.holes_at_most, rng), np.float32(np.nan), prompt_m)
    return np.asarray(prompt_m, np.float32)


def _size(phase: Phase, tall_px: float, wide_px: float) -> Size:
    rows, columns = round(phase.height / tall_px), round(phase.width / wide_px)
    return max(FEWEST_ROWS, rows), max(FEWEST_ROWS, columns)


def _between(least: float, most: float, rng: np.random.Generator) -> float:
    """Draw between two positive numbers, by their logarithms."""
    return float(np.exp(rng.uniform(math.log(least), math.log(most))))


def _draw_faults(wanted: Prompts, rng: np.random.Generator) -> Faults:
    is_clean = rng.random() < wanted.clean_share
    return Faults(
        kind=str(rng.choice(KINDS, p=KIND_SHARES)),
        noise=0.0 if is_clean else _between(LEAST_NOISE, wanted.noise_at_most, rng),
        grows=bool(rng.random() < 0.3),
        step_m=float(rng.choice((0.0, 0.0, 0.001, 0.004))),
    )


def _shifted(depth_m: Depth, pitch_px: float, most_px: float, rng: np.random.Generator) -> Depth:
    """Shift the view, as with a badly calibrated mounting."""
    reach_px = max(1.0, min(0.4 * pitch_px, most_px))
    down, aside = np.rint(rng.uniform(-reach_px, reach_px, 2)).astype(int)
    moved = np.array([[1, 0, aside], [0, 1, down]], np.float32)
    return np.asarray(
        cv2.warpAffine(
            depth_m, moved, depth_m.shape[::-1], flags=cv2.INTER_NEAREST, borderValue=np.nan
        )
    )


def _fattened(depth_m: Depth, rng: np.random.Generator) -> Depth:
    """Grow the foreground over its surroundings, raggedly, as stereo matching does."""
    side = 2 * int(rng.integers(1, 5)) + 1
    filled_m = np.where(np.isfinite(depth_m), depth_m, np.float32(FARTHER_M))
    window = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    grown_m = cv2.erode(filled_m, window)
    coarse = rng.random((12, 16)).astype(np.float32)
    ragged = cv2.resize(coarse, depth_m.shape[::-1], interpolation=cv2.INTER_CUBIC)
    grows = (ragged < rng.uniform(0.4, 1.0)) & (grown_m < 0.95 * filled_m)
    return np.asarray(np.where(grows & (grown_m < FARTHER_M), grown_m, depth_m))


def _shadowed(depth_m: Depth, rng: np.random.Generator) -> Depth:
    """Remove what a second camera, to the left or right, would not see."""
    if not np.isfinite(depth_m).any():
        return depth_m
    near_m = float(np.nanpercentile(depth_m, 10))
    turned_m = depth_m[:, ::-1] if rng.random() < 0.5 else depth_m
    disparity = near_m * rng.uniform(6, 30) / np.nan_to_num(turned_m, nan=FARTHER_M)
    seen = np.arange(turned_m.shape[1], dtype=np.float32) - disparity.astype(np.float32)
    # Hidden if anything farther right lands on it or to its left.
    farther_left = np.minimum.accumulate(seen[:, ::-1], axis=1)[:, ::-1]
    lost_m = turned_m.copy()
    lost_m[:, :-1][farther_left[:, 1:] <= seen[:, :-1]] = np.nan
    return lost_m if turned_m is depth_m else lost_m[:, ::-1]


def _noisy(prompt_m: Depth, faults: Faults, rng: np.random.Generator) -> Depth:
    noise = faults.noise * rng.standard_normal(prompt_m.shape).astype(np.float32)
    if faults.grows and np.isfinite(prompt_m).any():
        noise = noise * prompt_m / np.nanmedian(prompt_m)
    noisy_m = prompt_m * (1 + noise)
    if faults.step_m > 0:
        noisy_m = np.round(noisy_m / faults.step_m) * faults.step_m
    return np.asarray(noisy_m, np.float32)


def _holes(size: Size, at_most: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Mark holes: mostly blobs of many sizes, else of every other shape."""
    share = float(rng.uniform(0.03, at_most))
    if rng.random() >= 0.6:
        return cut_holes(size, share, rng)
    cloud = rng.standard_normal(size).astype(np.float32)
    sigma = BLOB_RATIO * rng.uniform(0.4, 2.0) * max(size)
    cloud = cv2.GaussianBlur(cloud, (0, 0), max(0.7, sigma))
    return np.asarray(cloud < np.quantile(cloud, share))
