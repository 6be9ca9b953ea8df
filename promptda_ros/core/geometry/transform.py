# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where one frame is, seen from another: a rotation and a translation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from promptda_ros.core.errors import PromptdaError

Floats = npt.NDArray[np.float64]

# People round by hand: a matrix this near to a rotation is meant to be one.
ROTATION_TOLERANCE = 0.01
LEAST_QUATERNION = 1e-6


class BadTransform(PromptdaError, ValueError):
    """Numbers that are no rigid transform; the text says why."""


class UnknownTransform(PromptdaError, LookupError):
    """There is no transform between two frames for this moment; the text says why."""


@dataclass(frozen=True, eq=False)
class Transform:
    """Transforms points between frames: `camera_from_sensor` those of the sensor.

    The columns of the rotation are the axes of the source frame and the translation is its
    origin, both seen from the target frame.
    """

    rotation: Floats  # (3, 3)
    translation_m: Floats  # (3,)

    @classmethod
    def of(cls, translation: Sequence[float], rotation: Sequence[float]) -> Transform:
        """Make a transform of x, y, z and a quaternion x, y, z, w or a matrix, column by column.

        Raises:
            BadTransform: the quaternion is zero, or the matrix is no rotation.
        """
        if len(rotation) not in (4, 9):
            raise BadTransform(
                f'{len(rotation)} values are neither a quaternion (4) nor a matrix (9)'
            )
        origin_m, values = np.array(translation, np.float64), np.array(rotation, np.float64)
        if origin_m.shape != (3,) or not np.isfinite(origin_m).all():
            raise BadTransform(f'translation {list(translation)} is not three finite numbers')
        if not np.isfinite(values).all():
            raise BadTransform(f'{list(rotation)} are not finite numbers')
        if len(rotation) == 4:
            return cls(_rotation_of_quaternion(values), origin_m)
        return cls(nearest_rotation(values.reshape(3, 3).T), origin_m)

    def apply(self, points_m: Floats) -> Floats:
        """Take points (N, 3) of the source frame to the target frame."""
        return points_m @ self.rotation.T + self.translation_m

    def inverse(self) -> Transform:
        """Return the inverse transform."""
        back = self.rotation.T
        return Transform(back, -back @ self.translation_m)


IDENTITY = Transform(np.eye(3), np.zeros(3))


def _rotation_of_quaternion(quaternion: Floats) -> Floats:
    with np.errstate(over='ignore'):
        length = float(np.linalg.norm(quaternion))
    if length < LEAST_QUATERNION:
        raise BadTransform('quaternion 0, 0, 0, 0 is no rotation; 0, 0, 0, 1 is none at all')
    if not np.isfinite(length):  # divided by it, the quaternion would become no rotation at all
        raise BadTransform(f'{quaternion.tolist()} are too large for a quaternion')
    x, y, z, w = quaternion / length
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def nearest_rotation(matrix: Floats) -> Floats:
    """Return the rotation (3, 3) that a matrix, perhaps rounded by hand, is meant to be.

    Raises:
        BadTransform: the matrix is none, not even roughly.
    """
    if not np.isfinite(matrix).all():
        raise BadTransform('the nine values are no rotation: they are not all finite')
    left, stretch, right = np.linalg.svd(matrix)
    rotation: Floats = left @ right
    off = float(np.abs(stretch - 1.0).max())
    if off > ROTATION_TOLERANCE:
        raise BadTransform(
            f'the nine values are no rotation: an axis is {off:.2g} too long, too short or askew'
        )
    if np.linalg.det(rotation) < 0.0:
        raise BadTransform('the nine values are no rotation: they mirror')
    return rotation
