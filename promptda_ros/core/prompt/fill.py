# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Depth where the sensor measured nothing, made of what it measured around.

Holes of a dense image take the nearest measurement. Between the lines of a LiDAR or the zones of
a coarse sensor, where that would make stairs, four measurements around each pixel are averaged.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from promptda_ros.core.frame import FloatImage, Mask

# Measurements are sparse where fewer than this share have neighbours both ways.
LEAST_JOINED = 0.5
# Measurements that differ by more than this share are of two surfaces: no mean of them is true.
LARGEST_STEP = 0.1
# So many pixels around are searched for the four at the most.
LARGEST_REACH = 31
_ROW_BITS = 5  # of a key, below the squared distance
_NOWHERE = 1 << 20  # more than any key

Places = npt.NDArray[np.int32]


def fill_holes(depth_m: FloatImage, measured: Mask) -> FloatImage:
    """Give every unmeasured pixel (h, w) depth; measured pixels keep theirs.

    The author of the network advises to complete prompts by nearest neighbours, four of them
    where they are sparse (DepthAnything/PromptDA issue 3).
    """
    if measured.all():
        return depth_m
    nearest_m = fill_with_nearest(depth_m, measured)
    if is_dense(measured):
        return nearest_m
    return _fill_with_four(nearest_m, measured)


def is_dense(measured: Mask) -> bool:
    """Return whether measurements form areas (with holes) instead of lines or single pixels."""
    padded = np.pad(measured, 1)
    across = padded[1:-1, :-2] | padded[1:-1, 2:]
    down = padded[:-2, 1:-1] | padded[2:, 1:-1]
    return bool((measured & across & down).sum() >= LEAST_JOINED * measured.sum())


def fill_with_nearest(depth_m: FloatImage, measured: Mask) -> FloatImage:
    """Give every unmeasured pixel the depth of the measured pixel nearest to it.

    No value is averaged, so that none arises between two surfaces.
    """
    _, labels = cv2.distanceTransformWithLabels(
        _holes(measured), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    value_of_label = np.empty(int(labels.max()) + 1, np.float32)
    value_of_label[labels[measured]] = depth_m[measured]
    filled_m: FloatImage = value_of_label[labels]
    return filled_m


def distance_px(measured: Mask) -> FloatImage:
    """Return how far every pixel (h, w) is from the measurement nearest to it."""
    distance: FloatImage = cv2.distanceTransform(_holes(measured), cv2.DIST_L2, cv2.DIST_MASK_5)
    return distance


def _holes(measured: Mask) -> npt.NDArray[np.uint8]:
    return np.where(measured, np.uint8(0), np.uint8(1))


def _fill_with_four(nearest_m: FloatImage, measured: Mask) -> FloatImage:
    """Average the nearest measurement of each quarter around, weighted by inverse distance.

    One a quarter, because the four nearest of all would mostly lie on one line of the LiDAR.
    """
    places = np.arange(measured.size, dtype=np.int32).reshape(measured.shape)
    reach = _reach(measured)
    total_m, total_weight = np.zeros_like(nearest_m), np.zeros_like(nearest_m)
    for turn in range(4):
        turned = _nearest_upper_left(np.rot90(measured, turn), np.rot90(places, turn), reach)
        distance, place = (np.rot90(each, -turn) for each in turned)
        around_m = nearest_m.ravel()[place]
        same_surface = np.abs(around_m - nearest_m) <= LARGEST_STEP * nearest_m
        weight = np.where(same_surface, 1 / distance, np.float32(0))  # 0 at infinity
        total_m += weight * around_m
        total_weight += weight
    mean_m = total_m / np.maximum(total_weight, np.float32(1e-6))
    filled_m: FloatImage = np.where((total_weight > 0) & ~measured, mean_m, nearest_m)
    return filled_m


def _nearest_upper_left(measured: Mask, places: Places, reach: int) -> tuple[FloatImage, Places]:
    """Search the rows above every pixel, in its column and those to the left.

    Returns distances, infinite where there is no measurement, and their places (h, w).
    """
    rows, columns = np.indices(measured.shape, dtype=np.int32)
    last = np.maximum.accumulate(np.where(measured, columns, -1), axis=1)
    aside = np.where(last >= 0, columns - last, measured.size)
    # Squared distance and row in one number, so that the smallest is found in one go.
    in_row = np.where(aside <= reach, np.square(aside) << _ROW_BITS, _NOWHERE)
    best = np.full(measured.shape, _NOWHERE, np.int32)
    for above in range(1, min(reach, len(measured) - 1) + 1):
        further = in_row[:-above] + ((above**2 << _ROW_BITS) + above)
        np.minimum(best[above:], further, out=best[above:])
    found = best < _NOWHERE
    distance = np.where(found, np.sqrt((best >> _ROW_BITS).astype(np.float32)), np.float32(np.inf))
    source_row = np.where(found, rows - (best & (1 << _ROW_BITS) - 1), rows)
    return distance, places[source_row, last[source_row, columns]]


def _reach(measured: Mask) -> int:
    """Return how far measurements are apart: pixels between are in the median a quarter off."""
    typical = float(np.median(distance_px(measured)[~measured]))
    return int(np.clip(round(4 * typical) + 1, 2, LARGEST_REACH))
