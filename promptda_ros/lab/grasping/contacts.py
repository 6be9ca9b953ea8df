# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How two fingers would meet what is between them: how wide it is, and how askew its sides are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from promptda_ros.lab.grasping.grasp import Box, Floats, Gripper

SLICES = 4  # of the width of a finger
FEWEST_POINTS = 6
SIDE_M = 0.08  # how far beside the fingers the middle of the thing is looked for
SLICE_M = 0.006


@dataclass(frozen=True)
class Contacts:
    """What is between the fingers, in the frame of the gripper."""

    left_m: float  # x where each finger would touch
    right_m: float
    askew_rad: float  # how far the worse contact is from facing its finger
    reach_m: float  # from the top of it to the tips
    aside_m: float  # y of the middle of what goes on beside the fingers

    @property
    def width_m(self) -> float:
        """Return how wide it is."""
        return self.right_m - self.left_m


def find_contacts(points_m: Floats, gripper: Gripper) -> Contacts | None:
    """Measure the points (N, 3), seen from the gripper, that it would close on; None: too few."""
    x_m, y_m, z_m = points_m.T
    within = (np.abs(x_m) < 0.5 * gripper.greatest_opening_m) & (z_m < 0)
    beside_m = points_m[within]
    between_m = beside_m[np.abs(beside_m[:, 1]) < 0.5 * gripper.finger_width_m]
    if len(between_m) < FEWEST_POINTS:
        return None
    x_m, y_m, z_m = between_m.T
    left_m, right_m = np.quantile(x_m, (0.02, 0.98))
    top_m = float(np.quantile(z_m, 0.02))
    goes_on = (beside_m[:, 0] > left_m) & (beside_m[:, 0] < right_m)
    return Contacts(
        left_m=float(left_m),
        right_m=float(right_m),
        askew_rad=max(_askew(x_m, y_m, z_m, top_m), _askew(-x_m, y_m, z_m, top_m)),
        reach_m=-top_m,
        aside_m=_middle(beside_m[goes_on, 1]),
    )


def _askew(x_m: Floats, y_m: Floats, z_m: Floats, top_m: float) -> float:
    """Return how far the outline at the largest x is from being square to x.

    Along y it counts either way. Towards the tips it counts where the thing widens, from which
    fingers slip upwards; a side that is not seen is taken for upright.
    """
    half_m = max(float(np.abs(y_m).max()), 1e-6)
    slices = np.clip(((y_m / half_m + 1) * 0.5 * SLICES).astype(int), 0, SLICES - 1)
    ends_m = np.full(SLICES, -np.inf)
    np.maximum.at(ends_m, slices, x_m)
    there = np.isfinite(ends_m)
    places_m = (np.arange(SLICES) + 0.5) / SLICES * 2 * half_m
    slope = np.polyfit(places_m[there], ends_m[there], 1)[0] if there.sum() > 1 else 0.0
    lower = z_m > 0.5 * top_m
    widens = 0.0
    if FEWEST_POINTS // 2 <= np.count_nonzero(lower) < len(z_m):
        widens = max(0.0, (x_m[lower].max() - x_m[~lower].max()) / (-0.5 * top_m))
    return float(np.arctan(np.hypot(slope, widens)))


def _middle(y_m: Floats) -> float:
    """Return the middle of the unbroken row of slices that holds y = 0."""
    side = round(SIDE_M / SLICE_M)
    taken = np.zeros(2 * side + 1, np.bool_)
    numbers = np.rint(y_m / SLICE_M).astype(int) + side
    taken[numbers[(numbers >= 0) & (numbers <= 2 * side)]] = True
    gaps = np.flatnonzero(~taken) - side
    begin = gaps[gaps < 0].max(initial=-side - 1)
    end = gaps[gaps > 0].min(initial=side + 1)
    return 0.5 * SLICE_M * float(begin + end)


def inside(points_m: Floats, box: Box, *, margin_m: float = 0.0) -> NDArray[np.bool_]:
    """Mark the points (N, 3) that are in a box of the gripper."""
    off_m = np.abs(points_m - np.array(box.centre_m))
    marked: NDArray[np.bool_] = (off_m < np.array(box.half_m) + margin_m).all(axis=1)
    return marked
