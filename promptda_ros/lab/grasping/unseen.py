# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Space that nobody has seen, into which a gripper that refuses does not go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from promptda_ros.core.frame import FloatImage, Intrinsics
from promptda_ros.lab.grasping.clouds import SeenCloud
from promptda_ros.lab.grasping.grasp import Box, Floats, Gripper, inverse

SPACING_M = 0.006  # of the places looked at in a box


@dataclass(frozen=True, eq=False)
class Unseen:
    """Says of places whether the camera has seen that nothing is there."""

    free_to_m: FloatImage | None  # (H, W) along the optical axis; None: all counts as free
    intrinsics: Intrinsics
    camera_from_frame: Floats  # (4, 4)

    @classmethod
    def of(cls, cloud: SeenCloud, frame_from_camera: Floats) -> Unseen:
        """Judge places in a frame by what a cloud rests on."""
        return cls(cloud.free_to_m, cloud.intrinsics, inverse(frame_from_camera))

    def touches(self, boxes: Sequence[Box], pose: Floats) -> bool:
        """Return whether boxes of a gripper at this pose (4, 4) reach into what was not seen."""
        if self.free_to_m is None:
            return False
        camera_from_gripper = self.camera_from_frame @ pose
        places_m = np.concatenate([_places(box) for box in boxes])
        places_m = places_m @ camera_from_gripper[:3, :3].T + camera_from_gripper[:3, 3]
        return not bool(self._is_free(places_m).all())

    def of_fingers(self, gripper: Gripper, poses: Floats, opening_m: Floats) -> NDArray[np.bool_]:
        """Mark the poses (n, 4, 4) at which a finger reaches into what was not seen."""
        if self.free_to_m is None or not len(poses):
            return np.zeros(len(poses), np.bool_)
        shut, aside_m = gripper.fingers(0.0), 0.5 * opening_m[:, None]
        marked = np.zeros(len(poses), np.bool_)
        in_camera = self.camera_from_frame @ poses
        for finger, sign in zip(shut, (-1, 1), strict=True):
            places_m = np.tile(_places(finger), (len(poses), 1, 1))  # (n, places, 3)
            places_m[..., 0] += sign * aside_m
            places_m = places_m @ in_camera[:, :3, :3].swapaxes(1, 2) + in_camera[:, None, :3, 3]
            free = self._is_free(places_m.reshape(-1, 3)).reshape(len(poses), -1)
            marked |= ~free.all(axis=1)
        return marked

    def _is_free(self, places_m: Floats) -> NDArray[np.bool_]:
        """Mark the places (N, 3) that are in front of what is seen; out of the picture none is."""
        assert self.free_to_m is not None
        at = np.rint(places_m @ self.intrinsics.matrix.T / places_m[:, 2:]).astype(int)
        column, row = at[:, 0], at[:, 1]
        inside = (
            (places_m[:, 2] > 0)
            & (column >= 0)
            & (column < self.intrinsics.width)
            & (row >= 0)
            & (row < self.intrinsics.height)
        )
        free = np.zeros(len(places_m), np.bool_)
        free[inside] = places_m[inside, 2] < self.free_to_m[row[inside], column[inside]]
        return free


def _places(box: Box) -> Floats:
    """Return places (N, 3) all over a box, its faces included."""
    axes = [
        np.linspace(-half_m, half_m, 1 + int(np.ceil(2 * half_m / SPACING_M)))
        for half_m in box.half_m
    ]
    places: Floats = np.stack(np.meshgrid(*axes, indexing='ij'), axis=-1).reshape(-1, 3)
    return np.asarray(places + np.array(box.centre_m))
