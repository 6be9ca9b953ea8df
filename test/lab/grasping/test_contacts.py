# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.grasping.contacts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.lab.grasping.contacts import find_contacts, inside
from promptda_ros.lab.grasping.grasp import Box, Gripper

GRIPPER = Gripper()


def bar(width_m: float, turn_rad: float = 0.0, top_m: float = -0.02) -> np.ndarray:
    """Lay a long bar between the fingers, seen from the gripper."""
    along, across = np.meshgrid(np.linspace(-0.2, 0.2, 401), np.linspace(-0.5, 0.5, 31))
    across = across * width_m
    x = np.cos(turn_rad) * across - np.sin(turn_rad) * along
    y = np.sin(turn_rad) * across + np.cos(turn_rad) * along
    return np.stack((x, y, np.full_like(x, top_m)), axis=-1).reshape(-1, 3)


def test_a_bar_is_as_wide_as_it_is_and_faces_the_fingers():
    found = find_contacts(bar(0.03), GRIPPER)
    assert found is not None
    assert found.width_m == pytest.approx(0.03, abs=0.001)
    assert found.askew_rad == pytest.approx(0, abs=np.deg2rad(2))
    assert found.reach_m == pytest.approx(0.02)
    assert found.aside_m == pytest.approx(0, abs=0.004)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(turn_rad=st.floats(-0.6, 0.6))
def test_what_is_turned_is_askew_by_as_much(turn_rad):
    found = find_contacts(bar(0.02, turn_rad), GRIPPER)
    assert found is not None
    assert found.askew_rad == pytest.approx(abs(turn_rad), abs=np.deg2rad(5))


@settings(max_examples=20, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_mirrored_thing_has_mirrored_contacts(seed):
    rng = np.random.default_rng(seed)
    points_m = rng.uniform([-0.03, -0.01, -0.02], [0.03, 0.01, 0.0], (60, 3))
    one, other = find_contacts(points_m, GRIPPER), find_contacts(points_m * [-1, 1, 1], GRIPPER)
    assert one is not None
    assert other is not None
    assert (other.left_m, other.right_m) == pytest.approx((-one.right_m, -one.left_m))
    assert other.askew_rad == pytest.approx(one.askew_rad)


def test_the_upper_half_of_a_ball_slips_away_downwards():
    """Its sides lean towards the fingers more and more, the higher they are."""
    turn, rise = np.meshgrid(np.linspace(0, 2 * np.pi, 90), np.linspace(0.1, 1.5, 60))
    ball_m = 0.03 * np.stack(
        (np.cos(rise) * np.cos(turn), np.cos(rise) * np.sin(turn), -np.sin(rise)), axis=-1
    ).reshape(-1, 3)
    deep, high = (find_contacts(ball_m + np.array([0, 0, by_m]), GRIPPER) for by_m in (0.0, 0.02))
    assert deep is not None
    assert high is not None
    assert high.askew_rad > np.deg2rad(35) > deep.askew_rad


def test_too_few_points_are_nothing():
    assert find_contacts(np.zeros((3, 3)) - 0.001, GRIPPER) is None


def test_a_point_is_in_a_box_up_to_its_margin():
    box = Box((0.1, 0.0, 0.0), (0.01, 0.02, 0.03))
    points_m = np.array([[0.1, 0.0, 0.0], [0.111, 0.0, 0.0], [0.113, 0.0, 0.0]])
    assert inside(points_m, box).tolist() == [True, False, False]
    assert inside(points_m, box, margin_m=0.002).tolist() == [True, True, False]
