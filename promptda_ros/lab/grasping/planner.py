# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Picks one place for two fingers to close, from nothing but a cloud.

Points on objects are drawn at random; from above and along the surface's normal the fingers are
tried at all yaws. The best is the one whose fingers come deepest beside something narrow, whose
sides face them, near its middle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from promptda_ros.lab.grasping.clouds import SeenCloud
from promptda_ros.lab.grasping.contacts import Contacts, find_contacts, inside
from promptda_ros.lab.grasping.grasp import Floats, Grasp, Gripper, inverse
from promptda_ros.lab.grasping.profiles import find_fits, Fits
from promptda_ros.lab.grasping.unseen import Unseen
from promptda_ros.lab.grasping.workspace import BESIDE_WALL_M, Points, Workspace

DRAWN = 100  # points
TRIED = 80  # places that are looked at closely
STEEPEST_RAD = np.deg2rad(45)  # of an approach, from above
ALIKE_RAD = np.deg2rad(12)  # a normal nearer to upright is no other approach
AROUND_M = 0.002  # the gripper
FRICTION_RAD = np.arctan(0.6)  # half the angle of the cone in which a contact holds
ROOMS_M = (0.013, 0.010, 0.007, 0.004)  # beside what is gripped, for each finger
ROOM_M = 2 * ROOMS_M[2]
DOWN = np.array([0.0, 0.0, -1.0])
ABOVE_SUPPORT_M = 0.004  # for the tips


@dataclass(frozen=True)
class Planner:
    """Plans with one gripper."""

    gripper: Gripper = field(default_factory=Gripper)

    def plan(
        self, cloud: SeenCloud, workspace: Workspace, rng: np.random.Generator
    ) -> Grasp | None:
        """Return the best grasp of anything in the workspace, None where there is no good one."""
        points = Points.of(cloud, workspace)
        unseen = Unseen.of(cloud, workspace.table_from_camera)
        camera_from_table = inverse(workspace.table_from_camera)
        best: Grasp | None = None
        for pose in self._poses(points, unseen, rng):
            found = self._judge(pose, points, unseen)
            if found and (best is None or found.score > best.score):
                best = found
        if best is None:
            return None
        return Grasp(best.seen_from(camera_from_table), best.opening_m, best.score)

    def _poses(
        self, points: Points, unseen: Unseen, rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return the poses (n, 4, 4) that promise most, in the frame of the table."""
        poses, widths_m, reaches_m = [np.empty((0, 4, 4))], [np.empty(0)], [np.empty(0)]
        for point_m, approaches in _drawn(points, rng):
            near_m = points.near(point_m)
            for approach in approaches:
                fits = find_fits(near_m, point_m, approach, self.gripper)
                poses.append(_poses_of(fits, approach))
                widths_m.append(fits.width_m)
                reaches_m.append(fits.reach_m)
        all_poses, width_m = np.concatenate(poses), np.concatenate(widths_m)
        promise = self._promise(width_m, np.concatenate(reaches_m), -all_poses[:, 2, 2])
        promise[unseen.of_fingers(self.gripper, all_poses, width_m + ROOM_M)] = -np.inf
        best = np.argsort(-promise, kind='stable')[:TRIED]
        return all_poses[best[promise[best] > -np.inf]]

    def _promise(self, width_m: Floats, reach_m: Floats, upright: Floats) -> Floats:
        """Return what grasps of this width and depth are worth; 0 to about 2."""
        deep = np.minimum(reach_m, 0.025) / 0.025
        narrow = 1 - width_m / self.gripper.greatest_opening_m
        return np.asarray(deep + 0.5 * narrow + 0.3 * upright)

    def _judge(self, pose: Floats, points: Points, unseen: Unseen) -> Grasp | None:
        """Look at one place closely: centre it, see that the gripper is free there, score it."""
        rotation, centre_m = pose[:3, :3], pose[:3, 3]
        seen_m = (points.near(centre_m) - centre_m) @ rotation
        contacts = find_contacts(seen_m, self.gripper)
        if contacts is None or contacts.askew_rad > FRICTION_RAD:
            return None
        middle_m = 0.5 * (contacts.left_m + contacts.right_m)
        pose = pose.copy()
        pose[:3, 3] += middle_m * rotation[:, 0]
        sides_m = np.outer((-0.5, 0.5), contacts.width_m * rotation[:, 0]) + pose[:3, 3]
        if not points.workspace.holds(sides_m, beside_m=BESIDE_WALL_M).all():
            return None
        seen_m = seen_m - [middle_m, 0, 0]
        for room_m in ROOMS_M:
            opening_m = contacts.width_m + 2 * room_m
            if opening_m <= self.gripper.greatest_opening_m and self._is_free(
                seen_m, pose, opening_m, points, unseen
            ):
                return Grasp(pose, opening_m, self._score(contacts, rotation, room_m))
        return None

    def _is_free(
        self, seen_m: Floats, pose: Floats, opening_m: float, points: Points, unseen: Unseen
    ) -> bool:
        """Return whether nothing is where the gripper would be; seen_m (N, 3) from there."""
        parts = (*self.gripper.fingers(opening_m), self.gripper.palm)
        for part in parts:
            corners_m = part.corners_m @ pose[:3, :3].T + pose[:3, 3]
            if corners_m[:, 2].min() < points.floor_m + ABOVE_SUPPORT_M:
                return False
            if points.workspace.is_hit(corners_m) or inside(seen_m, part, margin_m=AROUND_M).any():
                return False
        return not unseen.touches(parts, pose)

    def _score(self, contacts: Contacts, rotation: Floats, room_m: float) -> float:
        worth = self._promise(
            np.array(contacts.width_m), np.array(contacts.reach_m), -rotation[2, 2]
        )
        facing = 1 - contacts.askew_rad / FRICTION_RAD
        return float(worth + 0.7 * facing - 12 * abs(contacts.aside_m) + 30 * room_m)


def _drawn(points: Points, rng: np.random.Generator) -> Iterator[tuple[Floats, list[Floats]]]:
    """Draw points on objects, each with the ways to come: from above, and along its normal."""
    count = min(DRAWN, len(points.wanted))
    for index in rng.choice(points.wanted, count, replace=False) if count else ():
        against = -points.normals[index]
        from_above_rad = np.arccos(np.clip(-against[2], -1, 1))
        tilted = [against] if ALIKE_RAD < from_above_rad < STEEPEST_RAD else []  # fails NaN
        yield points.all_m[index].astype(np.float64), [DOWN, *tilted]


def _poses_of(fits: Fits, approach: Floats) -> Floats:
    """Return the poses (n, 4, 4) of a gripper that comes along one approach."""
    poses = np.tile(np.eye(4), (len(fits), 1, 1))
    poses[:, :3, 0], poses[:, :3, 1] = fits.closing, np.cross(approach, fits.closing)
    poses[:, :3, 2], poses[:, :3, 3] = approach, fits.centre_m
    return poses
