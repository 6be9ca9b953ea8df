# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Edges of a picture and edges of depth at one size, so that they can be compared.

Both are maps (H, W, 2) of numbers from 0 to 1: how much of an edge runs down through a pixel, and
how much runs across it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from promptda_ros.core.frame import ByteImage, FloatImage, Size
from promptda_ros.core.geometry.enlarge import enlarge_bilinear

BLUR_PX = 1.0  # of the picture, against its noise
SURROUNDINGS_PX = 20.0  # texture that is as strong all around is no edge
NOISE_LEVELS = 2.0  # of 255
# A relative step of depth from one pixel of the sensor to the next, beyond the slope there
LEAST_STEP, FULL_STEP = 0.02, 0.1
NARROW = 2  # sensor pixels that a hole of mixed pixels is wide at most
NARROW_PART = 1 / 3  # of the way from the far side to the near one
_ALONG_ROWS = np.array([[-0.5, 0.0, 0.5]], np.float32)
_ALONG_COLUMNS = _ALONG_ROWS.T.copy()


def picture_edges(image: ByteImage, size: Size) -> FloatImage:
    """Return the edges (H, W, 2) of an RGB image of any size."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    if grey.shape != size:
        grey = cv2.resize(grey, size[::-1], interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), BLUR_PX)
    edges = np.dstack([_slope(blurred, _ALONG_ROWS), _slope(blurred, _ALONG_COLUMNS)])
    around = cv2.GaussianBlur(edges.sum(axis=2), (0, 0), SURROUNDINGS_PX)
    shares: FloatImage = edges / (edges + around[..., None] + NOISE_LEVELS)
    return shares


def depth_edges(depth_m: FloatImage, size: Size) -> FloatImage:
    """Return the edges (H, W, 2) of depth (h, w), NaN unknown, which is no larger."""
    known = np.isfinite(depth_m) & (depth_m > 0)
    logarithm = np.full(depth_m.shape, np.nan, np.float32)
    np.log(depth_m, out=logarithm, where=known)
    rows, columns = (full / own for full, own in zip(size, depth_m.shape, strict=True))
    across = _steps(_fill_rows(logarithm), _ALONG_ROWS, size, columns)
    down = _steps(_fill_rows(logarithm.T).T, _ALONG_COLUMNS, size, rows)
    return np.dstack([across, down])


def _steps(logarithm: FloatImage, kernel: FloatImage, size: Size, cell_px: float) -> FloatImage:
    """Return how much of a step is at each pixel, from 0 to 1."""
    surface = enlarge_bilinear(cv2.medianBlur(_slope(logarithm, kernel), 5), size)
    step_px = max(cell_px, 2.0)  # the kernel reaches over two pixels
    beyond = step_px * (_slope(enlarge_bilinear(logarithm, size), kernel) - surface / cell_px)
    return np.clip((beyond - LEAST_STEP) / (FULL_STEP - LEAST_STEP), 0.0, 1.0)


def _slope(values: FloatImage, kernel: FloatImage) -> FloatImage:
    found: FloatImage = np.abs(cv2.filter2D(values, -1, kernel, borderType=cv2.BORDER_REPLICATE))
    return found


def _fill_rows(values: FloatImage) -> FloatImage:
    """Fill the holes in each row (h, w).

    What a sensor loses behind an edge lies in the shadow of what is nearer: there the far side
    goes on. Where it loses no more than the pixels that see both sides, the edge is between them.
    """
    known = np.isfinite(values)
    rows, last = np.arange(len(values))[:, None], values.shape[1] - 1
    before, after = _last_known(known), last - _last_known(known[:, ::-1])[:, ::-1]
    left, right = values[rows, before], values[rows, after]
    far = np.fmax(left, right)
    between = far + NARROW_PART * (np.minimum(left, right) - far)
    is_narrow = (after - before - 1 <= NARROW) & np.isfinite(between)
    filled = np.where(known, values, np.where(is_narrow, between, far))
    level = np.median(values[known]) if known.any() else 0.0
    return np.ascontiguousarray(np.nan_to_num(filled, nan=float(level)), np.float32)


def _last_known(known: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the column of the last known value up to each pixel (h, w); 0 before the first."""
    columns = np.where(known, np.arange(known.shape[1]), 0)
    return np.maximum.accumulate(columns, axis=1)
