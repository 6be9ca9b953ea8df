# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.grasping.unseen."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.core.frame import Intrinsics
from promptda_ros.lab.grasping.grasp import Box, Gripper
from promptda_ros.lab.grasping.unseen import Unseen

CAMERA = Intrinsics(64, 48, 60.0, 60.0, 31.5, 23.5)
CUBE = Box((0.0, 0.0, 0.0), (0.01, 0.01, 0.01))


def unseen(free_to_m: np.ndarray | None) -> Unseen:
    return Unseen(free_to_m, CAMERA, np.eye(4))


def wall(depth_m: float = 1.0) -> np.ndarray:
    return np.full((48, 64), depth_m, np.float32)


def at(x: float, y: float, z: float) -> np.ndarray:
    pose = np.eye(4)
    pose[:3, 3] = x, y, z
    return pose


@pytest.mark.parametrize(
    'place, is_hit',
    [
        ((0, 0, 0.9), False),
        ((0, 0, 0.995), True),  # its far face is in the wall
        ((0, 0, 1.5), True),  # behind it
        ((2.0, 0, 0.9), True),  # out of the picture
        ((0, 0, -0.5), True),  # behind the camera
    ],
)
def test_only_what_is_in_front_of_what_is_seen_is_free(place, is_hit):
    assert unseen(wall()).touches([CUBE], at(*place)) == is_hit


def test_one_unknown_pixel_before_a_box_is_enough():
    free_to_m = wall()
    free_to_m[24, 32] = 0
    assert unseen(free_to_m).touches([CUBE], at(0, 0, 0.9))
    assert not unseen(free_to_m).touches([CUBE], at(0.1, 0, 0.9))


def test_without_refusal_everything_unseen_is_free():
    assert not unseen(None).touches([CUBE], at(0, 0, 2.0))
    assert not unseen(None).of_fingers(Gripper(), np.eye(4)[None], np.array([0.05])).any()


@settings(max_examples=30, deadline=None, derandomize=True)
@given(x=st.floats(-0.2, 0.2), z=st.floats(0.6, 1.2), opening_m=st.floats(0.01, 0.085))
def test_many_poses_at_once_are_judged_as_one_by_one(x, z, opening_m):
    gripper = Gripper()
    judge = unseen(np.where(np.indices((48, 64))[1] < 32, 1.0, 0.8).astype(np.float32))
    poses = np.stack([at(x, 0, z), at(-x, 0, z)])
    one_by_one = [judge.touches(gripper.fingers(opening_m), pose) for pose in poses]
    assert judge.of_fingers(gripper, poses, np.full(2, opening_m)).tolist() == one_by_one


def test_of_no_pose_none_is_hit():
    assert unseen(wall()).of_fingers(Gripper(), np.empty((0, 4, 4)), np.empty(0)).shape == (0,)
