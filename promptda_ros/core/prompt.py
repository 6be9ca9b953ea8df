# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sensor depth -> prompt: what counts as a measurement, and how far one counts.

The network scales everything by the minimum and maximum of its prompt, so that one zero, one NaN
or one stray 65 m pixel spoils the whole image. This file is the one place that decides.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

import cv2
import numpy as np

from promptda_ros.core.fill import distance_px, fill_holes
from promptda_ros.core.frame import BadFrame, FloatImage, Mask, Prompt
from promptda_ros.core.settings import PromptSettings

# A robust end of the range may be exceeded by this factor before a measurement is a stray one:
# real surfaces go on a little beyond the last percentile, reflections jump.
OUTLIER_MARGIN = 1.25
# More pixels than this side by side are a thing, however far from everything else it is; so is a
# single one of a coarse sensor: each zone of 8 x 8 is a sixty-fourth of what the robot sees.
STRAY_PIXELS_AT_MOST = 4
PIXELS_PER_STRAY = 2000
METRES_AT_MOST = 50.0
# Measurements are sparse where fewer than this share of them fill half of a block.
SPARSE_WHERE_LOST = 0.3


@dataclass(frozen=True)
class Measured:
    """What the sensor measured at the size of the prompt, all (h, w)."""

    depth_m: FloatImage  # of use only where measured
    measured: Mask
    rejected: Mask  # measured but not believed
    unsupported: Mask | None = None  # too far from every measurement; None: nowhere


def condition(sensor_depth_m: FloatImage, settings: PromptSettings) -> Prompt:
    """Turn sensor depth (h, w) in metres, NaN unknown, into a prompt without holes.

    Raises:
        BadFrame: nothing, or too little, was measured.
    """
    return complete(find_measured(sensor_depth_m, settings))


def find_measured(sensor_depth_m: FloatImage, settings: PromptSettings) -> Measured:
    """Tell measurements in sensor depth (h, w) from everything else.

    Raises:
        BadFrame: nothing, or too little, was measured.
    """
    depth_m, measured = _mark_measured(sensor_depth_m, settings)
    depth_m, measured = _reduce(depth_m, measured, settings.max_long_side)
    rejected = _strays(depth_m, measured, settings.outlier_fraction)
    measured &= ~rejected
    _require_enough(sensor_depth_m, measured, settings)
    unsupported = _far_from(measured, settings.max_fill_distance)
    return Measured(depth_m, measured, rejected, unsupported)


def complete(found: Measured) -> Prompt:
    """Fill the holes and note the range."""
    filled_m = fill_holes(found.depth_m, found.measured)
    return Prompt(
        depth_m=filled_m,
        measured=found.measured,
        rejected=found.rejected,
        unsupported=found.unsupported,
        near_m=float(filled_m.min()),
        far_m=float(filled_m.max()),
    )


def _mark_measured(depth_m: FloatImage, settings: PromptSettings) -> tuple[FloatImage, Mask]:
    # The positive form of the test fails NaN; zero, negative and infinite values fail it too.
    measured = (depth_m >= settings.min_depth) & (depth_m <= settings.max_depth)
    return np.where(measured, depth_m, np.float32(0)), measured


def _reduce(depth_m: FloatImage, measured: Mask, max_long_side: int) -> tuple[FloatImage, Mask]:
    """Average blocks of measured pixels; a pixel that is not measured has no weight."""
    height, width = depth_m.shape
    scale = max_long_side / max(height, width)
    if scale >= 1.0:
        return depth_m, measured
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    weight = cv2.resize(measured.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    total_m = cv2.resize(depth_m, size, interpolation=cv2.INTER_AREA)
    # Under half a block is a border of a hole, where the rest of the block is no good witness;
    # unless nearly all are, because measurements are lines or single pixels.
    covered: Mask = weight >= 0.5
    if covered.mean() < SPARSE_WHERE_LOST * measured.mean():
        covered = weight > 0
    reduced = np.divide(total_m, weight, out=np.zeros_like(total_m), where=covered)
    return reduced.astype(np.float32, copy=False), covered


def _strays(depth_m: FloatImage, measured: Mask, outlier_fraction: float) -> Mask:
    """Mark single pixels far beyond the range that nearly all measurements span.

    A thing of a few pixels more is kept: a tool before the table is rare and far from all else
    too, and taking it for an error would show the table in its place.
    """
    nothing: Mask = np.zeros_like(measured)
    values = depth_m[measured]
    largest = min(STRAY_PIXELS_AT_MOST, measured.size // PIXELS_PER_STRAY)
    if values.size == 0 or largest == 0 or outlier_fraction == 0.0:
        return nothing
    low, high = np.quantile(values, (outlier_fraction, 1.0 - outlier_fraction))
    inside = (depth_m >= low / OUTLIER_MARGIN) & (depth_m <= high * OUTLIER_MARGIN)
    outside = measured & ~inside
    if not outside.any():
        return nothing
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(outside.astype(np.uint8))
    is_small = statistics[:, cv2.CC_STAT_AREA] <= largest
    strays: Mask = outside & is_small[labels]
    return strays


def _far_from(measured: Mask, share_of_diagonal: float) -> Mask | None:
    """Mark the pixels (h, w) that no measurement is near to."""
    if share_of_diagonal >= 1.0 or not measured.any():
        return None
    return distance_px(measured) > share_of_diagonal * math.hypot(*measured.shape)


def _require_enough(depth_m: FloatImage, measured: Mask, settings: PromptSettings) -> None:
    share = float(measured.mean()) if measured.size else 0.0
    if share >= settings.min_valid_fraction:
        return
    _refuse_wrong_unit(depth_m, settings)
    raise BadFrame(
        'prompt_too_sparse',
        f'prompt has too little valid depth ({share:.1%} < {settings.min_valid_fraction:.1%}) '
        f'between {settings.min_depth:g} and {settings.max_depth:g} m; check the sensor, '
        'or set prompt.min_depth, prompt.max_depth',
    )


def _refuse_wrong_unit(depth_m: FloatImage, settings: PromptSettings) -> None:
    """Say so when what was measured is no plausible distance in metres; never guess the unit."""
    known = depth_m[np.isfinite(depth_m) & (depth_m > 0)]
    if known.size < depth_m.size * settings.min_valid_fraction:
        return
    median_m = float(np.median(known))
    if median_m > METRES_AT_MOST:
        hint = 'looks like millimetres; set input.depth_scale:=0.001'
    elif median_m < settings.min_depth:
        hint = f'is nearer than prompt.min_depth {settings.min_depth:g} m; set input.depth_scale'
    else:
        return
    raise BadFrame('depth_unit', f'median depth {median_m:.4g} m {hint}')
