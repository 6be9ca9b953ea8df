# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Lines of the 3D view."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.core.geometry.transform import Transform
from promptda_ros.core.settings import build
from promptda_ros.view.scene import box_edges, distance_to_fit, field_of, side_by_side, width_at
from test.view.scenes import CAMERA, wall

BOX = {'workspace.box_min': (-0.1, -0.2, 0.5), 'workspace.box_max': (0.3, 0.2, 0.9)}


def test_the_frustum_has_the_field_of_the_camera():
    field, aspect = field_of(CAMERA)
    assert math.tan(field / 2) == pytest.approx(24 / 60)
    assert aspect == pytest.approx(64 / 48)


@given(st.floats(0.1, 20.0))
def test_clouds_side_by_side_do_not_touch(depth_m):
    assert side_by_side(CAMERA, depth_m) > width_at(CAMERA, depth_m)


@given(st.floats(0.1, 50.0), st.floats(0.3, 2.0), st.floats(0.3, 3.0))
def test_a_width_fits_into_the_view(width_m, field, aspect):
    distance_m = distance_to_fit(width_m, field=field, aspect=aspect)
    assert 2 * distance_m * math.tan(field / 2) * aspect == pytest.approx(width_m)


def test_without_a_box_there_are_no_edges():
    assert box_edges(wall(), reach_m=3.0).shape == (0, 2, 3)


def test_a_box_has_twelve_edges_between_its_corners():
    edges_m = box_edges(wall(settings=build(BOX)), reach_m=3.0)
    assert edges_m.shape == (12, 2, 3)
    lengths = sorted(np.linalg.norm(edges_m[:, 1] - edges_m[:, 0], axis=1))
    np.testing.assert_allclose(lengths, [0.4] * 12, atol=1e-9)
    np.testing.assert_allclose(edges_m.min(axis=(0, 1)), BOX['workspace.box_min'])
    np.testing.assert_allclose(edges_m.max(axis=(0, 1)), BOX['workspace.box_max'])


def test_a_side_without_a_limit_ends_at_the_reach():
    settings = build({'workspace.box_max': (1000.0, 1000.0, 0.9)})
    edges_m = box_edges(wall(settings=settings), reach_m=3.0)
    np.testing.assert_allclose(edges_m.min(axis=(0, 1)), (-3.0, -3.0, -3.0))
    np.testing.assert_allclose(edges_m.max(axis=(0, 1)), (3.0, 3.0, 0.9))


def test_the_box_stands_where_its_frame_is():
    settings = build({**BOX, 'workspace.translation': (0.0, 0.0, 1.0)})
    assert box_edges(wall(settings=settings), reach_m=9.0)[..., 2].min() == pytest.approx(1.5)
    in_tf = build({**BOX, 'workspace.frame': 'base'})
    assert not len(box_edges(wall(settings=in_tf), reach_m=9.0))
    moved = wall(
        settings=in_tf,
        box_from_camera=Transform.of((0.0, 0.0, -2.0), (0.0, 0.0, 0.0, 1.0)),
    )
    assert box_edges(moved, reach_m=9.0)[..., 2].min() == pytest.approx(2.5)
