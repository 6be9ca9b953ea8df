# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where two fingers fit beside a point: the outline of the cloud along every closing direction.

Seen along the approach, the cloud between the fingers is a profile: how high it reaches in every
bin across. A finger fits where the profile stays below its tip, and what lies between the two
nearest such gaps is gripped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from promptda_ros.core.frame import FloatImage, Mask
from promptda_ros.lab.grasping.grasp import Floats, Gripper

BIN_M = 0.003
BINS = 71  # odd: the point is in the middle bin
MIDDLE = BINS // 2
YAWS = 12  # in half a turn, as the gripper is symmetric
TIPS_M = (0.008, 0.016, 0.025, 0.035)  # below the point
MARGIN_M = 0.003  # round the fingers
UNDER_PALM_M = 0.008
LEAST_DEPTH_M = 0.006  # that the fingers reach down beside something


@dataclass(frozen=True, eq=False)
class Fits:
    """Places for the fingers about one point, one an entry of each array."""

    closing: Floats  # (n, 3) unit vectors, in the frame of the points
    centre_m: Floats  # (n, 3) between the finger tips
    width_m: Floats  # (n,) of what is between, in whole bins
    reach_m: Floats  # (n,) from the top of what is between to the tips

    def __len__(self) -> int:
        return len(self.width_m)


def find_fits(around_m: FloatImage, point_m: Floats, approach: Floats, gripper: Gripper) -> Fits:
    """Find where the fingers fit beside a point (3,) among points (N, 3): all yaws, all tips."""
    along, aside = _across(approach)
    turns = np.pi * np.arange(YAWS) / YAWS
    closing = np.cos(turns)[:, None] * along + np.sin(turns)[:, None] * aside  # (K, 3)
    square = np.cos(turns)[:, None] * aside - np.sin(turns)[:, None] * along
    from_point_m = (around_m - point_m).astype(np.float32)
    below_m = from_point_m @ approach.astype(np.float32)
    met = below_m < TIPS_M[-1] + MARGIN_M  # no finger comes down to the others
    from_point_m, below_m = from_point_m[met], below_m[met]
    x_m, y_m = (each.astype(np.float32) @ from_point_m.T for each in (closing, square))  # (K, N)
    bins = np.rint(x_m / np.float32(BIN_M)).astype(np.int32) + MIDDLE
    half_finger_m, half_palm_m = (
        0.5 * side_m + MARGIN_M for side_m in (gripper.finger_width_m, gripper.palm_m[1])
    )
    fingers_m = _profiles(bins, np.abs(y_m) <= half_finger_m, below_m)
    tips_m = np.array(TIPS_M)
    above = below_m <= TIPS_M[-1] - gripper.finger_length_m + UNDER_PALM_M  # what a palm meets
    palm_m = _profiles(bins[:, above], np.abs(y_m[:, above]) <= half_palm_m, below_m[above])
    free = fingers_m[:, None] > tips_m[:, None] + MARGIN_M  # (K, T, BINS)
    left, right, both = _gaps(free, gripper.finger_thickness_m + 2 * MARGIN_M)
    yaw, tip = np.nonzero(both)
    left, right = left[yaw, tip], right[yaw, tip]
    across = np.arange(BINS)
    between = (across >= left[:, None]) & (across < right[:, None])
    top_m = np.where(between, fingers_m[yaw], np.inf).min(axis=1)
    middle_m = (0.5 * (left + right - 1) - MIDDLE) * BIN_M
    width_m, reach_m = (right - left) * BIN_M, tips_m[tip] - top_m
    under_palm = np.abs((across - MIDDLE) * BIN_M - middle_m[:, None]) <= 0.5 * gripper.palm_m[0]
    over_m = np.where(under_palm, palm_m[yaw], np.inf).min(axis=1)
    good = (
        (width_m + 2 * MARGIN_M <= gripper.greatest_opening_m)
        & (reach_m >= LEAST_DEPTH_M)
        & (over_m > tips_m[tip] - gripper.finger_length_m + UNDER_PALM_M)
    )
    centre_m = point_m + middle_m[:, None] * closing[yaw] + tips_m[tip][:, None] * approach
    return Fits(closing[yaw][good], centre_m[good], width_m[good], reach_m[good])


def _across(approach: Floats) -> tuple[Floats, Floats]:
    """Return two unit vectors that are square to the approach and to each other."""
    x, y, z = approach
    along = np.array([0.0, z, -y]) if abs(x) < 0.5 else np.array([-z, 0.0, x])
    along /= np.linalg.norm(along)
    a, b, c = along
    return along, np.array([y * c - z * b, z * a - x * c, x * b - y * a])


def _profiles(
    bins: NDArray[np.int32], inside: NDArray[np.bool_], below_m: FloatImage
) -> FloatImage:
    """Return how high the points reach in every bin (K, BINS): metres below the point, least."""
    yaw, number = np.nonzero(inside & (bins >= 0) & (bins < BINS))
    highest_m: FloatImage = np.full(len(bins) * BINS, np.inf, np.float32)
    np.minimum.at(highest_m, yaw * BINS + bins[yaw, number], below_m[number])
    return highest_m.reshape(len(bins), BINS)


def _gaps(free: Mask, needed_m: float) -> tuple[NDArray[np.intp], NDArray[np.intp], Mask]:
    """Return the first bin between the nearest gaps, the first one behind, and where both are.

    free is (..., BINS); a gap is as many free bins in a row as a finger needs.
    """
    count = int(np.ceil(needed_m / BIN_M))
    last = BINS - count + 1
    runs = free[..., :last].copy()
    for ahead in range(1, count):
        runs &= free[..., ahead : ahead + last]
    starts = np.arange(runs.shape[-1])
    left = np.where(runs & (starts + count <= MIDDLE), starts + count, -1).max(axis=-1)
    right = np.where(runs & (starts > MIDDLE), starts, BINS).min(axis=-1)
    return left, right, (left >= 0) & (right < BINS) & ~free[..., MIDDLE]
