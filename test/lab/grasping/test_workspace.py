# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.grasping.workspace."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from promptda_ros.core.settings import build
from promptda_ros.lab.grasping.clouds import cloud_of
from promptda_ros.lab.grasping.workspace import ABOVE_M, NEAR_M, Points
from test.table_top import below, block, MATRIX, seen_from_above

BIN = replace(below(), half_m=np.array([0.2, 0.1]), rim_m=0.1)


@pytest.mark.parametrize(
    'corner, is_hit',
    [
        ((0.19, 0.0, 0.05), False),
        ((0.21, 0.0, 0.05), True),
        ((0.0, -0.11, 0.05), True),
        ((0.21, 0.0, 0.15), False),  # above the rim
    ],
)
def test_a_wall_is_hit_below_its_rim_only(corner, is_hit):
    assert BIN.is_hit(np.array([(0.0, 0.0, 0.02), corner])) == is_hit


def test_a_table_has_no_walls():
    assert not below().is_hit(np.array([(5.0, 5.0, 0.01)]))


@pytest.mark.parametrize('off_m', [-0.01, 0.0, 0.01])
def test_the_support_is_found_where_the_depth_puts_it(off_m):
    depth_m = seen_from_above(block((0.1, 0.03), 0.04)) - np.float32(off_m)
    points = Points.of(cloud_of(depth_m, MATRIX, build({})), below())
    assert points.floor_m == pytest.approx(off_m, abs=0.001)
    heights_m = points.all_m[points.wanted, 2]
    assert len(heights_m) > 100
    assert heights_m.min() > off_m + ABOVE_M


def test_near_are_the_points_within_reach_and_no_others():
    points = Points.of(cloud_of(seen_from_above(), MATRIX, build({})), below())
    place_m = np.array([0.1, -0.05, 0.02])
    near = np.linalg.norm(points.all_m - place_m, axis=1) < NEAR_M
    assert 0 < near.sum() < len(near)
    assert len(points.near(place_m)) == pytest.approx(near.sum(), abs=2)
