# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.geometry.transform."""

from __future__ import annotations

import math

from hypothesis import assume, given
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.core.geometry.transform import BadTransform, IDENTITY, Transform

HALF = math.sqrt(0.5)
POINTS_M = np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 3.0], [-4.0, 0.5, 0.25]])

coordinates = st.floats(-10.0, 10.0)
parts = st.floats(-1.0, 1.0)


@st.composite
def transforms(draw: st.DrawFn) -> Transform:
    quaternion = draw(st.tuples(parts, parts, parts, parts))
    assume(np.linalg.norm(quaternion) > 1e-3)
    return Transform.of(draw(st.tuples(coordinates, coordinates, coordinates)), quaternion)


def test_a_quarter_turn_about_z_takes_x_to_y():
    transform = Transform.of((0, 0, 0), (0, 0, HALF, HALF))
    np.testing.assert_allclose(transform.apply(np.array([[1.0, 0, 0]])), [[0, 1, 0]], atol=1e-12)


def test_the_translation_is_the_origin_of_the_source_frame():
    transform = Transform.of((0.05, 0.0, 0.01), (0, 0, 0, 1))
    np.testing.assert_allclose(transform.apply(np.zeros((1, 3))), [[0.05, 0.0, 0.01]])


def test_nine_values_are_read_column_by_column():
    """As RealSense and Orbbec publish extrinsics/depth_to_color."""
    columns = [0, 1, 0, -1, 0, 0, 0, 0, 1]  # x becomes y, y becomes -x
    quarter_turn = Transform.of((0, 0, 0), (0, 0, HALF, HALF))
    np.testing.assert_allclose(
        Transform.of((0, 0, 0), columns).rotation, quarter_turn.rotation, atol=1e-12
    )


def test_a_matrix_rounded_by_hand_becomes_the_rotation_nearest_to_it():
    rotation = Transform.of((0, 0, 0), (1, 0, 0, 0, 0.707, 0.707, 0, -0.707, 0.707)).rotation
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)


@pytest.mark.parametrize(
    'rotation, text',
    [
        ((0, 0, 0, 0), 'quaternion 0, 0, 0, 0 is no rotation'),
        ((0, 0, 0, 1e200), 'too large for a quaternion'),
        ((0,) * 9, 'no rotation: an axis is 1 too'),
        ((1, 0, 0, 0, 1, 0, 0, 0, 0.5), 'an axis is 0.5 too'),
        ((1, 0, 0, 0, 1, 0, 0, 0, -1), 'they mirror'),
        ((0, 0, 1), '3 values are neither'),
        ((0, 0, 0, math.nan), 'not finite'),
    ],
)
def test_what_is_no_rotation_is_refused_in_a_sentence(rotation, text: str):
    with pytest.raises(BadTransform, match=text):
        Transform.of((0, 0, 0), rotation)


@pytest.mark.parametrize('translation', [(0, 0), (0, 0, math.inf)])
def test_what_is_no_translation_is_refused(translation):
    with pytest.raises(BadTransform, match='not three finite numbers'):
        Transform.of(translation, (0, 0, 0, 1))


def test_identity_moves_nothing():
    np.testing.assert_array_equal(IDENTITY.apply(POINTS_M), POINTS_M)


@given(transforms())
def test_the_way_there_and_back_ends_at_the_start(transform: Transform):
    there_m = transform.apply(POINTS_M)
    np.testing.assert_allclose(transform.inverse().apply(there_m), POINTS_M, atol=1e-9)


@given(transforms())
def test_no_transform_changes_distances(transform: Transform):
    before_m = np.linalg.norm(POINTS_M[1] - POINTS_M[2])
    moved_m = transform.apply(POINTS_M)
    assert np.linalg.norm(moved_m[1] - moved_m[2]) == pytest.approx(before_m)
