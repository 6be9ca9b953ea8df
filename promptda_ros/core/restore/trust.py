# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How far depth can be trusted: where it rests on what, how wrong it may be, and whether at all.

Everything compares the depth with the prompt, at the size of the image; nothing here is computed
unless somebody asks for it, but for the gate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import enum
import math

import cv2
import numpy as np

from promptda_ros.core.frame import BadFrame, ByteImage, Depth, FloatImage, Mask, Prompt
from promptda_ros.core.geometry.enlarge import enlarge_bilinear, enlarge_mask, enlarge_nearest
from promptda_ros.core.prompt.fill import distance_px
from promptda_ros.core.prompt.sensor_range import fit_side
from promptda_ros.core.settings.depth import TrustSettings

# Weights of the terms below, in their order: chosen by training/calibrate_uncertainty.py with
# promptda-tiny, with its anchor and without, on scenes of the cell and on real frames, so that
# |error| < 2 x uncertainty for 95 % of the pixels of every sensor; docs/trust_measured.md has what
# that gave on frames not looked at.
WEIGHTS = (0.002, 1.3, 10.0, 0.68, 3.5)
# Pixels on either side over which depth bends: at least so many, and a share of the longer side.
BEND_REACH_PX, BEND_REACH_SHARE = 4, 1 / 160


class Validity(enum.IntEnum):
    """What the depth of a pixel rests on; the codes of the image ~/depth/validity."""

    REMOVED = 0  # no depth is published here
    OUTSIDE_RANGE = 1  # at an end of what the sensor measured, and it did not measure here
    PREDICTED = 2  # the network departs from the sensor, or from what filled its hole
    FILLED = 3  # no measurement; as the nearest ones around the hole
    MEASURED = 4  # a measurement agrees
    BEYOND_RANGE = 5  # the sensor says that nothing is here up to the end of its range
    NEARER_THAN_RANGE = 6  # the sensor says that something is here, nearer than its range begins


def find_validity(depth: Depth, settings: TrustSettings) -> ByteImage:
    """Return a code (H, W) of `Validity` for every pixel."""
    size, reading = depth.depth_m.shape, depth.prompt.reading
    measured = enlarge_mask(reading.measured, size)
    codes = np.full(size, Validity.PREDICTED, np.uint8)
    agrees = _agrees(depth, measured, settings)
    codes[agrees] = Validity.FILLED
    codes[agrees & measured] = Validity.MEASURED
    at_end = enlarge_mask(depth.saturated, size) & ~enlarge_mask(depth.prompt.measured, size)
    codes[at_end] = Validity.OUTSIDE_RANGE
    codes[np.isnan(depth.depth_m) & (codes != Validity.OUTSIDE_RANGE)] = Validity.REMOVED
    if reading.beyond is not None:
        codes[fit_side(reading.beyond, size)] = Validity.BEYOND_RANGE
    if reading.nearer is not None:
        codes[fit_side(reading.nearer, size)] = Validity.NEARER_THAN_RANGE
    return codes


def estimate_uncertainty(depth: Depth, weights: Sequence[float] = WEIGHTS) -> FloatImage:
    """Return metres (H, W), NaN where the depth is: the error is within twice as much for 95 %.

    Where the sensor measured, it is no less than the disagreement with the measurement.
    """
    terms = uncertainty_terms(depth)
    uncertainty_m = terms.disagreement_m.copy()
    weighted_m = np.zeros_like(uncertainty_m)
    for weight, term_m in zip(weights, terms.all(), strict=True):
        weighted_m += np.float32(weight) * term_m
    np.maximum(uncertainty_m, weighted_m, out=uncertainty_m)
    uncertainty_m[np.isnan(depth.depth_m)] = np.nan
    return uncertainty_m


@dataclass(frozen=True)
class Terms:
    """What makes depth uncertain, all in metres (H, W), known also where the depth is not."""

    depth_m: FloatImage
    bend_m: FloatImage  # of the depth around: an edge may lie some pixels beside
    gap_m: FloatImage  # of the sensor around, times its pitch: what lies between its samples
    disagreement_m: FloatImage  # of depth and sensor at its samples; 0 in holes
    distance_m: FloatImage  # the depth times the distance to the nearest measurement

    def all(self) -> tuple[FloatImage, ...]:
        """Return the terms in the order of the weights."""
        return self.depth_m, self.bend_m, self.gap_m, self.disagreement_m, self.distance_m


def uncertainty_terms(depth: Depth) -> Terms:
    """Measure what makes depth uncertain; lengths across the picture are shares of it."""
    size, prompt = depth.depth_m.shape, depth.prompt
    depth_m = _complete(depth)
    reach_px = max(BEND_REACH_PX, round(BEND_REACH_SHARE * max(size)))
    distance = enlarge_bilinear(_distance_to_measured(prompt), size)
    return Terms(
        depth_m=depth_m,
        bend_m=_bend(depth_m, reach_px),
        gap_m=enlarge_bilinear(_gap(prompt), size),
        disagreement_m=_disagreement(depth_m, prompt),
        distance_m=distance * depth_m,
    )


def require_trust(depth: Depth, settings: TrustSettings) -> None:
    """Refuse depth that contradicts its sensor, and depth of a network that does not follow it.

    Raises:
        BadFrame: too many measurements differ too much from the depth, or the network's own depth
            has too little to do with them.
    """
    if not settings.gate:
        return
    if depth.unexplained > settings.max_unexplained:
        raise BadFrame('contradicts_sensor', _unfit_text(depth.unexplained, settings))
    fraction = contradicting_fraction(depth, settings.max_difference)
    if fraction <= settings.max_fraction:
        return
    raise BadFrame(
        'contradicts_sensor',
        f'depth differs by more than {settings.max_difference:.0%} from {fraction:.0%} of the '
        f'measurements, more than {settings.max_fraction:.0%}: either the network or the sensor '
        'is wrong; check that depth is registered to the image and synchronous with it, or set '
        'trust.max_fraction or trust.gate:=false',
    )


def _unfit_text(unexplained: float, settings: TrustSettings) -> str:
    return (
        'the depth of the network, before correction, does not agree with the sensor: it leaves '
        f'{unexplained:.0%} of the variance of the measurements unexplained, more than '
        f'{settings.max_unexplained:.0%}, as random or damaged weights do; load other weights '
        '(promptda fetch_model), or set trust.max_unexplained or trust.gate:=false'
    )


def contradicting_fraction(depth: Depth, max_difference: float) -> float:
    """Return the share of the measured pixels that differ by more than this share of their depth.

    Pixels whose depth is unknown contradict nothing.
    """
    prompt = depth.prompt
    depth_m = enlarge_nearest(depth.depth_m, prompt.depth_m.shape)  # mostly smaller
    differs = np.abs(depth_m - prompt.depth_m) > max_difference * prompt.depth_m
    return float(differs[prompt.measured].mean())


def _agrees(depth: Depth, measured: Mask, settings: TrustSettings) -> Mask:
    """Mark the pixels (H, W) whose depth is that of the sensor's own pixel, or of the fill.

    The sensor's own resolution counts: blocks of the prompt average over edges.
    """
    size, prompt = depth.depth_m.shape, depth.prompt
    own_m, filled_m = (
        enlarge_nearest(each_m, size) for each_m in (prompt.reading.depth_m, prompt.depth_m)
    )
    off_m = np.abs(depth.depth_m - np.where(measured, own_m, filled_m))
    most_m = np.minimum(settings.agreement_fraction * depth.depth_m, settings.agreement_distance)
    agrees: Mask = off_m <= most_m  # fails NaN
    return agrees


def _complete(depth: Depth) -> FloatImage:
    """Fill unknown depth (H, W) with the prompt's."""
    unknown = np.isnan(depth.depth_m)
    if not unknown.any():
        return depth.depth_m
    return np.where(
        unknown, enlarge_bilinear(depth.prompt.depth_m, depth.depth_m.shape), depth.depth_m
    )


def _bend(values: FloatImage, reach_px: int) -> FloatImage:
    """Return how far the middle of the range around each value is from it, twice.

    Steps and thin things bend, planes do not, however slanted they are: beyond the border they
    go on.
    """
    height, width = values.shape
    beyond = np.pad(values, reach_px, 'reflect', reflect_type='odd')
    kernel = np.ones((2 * reach_px + 1,) * 2, np.uint8)
    both = cv2.dilate(beyond, kernel) + cv2.erode(beyond, kernel)
    bend: FloatImage = np.abs(
        both[reach_px : reach_px + height, reach_px : reach_px + width] - 2 * values
    )
    return bend


def _gap(prompt: Prompt) -> FloatImage:
    """Return how far the sensor bends (h, w) times its pitch, a share of the picture's width."""
    pitch_px = _pitch_px(prompt)
    # A wall of one value has any pitch.
    reach_px = min(max(1, int(pitch_px)), max(prompt.depth_m.shape))
    return _bend(prompt.depth_m, reach_px) * np.float32(pitch_px / prompt.depth_m.shape[1])


def _disagreement(depth_m: FloatImage, prompt: Prompt) -> FloatImage:
    """Return how far depth (H, W) is from the sensor's samples; 0 where it measured nothing."""
    samples, size = prompt.depth_m.shape, depth_m.shape
    at_samples_m = cv2.resize(depth_m, samples[::-1], interpolation=cv2.INTER_AREA)
    off_m = enlarge_bilinear(np.abs(at_samples_m - prompt.depth_m), size)
    return np.where(enlarge_mask(prompt.measured, size), off_m, np.float32(0))


def _pitch_px(prompt: Prompt) -> float:
    """Return how many pixels of the prompt one measurement covers, along a side.

    Zones of coarse sensors are blocks of equal values, and so is what fills holes. In blocks of
    k x k pixels a share of (2 k - 1) / k^2 differs from the pixel to the right or below. A wall
    of one value is no harm: its spread is 0. What is out of range is of one value, too, and is
    left out.
    """
    depth_m = prompt.depth_m
    differs = np.zeros(depth_m.shape, np.bool_)
    differs[:, :-1] = depth_m[:, 1:] != depth_m[:, :-1]
    differs[:-1] |= depth_m[1:] != depth_m[:-1]
    if prompt.blocked is not None:
        differs = differs[~prompt.blocked]
    share = max(1.0, float(differs.sum())) / differs.size
    return (1.0 + math.sqrt(1.0 - share)) / share


def _distance_to_measured(prompt: Prompt) -> FloatImage:
    """Return the distance (h, w) to the nearest measurement as a share of the diagonal."""
    if prompt.measured.all():
        return np.zeros(prompt.measured.shape, np.float32)
    distance: FloatImage = distance_px(prompt.measured) / np.float32(
        math.hypot(*prompt.measured.shape)
    )
    return distance
