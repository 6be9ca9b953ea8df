# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.grasping.causes."""

from __future__ import annotations

import numpy as np
import pytest

from promptda_ros.core.settings import build
from promptda_ros.lab.grasping.causes import Cause, cause_of, cause_of_hit
from promptda_ros.lab.grasping.clouds import cloud_of, SeenCloud
from promptda_ros.lab.grasping.grasp import Grasp, Gripper, inverse
from test.table_top import below, block, HEIGHT_M, Heights, MATRIX, seen_from_above

SETTINGS = build({})
BLOCK = block((0.1, 0.03), 0.04)


def cloud(*things: Heights) -> SeenCloud:
    return cloud_of(seen_from_above(*things), MATRIX, SETTINGS)


def straight_down(tip_m: float, opening_m: float = 0.05) -> Grasp:
    """Close along y of the table, over its middle."""
    pose = np.eye(4)
    pose[:3, :3] = np.array([[0, 1, 0], [1, 0, 0], [0, 0, -1]]).T
    pose[2, 3] = tip_m
    return Grasp(inverse(below().table_from_camera) @ pose, opening_m, 0.0)


@pytest.mark.parametrize(
    'believed, true, cause',
    [
        ([BLOCK], [BLOCK], Cause.OTHER),
        ([BLOCK], [block((0.1, 0.08), 0.04)], Cause.NEARER),  # the fingers come down on it
        ([block((0.1, 0.08), 0.04)], [BLOCK], Cause.WIDTH),
        ([BLOCK], [], Cause.NOTHING),
    ],
)
def test_the_error_under_the_gripper_is_named(believed, true, cause):
    found = cause_of(straight_down(0.02), cloud(*believed), cloud(*true), Gripper())
    assert found is cause


def test_what_was_believed_nearer_than_it_is_is_told_from_the_opposite():
    """The fingers reach into a surface that was believed to be above them."""
    low, high = block((0.1, 0.09), 0.03), block((0.1, 0.09), 0.04)
    assert cause_of(straight_down(0.02), cloud(high), cloud(low), Gripper()) is Cause.FARTHER
    assert cause_of(straight_down(0.02), cloud(low), cloud(high), Gripper()) is Cause.NEARER


def test_a_hole_under_the_gripper_is_one():
    depth_m = seen_from_above(BLOCK)
    holed = np.full_like(depth_m, np.nan)
    exact = cloud(block((0.1, 0.08), 0.04))
    seen = cloud_of(holed, MATRIX, SETTINGS)
    assert cause_of(straight_down(0.02), seen, exact, Gripper()) is Cause.HOLE


def test_a_finger_behind_what_the_camera_sees_is_out_of_its_sight():
    """A camera that looks along the table sees one finger before the block, and not the other."""
    wall_m = np.full((240, 320), 2.0, np.float32)
    wall_m[100:140, 100:220] = 0.5  # 20 cm wide, upright
    seen = cloud_of(wall_m, MATRIX, SETTINGS)
    pose = np.eye(4)
    pose[:3, :3] = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]]).T  # closes along the axis
    pose[:3, 3] = [0, -0.02, 0.5]
    found = cause_of(Grasp(pose, 0.05, 0.0), seen, seen, Gripper())
    assert found is Cause.SIGHT


@pytest.mark.parametrize(
    'believed_m, cause',
    [
        (0.04, Cause.OTHER),
        (0.02, Cause.NEARER),  # the top was measured too far from the camera
        (0.06, Cause.FARTHER),
        (np.nan, Cause.HOLE),
    ],
)
def test_the_error_where_the_gripper_hit_is_named(believed_m, cause):
    at_top = np.array([0.0, 0.0, HEIGHT_M - 0.04])
    exact = cloud(block((0.1, 0.08), 0.04))
    seen = cloud_of(np.full_like(exact.depth_m, HEIGHT_M - believed_m), MATRIX, SETTINGS)
    assert cause_of_hit(at_top, seen, exact) is cause


@pytest.mark.parametrize('place_m', [(0.0, 0.0, HEIGHT_M - 0.02), (0.5, 0.0, HEIGHT_M)])
def test_what_is_hit_inside_a_block_or_beside_the_picture_is_out_of_sight(place_m):
    exact = cloud(block((0.1, 0.08), 0.04))
    assert cause_of_hit(np.array(place_m), exact, exact) is Cause.SIGHT


def test_edge_that_a_pixel_beside_sees_is_in_sight():
    exact = cloud(block((0.1, 0.08), 0.04))
    row, column = 120, 160 + int(np.argmax(exact.depth_m[120, 160:] > HEIGHT_M - 0.02))
    ray = np.linalg.inv(MATRIX) @ [column + 1, row, 1]
    assert cause_of_hit((HEIGHT_M - 0.04) * ray, exact, exact) is Cause.OTHER
    ray[0] += 0.02
    assert cause_of_hit((HEIGHT_M - 0.04) * ray, exact, exact) is Cause.SIGHT
