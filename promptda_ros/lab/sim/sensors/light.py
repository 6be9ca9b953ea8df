# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How much of its own light an active sensor gets back from every pixel of a view."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from promptda_ros.lab.sim.sensors.sensor import Floats
from promptda_ros.lab.sim.view import RenderedView

GAMMA = 2.2
LEAST_REFLECTANCE = 0.02  # chosen: black paint
BRIGHT_LEVEL = 200  # chosen: what the brightest twentieth of a well exposed picture reaches
MOST_GAIN = 3.0  # chosen: a picture darker than a third of that is one of dark things
STEEPEST = 10.0  # tangent of 84 degrees; what looks steeper is a step between two surfaces
HIGHLIGHT_POWER = 32  # chosen: a glossy surface shines back within about 12 degrees of facing


def returned_light(view: RenderedView) -> Floats:
    """Give the share (H, W) of the light that comes back: 1 for a white wall seen head-on.

    Matt surfaces return light by the cosine of the slant, glossy ones only when they face us.
    """
    cosine = facing(view)
    matt = _reflectance(grey_levels(view.image)) * cosine
    # Chosen: varnished wood (0.6) mirrors a fifth of the light, brushed metal (0.8) half of it.
    mirrored = view.gloss * view.gloss * view.gloss
    highlight: Floats = cv2.pow(cosine, HIGHLIGHT_POWER)
    return np.asarray(matt + mirrored * (highlight - matt))


def grey_levels(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Expose a picture (H, W, 3) as a sensor's own camera would, to grey (H, W).

    An active sensor does not care for dim lamps: only what is darker than the rest is dark to it.
    """
    grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    bright = max(float(np.percentile(grey[::4, ::4], 95)), 1.0)
    return np.asarray(
        cv2.convertScaleAbs(grey, alpha=np.clip(BRIGHT_LEVEL / bright, 1, MOST_GAIN))
    )


def _reflectance(grey: NDArray[np.uint8]) -> Floats:
    levels = np.maximum((np.arange(256) / 255) ** GAMMA, LEAST_REFLECTANCE)
    return levels.astype(np.float32)[grey]


def mirroring(gloss: Floats, mirror_gloss: float) -> Floats:
    """Give how much of a mirror a surface is: 0 up to some gloss, 1 for a perfect one."""
    return np.asarray(np.clip((gloss - mirror_gloss) / (1 - mirror_gloss), 0, 1))


def facing(view: RenderedView) -> Floats:
    """Give the cosine (H, W) of the angle between the surface's normal and the line of sight."""
    height, width = view.depth_m.shape
    focal_x, focal_y = np.float32(view.matrix[0, 0]), np.float32(view.matrix[1, 1])
    x = np.arange(width, dtype=np.float32) - np.float32(view.matrix[0, 2])
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(view.matrix[1, 2])
    log_depth = cv2.log(np.ascontiguousarray(view.depth_m))
    # For z(x, y) the normal is (f z_x, f z_y, -z - x z_x - y z_y) and its dot with the ray is -z.
    slope_x = _slope(log_depth, axis=1, limit=STEEPEST / focal_x)
    slope_y = _slope(log_depth, axis=0, limit=STEEPEST / focal_y)
    away = 1 + x * slope_x + y * slope_y
    normal = (focal_x * slope_x) ** 2 + (focal_y * slope_y) ** 2 + away**2
    ray = 1 + (x / focal_x) ** 2 + (y / focal_y) ** 2
    return np.asarray(1 / cv2.sqrt(normal * ray))


def _slope(values: Floats, *, axis: int, limit: np.float32) -> Floats:
    """Differentiate towards the flatter side, since steps are no slopes; 0 if both are steps."""
    steps = np.diff(values, axis=axis)
    first, last = np.take(steps, [0], axis=axis), np.take(steps, [-1], axis=axis)
    before = np.concatenate([first, steps], axis=axis)
    after = np.concatenate([steps, last], axis=axis)
    flatter = np.where(np.abs(before) < np.abs(after), before, after)
    return np.where(np.abs(flatter) < limit, flatter, np.float32(0))
