# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How far depth can be trusted: where it rests on what, how wrong it may be, and whether at all.

Everything compares the depth with the prompt, at the size of the image; nothing here is computed
unless somebody asks for it, but for the gate.
"""

from __future__ import annotations

import enum
import math

import cv2
import numpy as np

from promptda_ros.core.enlarge import enlarge_bilinear, enlarge_mask, enlarge_nearest
from promptda_ros.core.fill import distance_px
from promptda_ros.core.frame import BadFrame, ByteImage, Depth, FloatImage, Mask, Prompt
from promptda_ros.core.sensor_range import fit_side
from promptda_ros.core.settings import TrustSettings

# Weights of the terms below: chosen by training/calibrate_uncertainty.py on validation scenes of
# the cell with promptda-tiny, so that |error| < 2 x uncertainty for 96 % of the pixels of every
# simulated sensor; docs/trust.md has what that gave on held-out scenes.
WEIGHTS = (0.0043, 0.46, 2.0)
# The sensor's values around a pixel are those of so many measurements side by side.
NEIGHBOURHOOD = 3


class Validity(enum.IntEnum):
    """What the depth of a pixel rests on; the codes of the image ~/validity."""

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


def estimate_uncertainty(depth: Depth) -> FloatImage:
    """Return metres (H, W), NaN where the depth is: the error is within twice as much for 95 %.

    Where the sensor measured, it is no less than the disagreement with the measurement.
    """
    uncertainty_m = np.zeros(depth.depth_m.shape, np.float32)
    for weight, term_m in zip(WEIGHTS, uncertainty_terms(depth), strict=True):
        uncertainty_m += np.float32(weight) * term_m
    measured = enlarge_mask(depth.prompt.measured, depth.depth_m.shape)
    disagreement_m = np.where(measured, _difference_m(depth), np.float32(0))
    return np.maximum(uncertainty_m, disagreement_m)


def uncertainty_terms(depth: Depth) -> tuple[FloatImage, FloatImage, FloatImage]:
    """Return what makes depth uncertain, all in metres (H, W).

    The depth itself; the spread of the sensor's values around, which is large at steps and for
    coarse sensors; the depth times the distance to the nearest measurement, as a share of the
    picture's diagonal.
    """
    size = depth.depth_m.shape
    spread_m = enlarge_bilinear(_spread(depth.prompt), size)
    distance = enlarge_bilinear(_distance_to_measured(depth.prompt), size)
    return depth.depth_m, spread_m, distance * depth.depth_m


def require_trust(depth: Depth, settings: TrustSettings) -> None:
    """Refuse depth that contradicts its sensor.

    Raises:
        BadFrame: too many measurements differ too much from the depth.
    """
    if not settings.gate:
        return
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


def _difference_m(depth: Depth) -> FloatImage:
    """Return how far (H, W) the depth is from the prompt, NaN where it is unknown."""
    prompt_m = enlarge_nearest(depth.prompt.depth_m, depth.depth_m.shape)
    difference_m: FloatImage = np.abs(depth.depth_m - prompt_m)
    return difference_m


def _spread(prompt: Prompt) -> FloatImage:
    """Return how far (h, w) the prompt's values lie apart in the neighbourhood of each pixel."""
    reach = math.ceil((NEIGHBOURHOOD * _pitch_px(prompt) - 1) / 2)
    side = 2 * min(reach, max(prompt.depth_m.shape)) + 1  # a wall of one value has any pitch
    kernel = np.ones((side, side), np.uint8)
    spread_m: FloatImage = cv2.dilate(prompt.depth_m, kernel) - cv2.erode(prompt.depth_m, kernel)
    return spread_m


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
