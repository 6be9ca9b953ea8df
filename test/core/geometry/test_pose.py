# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.geometry.pose."""

from __future__ import annotations

from hypothesis import assume, example, given
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.core.geometry.pose import Pose
from promptda_ros.core.geometry.transform import BadTransform, Transform

ORIGIN = (0.0, 0.0, 0.0)
parts = st.floats(-1.0, 1.0)
quaternions = st.tuples(parts, parts, parts, parts)


@given(quaternions)
@example((1.0, 0.0, 0.0, 0.0))  # half turns, whose matrices have a negative trace
@example((0.0, -1.0, 0.0, 0.0))
@example((0.0, 0.0, 1.0, 0.0))
@example((1.0, 1.0, 0.0, 0.0))
def test_a_pose_is_the_transform_of_its_quaternion(quaternion):
    assume(np.linalg.norm(quaternion) > 1e-3)
    expected = Transform.of(ORIGIN, quaternion).rotation
    found = Pose.of(ORIGIN, quaternion)
    np.testing.assert_allclose(found.transform.rotation, expected, atol=1e-12)
    assert np.linalg.norm(found.rotation) == pytest.approx(1.0)


@given(quaternions, quaternions, st.floats(0.0, 1.0))
def test_on_the_way_between_two_rotations_the_rest_is_as_long_as_it_should_be(one, other, share):
    assume(min(np.linalg.norm(one), np.linalg.norm(other)) > 1e-3)
    begin, end = Pose.of(ORIGIN, one), Pose.of(ORIGIN, other)
    middle = begin.towards(end, share)
    assert angle_between(begin, middle) == pytest.approx(
        share * angle_between(begin, end), abs=1e-6
    )


def angle_between(one: Pose, other: Pose) -> float:
    """Return the smaller angle; the arctangent is exact near 0 too."""
    step = one.inverse().after(other).rotation
    return 2.0 * float(np.arctan2(np.linalg.norm(step[:3]), abs(step[3])))


@pytest.mark.parametrize('rotation', [(0, 0, 0, 0), (0, 0, 0, float('nan')), (1e-9, 0, 0, 0)])
def test_what_is_no_rotation_is_no_pose(rotation):
    with pytest.raises(BadTransform):
        Pose.of(ORIGIN, rotation)
