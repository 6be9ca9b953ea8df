# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A parallel gripper, and one place for it to close."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Box:
    """A part of the gripper along the axes of its frame."""

    centre_m: tuple[float, float, float]
    half_m: tuple[float, float, float]

    @property
    def corners_m(self) -> Floats:
        """Return its corners (8, 3)."""
        signs = np.array(np.meshgrid(*[(-1.0, 1.0)] * 3)).reshape(3, 8).T
        return np.asarray(self.centre_m + signs * self.half_m)


@dataclass(frozen=True)
class Gripper:
    """Two fingers that close along x, before a palm; they point along z, which is the approach.

    The origin is the point between the finger tips. Sizes are those of common grippers of 85 mm.
    """

    finger_length_m: float = 0.045  # z
    finger_width_m: float = 0.02  # y
    finger_thickness_m: float = 0.01  # x
    greatest_opening_m: float = 0.085  # between the fingers
    palm_m: tuple[float, float, float] = (0.12, 0.05, 0.05)  # whole sides x, y, z

    def fingers(self, opening_m: float) -> tuple[Box, Box]:
        """Return the fingers at -x and +x with this gap between them."""
        thick, wide, long = self.finger_thickness_m, self.finger_width_m, self.finger_length_m
        aside_m, half_m = 0.5 * (opening_m + thick), (0.5 * thick, 0.5 * wide, 0.5 * long)
        left, right = (Box((sign * aside_m, 0.0, -0.5 * long), half_m) for sign in (-1, 1))
        return left, right

    @property
    def palm(self) -> Box:
        """Return what carries the fingers."""
        x, y, z = self.palm_m
        return Box((0.0, 0.0, -self.finger_length_m - 0.5 * z), (0.5 * x, 0.5 * y, 0.5 * z))


@dataclass(frozen=True, eq=False)
class Grasp:
    """Where the gripper is to close, in the optical frame of the camera."""

    camera_from_gripper: Floats  # (4, 4)
    opening_m: float  # between the fingers as they come
    score: float  # higher is better, comparable within one planner only

    def seen_from(self, frame_from_camera: Floats) -> Floats:
        """Return the pose (4, 4) of the gripper in another frame."""
        return frame_from_camera @ self.camera_from_gripper

    def rounded(self) -> Grasp:
        """Return it to the micrometre, as it is written to a file."""
        pose = np.round(self.camera_from_gripper, 6)
        return Grasp(pose, round(float(self.opening_m), 6), self.score)


def inverse(pose: Floats) -> Floats:
    """Return the way back (4, 4) of a rigid motion."""
    back = np.eye(4)
    back[:3, :3] = pose[:3, :3].T
    back[:3, 3] = -pose[:3, :3].T @ pose[:3, 3]
    return back
