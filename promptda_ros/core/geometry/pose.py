# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A translation and a quaternion, combined in the order of operations of tf2.

The node asks tf2 for a transform and a recording asks `TransformTree`: both get the same numbers,
to the last bit, so that both register depth to the same pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math
from typing import cast

from promptda_ros.core.geometry.transform import Transform

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]  # x, y, z, w


@dataclass(frozen=True)
class Pose:
    """Where a frame is, seen from another."""

    translation_m: Vector
    rotation: Quaternion  # of length 1

    @classmethod
    def of(cls, translation: Sequence[float], rotation: Sequence[float]) -> Pose:
        """Make a pose of x, y, z and a quaternion x, y, z, w of any length.

        Raises:
            BadTransform: they are no rigid transform.
        """
        Transform.of(translation, rotation)
        x, y, z = (float(each) for each in translation)
        quaternion = cast(Quaternion, tuple(float(each) for each in rotation))
        return cls((x, y, z), _through_a_matrix(quaternion))

    @property
    def transform(self) -> Transform:
        """Return it as the transform from the frame to the one that it is seen from."""
        return Transform.of(self.translation_m, _through_a_matrix(self.rotation))

    def after(self, inner: Pose) -> Pose:
        """Return the pose of a frame of which `inner` is the pose within this one."""
        x, y, z = _rotate(self.rotation, inner.translation_m)
        own_x, own_y, own_z = self.translation_m
        return Pose(
            (x + own_x, y + own_y, z + own_z),
            _product(self.rotation, inner.rotation),
        )

    def inverse(self) -> Pose:
        """Return where the other frame is, seen from this one."""
        x, y, z = self.translation_m
        back = _conjugate(self.rotation)
        return Pose(_rotate(back, (-x, -y, -z)), back)

    def towards(self, other: Pose, share: float) -> Pose:
        """Interpolate: the translation along a line, the rotation along the shorter arc."""
        rest = 1.0 - share
        (x, y, z), (other_x, other_y, other_z) = self.translation_m, other.translation_m
        return Pose(
            (
                rest * x + share * other_x,
                rest * y + share * other_y,
                rest * z + share * other_z,
            ),
            _slerp(self.rotation, other.rotation, share),
        )


NOWHERE_ELSE = Pose((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))


def _product(one: Quaternion, other: Quaternion) -> Quaternion:
    x, y, z, w = one
    u, v, s, t = other
    return (
        w * u + x * t + y * s - z * v,
        w * v + y * t + z * u - x * s,
        w * s + z * t + x * v - y * u,
        w * t - x * u - y * v - z * s,
    )


def _conjugate(rotation: Quaternion) -> Quaternion:
    x, y, z, w = rotation
    return -x, -y, -z, w


def _rotate(rotation: Quaternion, vector: Vector) -> Vector:
    x, y, z, w = rotation
    u, v, s = vector
    half = (
        w * u + y * s - z * v,
        w * v + z * u - x * s,
        w * s + x * v - y * u,
        -x * u - y * v - z * s,
    )
    return _product(half, _conjugate(rotation))[:3]


def _dot(one: Quaternion, other: Quaternion) -> float:
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2] + one[3] * other[3]


def _slerp(one: Quaternion, other: Quaternion, share: float) -> Quaternion:
    length = math.sqrt(_dot(one, one) * _dot(other, other))
    if _dot(one, other) < 0.0:  # the same rotation, along the shorter arc
        x, y, z, w = other
        other = -x, -y, -z, -w
    angle = math.acos(min(_dot(one, other) / length, 1.0))
    if angle == 0.0:
        return one
    scale = 1.0 / math.sin(angle)
    rest, part = math.sin((1.0 - share) * angle), math.sin(share * angle)
    return (
        (one[0] * rest + other[0] * part) * scale,
        (one[1] * rest + other[1] * part) * scale,
        (one[2] * rest + other[2] * part) * scale,
        (one[3] * rest + other[3] * part) * scale,
    )


def _through_a_matrix(rotation: Quaternion) -> Quaternion:
    """Return the quaternion as tf2 does, which keeps transforms as matrices at its borders."""
    x, y, z, w = rotation
    scale = 2.0 / _dot(rotation, rotation)
    xs, ys, zs = x * scale, y * scale, z * scale
    wx, wy, wz = w * xs, w * ys, w * zs
    xx, xy, xz = x * xs, x * ys, x * zs
    yy, yz, zz = y * ys, y * zs, z * zs
    rows = (
        (1.0 - (yy + zz), xy - wz, xz + wy),
        (xy + wz, 1.0 - (xx + zz), yz - wx),
        (xz - wy, yz + wx, 1.0 - (xx + yy)),
    )
    trace = rows[0][0] + rows[1][1] + rows[2][2]
    if trace > 0.0:
        root = math.sqrt(trace + 1.0)
        half = 0.5 / root
        return (
            (rows[2][1] - rows[1][2]) * half,
            (rows[0][2] - rows[2][0]) * half,
            (rows[1][0] - rows[0][1]) * half,
            root * 0.5,
        )
    return _of_a_large_turn(rows)


def _of_a_large_turn(rows: tuple[Vector, Vector, Vector]) -> Quaternion:
    """Return the quaternion of a matrix whose trace is not positive: x, y or z is large."""
    diagonal = [rows[each][each] for each in range(3)]
    i = max(range(3), key=diagonal.__getitem__)
    j, k = (i + 1) % 3, (i + 2) % 3
    root = math.sqrt(diagonal[i] - diagonal[j] - diagonal[k] + 1.0)
    half = 0.5 / root
    parts = [0.0, 0.0, 0.0]
    parts[i] = root * 0.5
    parts[j] = (rows[j][i] + rows[i][j]) * half
    parts[k] = (rows[k][i] + rows[i][k]) * half
    return parts[0], parts[1], parts[2], (rows[k][j] - rows[j][k]) * half
