# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Dense depth -> what a cheap sensor with few pixels gives, for data without such a one."""

from __future__ import annotations

import math
import warnings

import cv2
import numpy as np

from promptda_ros.core.frame import FloatImage

MEASURED_AT_LEAST = 0.5  # share of a block


def reduce_median(depth_m: FloatImage, size: tuple[int, int]) -> FloatImage:
    """Return depth of `size` (rows, columns): the median of the known pixels of each block.

    The median is on one of the surfaces of a block; a mean would lie between them. A block of
    which less than half is known stays unknown. Infinities count as known, far behind or before.
    """
    rows, columns = size
    tall, wide = (math.ceil(depth_m.shape[0] / rows), math.ceil(depth_m.shape[1] / columns))
    whole_m = cv2.resize(
        depth_m, (columns * wide, rows * tall), interpolation=cv2.INTER_NEAREST_EXACT
    )
    blocks_m = whole_m.reshape(rows, tall, columns, wide).swapaxes(1, 2).reshape(rows, columns, -1)
    covered = (~np.isnan(blocks_m)).mean(axis=-1) >= MEASURED_AT_LEAST
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', RuntimeWarning)  # blocks without any known pixel
        median_m = np.nanmedian(blocks_m, axis=-1)
    return np.where(covered, median_m, np.nan).astype(np.float32)
