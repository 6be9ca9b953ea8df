# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.grasping.planner."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np

from promptda_ros.core.settings import build
from promptda_ros.lab.grasping.clouds import cloud_of, SeenCloud
from promptda_ros.lab.grasping.contacts import inside
from promptda_ros.lab.grasping.grasp import Grasp, inverse
from promptda_ros.lab.grasping.planner import Planner
from test.table_top import below, block, Heights, MATRIX, seen_from_above

SETTINGS = build({})
WIDE_M, NARROW_M, HIGH_M = 0.11, 0.03, 0.04


def cloud(*things: Heights) -> SeenCloud:
    return cloud_of(seen_from_above(*things), MATRIX, SETTINGS)


def plan(seen: SeenCloud, seed: int = 0) -> Grasp | None:
    return Planner().plan(seen, below(), np.random.default_rng(seed))


@settings(max_examples=5, deadline=None, derandomize=True)
@given(yaw_rad=st.floats(0, np.pi))
def test_a_block_is_gripped_across_its_narrow_side_however_it_lies(yaw_rad):
    grasp = plan(cloud(block((WIDE_M, NARROW_M), HIGH_M, yaw_rad=yaw_rad)))
    assert grasp is not None
    closing = grasp.seen_from(below().table_from_camera)[:2, 0]
    assert abs(closing @ (-np.sin(yaw_rad), np.cos(yaw_rad))) > np.cos(np.deg2rad(15))
    assert NARROW_M < grasp.opening_m < NARROW_M + 0.035


def test_the_fingers_come_down_beside_the_block_and_not_into_the_table():
    seen = cloud(block((WIDE_M, NARROW_M), HIGH_M))
    grasp = plan(seen)
    assert grasp is not None
    points_m = seen.points_m.reshape(-1, 3)
    from_camera = inverse(grasp.camera_from_gripper)
    points_m = points_m @ from_camera[:3, :3].T + from_camera[:3, 3]
    gripper = Planner().gripper
    parts = (*gripper.fingers(grasp.opening_m), gripper.palm)
    assert not any(inside(points_m, part).any() for part in parts)
    tip_m = grasp.seen_from(below().table_from_camera)[2, 3]
    assert 0 < tip_m < HIGH_M


def test_an_empty_table_is_refused_by_a_gripper_that_refuses_too():
    seen = cloud()
    assert plan(seen) is None
    assert plan(replace(seen, free_to_m=seen.depth_m)) is None


def test_what_is_wider_than_the_gripper_opens_is_refused():
    assert plan(cloud(block((0.12, 0.12), HIGH_M))) is None


def test_what_is_lower_than_the_noise_of_a_table_is_refused():
    assert plan(cloud(block((WIDE_M, NARROW_M), 0.005))) is None


def test_what_lies_outside_the_workspace_is_refused():
    seen = cloud(block((WIDE_M, NARROW_M), HIGH_M))
    elsewhere = replace(below(), half_m=np.array([0.01, 0.01]))
    assert Planner().plan(seen, elsewhere, np.random.default_rng(0)) is None


def test_a_gripper_that_refuses_does_not_go_where_nothing_was_seen():
    """The block and all round it is seen, and then all but a ring round the block."""
    seen = cloud(block((WIDE_M, NARROW_M), HIGH_M))
    everywhere = replace(seen, free_to_m=seen.depth_m)
    assert plan(everywhere) is not None
    on_block = seen.depth_m < seen.depth_m.max() - 0.5 * HIGH_M
    ring = replace(seen, free_to_m=np.where(on_block, seen.depth_m, 0).astype(np.float32))
    assert plan(ring) is None
    assert plan(seen) is not None  # without refusal what is unseen is free


def test_what_is_not_reliable_is_not_gripped():
    seen = cloud(block((WIDE_M, NARROW_M), HIGH_M))
    assert plan(replace(seen, reliable=np.zeros_like(seen.reliable))) is None


def test_the_same_cloud_and_seed_give_the_same_grasp():
    seen = cloud(block((WIDE_M, NARROW_M), HIGH_M))
    first, second = plan(seen), plan(seen)
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first.camera_from_gripper, second.camera_from_gripper)
    assert first.score == second.score
