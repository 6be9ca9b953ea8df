# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which error of the depth made a grasp fail: what was seen there against what is there."""

from __future__ import annotations

from enum import Enum

import numpy as np

from promptda_ros.core.frame import FloatImage
from promptda_ros.lab.grasping.clouds import SeenCloud
from promptda_ros.lab.grasping.contacts import find_contacts, inside
from promptda_ros.lab.grasping.grasp import Floats, Grasp, Gripper, inverse
from promptda_ros.lab.grasping.unseen import Unseen

EVERY = np.s_[::2, ::2]
MARGIN_M = 0.002  # round the gripper
EDGE_PX = 2  # the surface at an edge may be seen by a pixel beside
OFF_M = 0.004  # an error of the depth that a gripper meets
WIDER_M = 0.006  # an error of the width that a finger meets


class Cause(Enum):
    """What was wrong about the depth where a grasp failed."""

    NEARER = 'surface nearer than seen'
    FARTHER = 'surface farther than seen'
    HOLE = 'hole'
    NOTHING = 'nothing there'
    WIDTH = 'width misjudged'
    SIGHT = 'out of sight'  # no camera there could have seen it
    OTHER = 'depth right'  # the planner or the physics


def cause_of_hit(place_m: Floats, seen: SeenCloud, exact: SeenCloud) -> Cause:
    """Compare both clouds where the gripper hit something, (3,) in the optical frame."""
    column, row = np.rint((exact.intrinsics.matrix @ place_m)[:2] / place_m[2]).astype(int)
    if not (0 <= row < exact.intrinsics.height and 0 <= column < exact.intrinsics.width):
        return Cause.SIGHT
    around = np.s_[max(row - EDGE_PX, 0) : row + EDGE_PX + 1,
                   max(column - EDGE_PX, 0) : column + EDGE_PX + 1]  # fmt: skip
    exact_m, seen_m = exact.depth_m[around], seen.depth_m[around]
    off_m = np.abs(exact_m - place_m[2])
    if off_m.min() > OFF_M:
        return Cause.SIGHT
    return _of_error((seen_m - exact_m)[off_m == off_m.min()])


def cause_of(grasp: Grasp, seen: SeenCloud, exact: SeenCloud, gripper: Gripper) -> Cause:
    """Compare the cloud that a grasp was planned on with the exact one, where the gripper was."""
    gripper_from_camera = inverse(grasp.camera_from_gripper)
    exact_m, seen_m = (_from_gripper(each, gripper_from_camera) for each in (exact, seen))
    error_m = (seen.depth_m - exact.depth_m)[EVERY].reshape(-1)
    boxes = (*gripper.fingers(grasp.opening_m), gripper.palm)
    hit = np.logical_or.reduce([inside(exact_m, box, margin_m=MARGIN_M) for box in boxes])
    if hit.any():
        return _of_error(error_m[hit])
    truth, belief = find_contacts(exact_m, gripper), find_contacts(seen_m, gripper)
    if truth is None:
        return Cause.NOTHING
    if belief is not None and abs(belief.width_m - truth.width_m) > WIDER_M:
        return Cause.WIDTH
    if Unseen(exact.depth_m, exact.intrinsics, np.eye(4)).touches(
        boxes[:2], grasp.camera_from_gripper
    ):
        return Cause.SIGHT
    return Cause.OTHER


def _of_error(error_m: FloatImage) -> Cause:
    """Name the error (N,) of the depth of what is in the way."""
    if np.isnan(error_m).mean() > 0.5:
        return Cause.HOLE
    off_m = float(np.nanmedian(error_m))
    if abs(off_m) <= OFF_M:
        return Cause.OTHER
    return Cause.NEARER if off_m > 0 else Cause.FARTHER


def _from_gripper(cloud: SeenCloud, gripper_from_camera: Floats) -> Floats:
    """Return the points (N, 3) of a cloud in the frame of the gripper, NaN unknown."""
    points_m = cloud.points_m[EVERY].reshape(-1, 3)
    return np.asarray(points_m @ gripper_from_camera[:3, :3].T + gripper_from_camera[:3, 3])
