# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A cloud seen from the table or bin that a robot picks from: what is support, what lies on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from promptda_ros.core.cloud.cloud import nearest_per_voxel
from promptda_ros.core.frame import FloatImage, Mask
from promptda_ros.lab.grasping.clouds import SeenCloud
from promptda_ros.lab.grasping.grasp import Floats
from promptda_ros.lab.sim.support import Support

STRIDE = 2  # of the pixels of a cloud
VOXEL_M = 0.004
SUPPORT_M = 0.015  # a robot knows this well how high its table is; the cloud tells the rest
ABOVE_M = 0.008  # what is less above the support may be its noise
NEAR_M = 0.125  # of a point, the gripper reaches no farther
FROM_WALL_M = 0.004  # for the gripper, which knows where the walls of its bin are
BESIDE_WALL_M = 0.012  # what is nearer to the rim of a bin may be the rim


@dataclass(frozen=True, eq=False)
class Workspace:
    """What a robot knows without any cloud: where its camera is, and where its table or bin."""

    table_from_camera: Floats  # (4, 4); z up, the surface at 0
    half_m: NDArray[np.float64]  # (2,) half sides of the area from which things are picked
    rim_m: float = 0.0  # height of the walls round it

    @classmethod
    def of(cls, support: Support, table_from_camera: Floats) -> Workspace:
        """Describe what things lie on or in."""
        return cls(table_from_camera, support.half_m, support.rim_m)

    def is_hit(self, corners_m: Floats) -> bool:
        """Return whether a box with these corners (N, 3) reaches into a wall."""
        low = corners_m[:, 2] < self.rim_m
        return bool((low & ~self.holds(corners_m, beside_m=FROM_WALL_M)).any())

    def holds(self, places_m: FloatImage | Floats, *, beside_m: float = 0.0) -> Mask:
        """Mark the places (N, 3) in that area, so far from its border; fails NaN."""
        within = np.abs(places_m[:, :2]) < self.half_m - beside_m
        return np.asarray(within.all(axis=1))


@dataclass(frozen=True, eq=False)
class Points:
    """A cloud in the frame of the table, thinned."""

    all_m: FloatImage  # (N, 3)
    normals: Floats  # (N, 3), NaN unknown
    wanted: NDArray[np.intp]  # those on objects that may be gripped
    floor_m: float
    workspace: Workspace

    @classmethod
    def of(cls, cloud: SeenCloud, workspace: Workspace) -> Points:
        """Take a cloud to the table, leave out what is far, and find the support."""
        every = np.s_[::STRIDE, ::STRIDE]
        flat_m = cloud.points_m[every].reshape(-1, 3)
        from_camera = workspace.table_from_camera
        rotation = from_camera[:3, :3]
        all_m = np.asarray(flat_m @ rotation.T + from_camera[:3, 3], np.float32)
        index = np.flatnonzero(workspace.holds(all_m, beside_m=-NEAR_M))
        index = index[nearest_per_voxel(all_m[index], edge_m=VOXEL_M)]
        all_m = all_m[index]
        normals = cloud.normals[every].reshape(-1, 3)[index] @ rotation.T
        heights_m = all_m[:, 2]
        level = np.abs(heights_m) < SUPPORT_M
        floor_m = float(np.median(heights_m[level])) if level.any() else 0.0
        wanted = (
            (heights_m > floor_m + ABOVE_M)
            & workspace.holds(all_m, beside_m=BESIDE_WALL_M)
            & cloud.reliable[every].ravel()[index]
        )
        return cls(all_m, normals, np.flatnonzero(wanted), floor_m, workspace)

    def near(self, place_m: Floats) -> FloatImage:
        """Return the points (n, 3) that a gripper near this place might meet."""
        from_origin = np.float32(NEAR_M**2 - place_m @ place_m)
        off = self._squares - 2 * (self.all_m @ place_m.astype(np.float32))
        near_m: FloatImage = self.all_m[off < from_origin]
        return near_m

    @cached_property
    def _squares(self) -> FloatImage:
        return np.asarray(np.square(self.all_m).sum(axis=1))
