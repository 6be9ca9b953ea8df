# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Dense depth -> what a cheap sensor with few pixels gives, for data without such a one."""

from __future__ import annotations

import math

import cv2
import numpy as np

from promptda_ros.core.frame import FloatImage

MEASURED_AT_LEAST = 0.5  # share of a block


def reduce_by(kind: str, depth_m: FloatImage, size: tuple[int, ...]) -> FloatImage:
    """Return depth of `size` (rows, columns): the median, mean or nearest of each block."""
    if depth_m.shape == size:
        return depth_m.copy()
    rows, columns = size
    if kind == 'nearest':
        reduced_m: FloatImage = cv2.resize(
            depth_m, (columns, rows), interpolation=cv2.INTER_NEAREST_EXACT
        )
        return reduced_m
    reduce = reduce_median if kind == 'median' else reduce_mean
    return reduce(depth_m, (rows, columns))


def reduce_mean(depth_m: FloatImage, size: tuple[int, int]) -> FloatImage:
    """Return depth of `size` (rows, columns): the mean of the known pixels of each block.

    As a sensor does that gathers light over a cone, it mixes surfaces.
    """
    blocks_m = _blocks(depth_m, size)
    known = np.isfinite(blocks_m)
    count = known.sum(axis=-1)
    mean_m = np.where(known, blocks_m, 0).sum(axis=-1) / np.maximum(count, 1)
    covered = count >= MEASURED_AT_LEAST * blocks_m.shape[-1]
    return np.where(covered, mean_m, np.nan).astype(np.float32)


def reduce_median(depth_m: FloatImage, size: tuple[int, int]) -> FloatImage:
    """Return depth of `size` (rows, columns): the median of the known pixels of each block.

    The median is on one of the surfaces of a block; a mean would lie between them. A block of
    which less than half is known stays unknown. Infinities count as known, far behind or before.
    """
    blocks_m = np.sort(_blocks(depth_m, size), axis=-1)  # what is unknown comes last
    count = (~np.isnan(blocks_m)).sum(axis=-1)
    middle = np.stack((np.maximum(count - 1, 0) // 2, count // 2), axis=-1)
    with np.errstate(invalid='ignore'):  # one of the two may be infinite, or each to its side
        median_m = np.take_along_axis(blocks_m, middle, axis=-1).mean(axis=-1)
    covered = count >= MEASURED_AT_LEAST * blocks_m.shape[-1]
    return np.where(covered, median_m, np.nan).astype(np.float32)


def _blocks(depth_m: FloatImage, size: tuple[int, int]) -> FloatImage:
    """Return the pixels (rows, columns, N) of each block; where sizes don't divide, some twice."""
    rows, columns = size
    tall, wide = (math.ceil(depth_m.shape[0] / rows), math.ceil(depth_m.shape[1] / columns))
    whole_m = cv2.resize(
        depth_m, (columns * wide, rows * tall), interpolation=cv2.INTER_NEAREST_EXACT
    )
    blocks_m: FloatImage = (
        whole_m.reshape(rows, tall, columns, wide).swapaxes(1, 2).reshape(rows, columns, -1)
    )
    return blocks_m
