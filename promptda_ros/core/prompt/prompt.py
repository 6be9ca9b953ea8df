# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sensor depth -> prompt: what counts as a measurement, and how far one counts.

The network scales everything by the minimum and maximum of its prompt, so that one zero, one NaN
or one stray 65 m pixel spoils the whole image. This file is the one place that decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
import math

import cv2
import numpy as np

from promptda_ros.core.frame import FloatImage, Mask, Prompt, Reading
from promptda_ros.core.geometry.strays import find_strays, largest_stray
from promptda_ros.core.prompt.enough import require_enough
from promptda_ros.core.prompt.fill import distance_px, fill_holes
from promptda_ros.core.prompt.sensor_range import read_sides, reduce_reading
from promptda_ros.core.settings.depth import PromptSettings

# A robust end of the range may be exceeded by this factor before a measurement is a stray one:
# real surfaces go on a little beyond the last percentile, reflections jump.
OUTLIER_MARGIN = 1.25
# Where surfaces stand for what is out of the sensor's range while holes are filled.
AT_CAMERA_M, AT_INFINITY_M = 0.0, 1e9
# What is narrower than this on one of its sides is a speck.
SPECK = np.ones((3, 3), np.uint8)


@dataclass(frozen=True)
class Measured:
    """What the sensor measured at the size of the prompt, all (h, w)."""

    kept: Reading  # at this size, without what is rejected
    rejected: Mask  # measured but not believed
    unsupported: Mask | None  # too far from every measurement; None: nowhere
    reading: Reading  # at the sensor's own size


def condition(sensor_depth_m: FloatImage, settings: PromptSettings) -> Prompt:
    """Turn sensor depth (h, w) in metres, NaN unknown, into a prompt without holes.

    Raises:
        BadFrame: nothing, or too little, was measured.
    """
    return complete(find_measured(sensor_depth_m, settings, settings.max_long_side))


def find_measured(
    sensor_depth_m: FloatImage, settings: PromptSettings, max_long_side: int
) -> Measured:
    """Tell measurements in sensor depth (h, w), reduced to this many pixels, from all else.

    Raises:
        BadFrame: nothing, or too little, was measured.
    """
    reading = read_sides(sensor_depth_m, settings)
    is_larger = max(sensor_depth_m.shape) > max_long_side
    small = reduce_reading(reading, max_long_side) if is_larger else reading
    rejected = _strays(small.depth_m, small.measured, settings.outlier_fraction)
    kept = replace(small, measured=small.measured & ~rejected)
    require_enough(sensor_depth_m, kept, settings)
    unsupported: Mask | None = None
    if settings.max_fill_distance < 1.0:
        reach = settings.max_fill_distance * math.hypot(*kept.measured.shape)
        unsupported = distance_px(kept.measured) > reach
    return Measured(kept, rejected, unsupported, reading)


def complete(found: Measured) -> Prompt:
    """Fill the holes and note the range."""
    kept, blocked = found.kept, None
    if kept.beyond is None and kept.nearer is None:
        filled_m = fill_holes(kept.depth_m, kept.measured)
    else:
        filled_m, blocked = _fill_beside_sides(kept)
    return Prompt(
        depth_m=filled_m,
        measured=kept.measured,
        rejected=found.rejected,
        near_m=float(filled_m.min()),
        far_m=float(filled_m.max()),
        reading=found.reading,
        unsupported=found.unsupported,
        blocked=blocked,
    )


def _fill_beside_sides(kept: Reading) -> tuple[FloatImage, Mask]:
    """Return depth without holes, and where it stands for what is out of range.

    A hole between a surface and what is out of range belongs to the nearer of the two. The
    network is shown the farthest or nearest measurement there, since a wider range would cost
    accuracy everywhere; specks get the surface around them, since salt on a surface costs more.
    """
    filled_m = _fill_beside(kept, kept.beyond, kept.nearer)
    blocked = (filled_m <= AT_CAMERA_M) | (filled_m > AT_INFINITY_M / 2)
    shown_m = _fill_beside(kept, _without_specks(kept.beyond), _without_specks(kept.nearer))
    measured_m = kept.depth_m[kept.measured]
    complete_m = np.where(blocked, shown_m, filled_m)
    return np.clip(complete_m, measured_m.min(), measured_m.max()), blocked


def _fill_beside(kept: Reading, beyond: Mask | None, nearer: Mask | None) -> FloatImage:
    """Fill holes with the sides of the range as surfaces at infinity and at the camera."""
    depth_m, known = kept.depth_m, kept.measured
    for side, place_m in ((beyond, AT_INFINITY_M), (nearer, AT_CAMERA_M)):
        if side is not None:
            depth_m, known = np.where(side, np.float32(place_m), depth_m), known | side
    return fill_holes(depth_m, known)


def _without_specks(side: Mask | None) -> Mask | None:
    if side is None:
        return None
    opened: Mask = cv2.morphologyEx(side.view(np.uint8), cv2.MORPH_OPEN, SPECK) > 0
    return opened


def _strays(depth_m: FloatImage, measured: Mask, outlier_fraction: float) -> Mask:
    """Mark single pixels far beyond the range that nearly all measurements span.

    A thing of a few pixels more is kept: a tool before the table is rare and far from all else
    too, and taking it for an error would show the table in its place.
    """
    values = depth_m[measured]
    if values.size == 0 or largest_stray(measured.size) == 0 or outlier_fraction == 0.0:
        return np.zeros_like(measured)
    low, high = np.quantile(values, (outlier_fraction, 1.0 - outlier_fraction))
    inside = (depth_m >= low / OUTLIER_MARGIN) & (depth_m <= high * OUTLIER_MARGIN)
    return find_strays(measured & ~inside)
