# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.tools.demonstration.side_view."""

from __future__ import annotations

import numpy as np

from promptda_ros.core.frame import FloatImage, Intrinsics
from promptda_ros.core.geometry.camera import rays
from promptda_ros.tools.demonstration.side_view import BACKGROUND, side_view

CAMERA = Intrinsics(64, 48, fx=60.0, fy=60.0, cx=31.5, cy=23.5)
GREEN, RED = (0, 200, 0), (200, 0, 0)


def points(depth_m: FloatImage) -> FloatImage:
    across, down = rays(CAMERA)
    return np.dstack((depth_m * across, depth_m * down, depth_m)).astype(np.float32)


def colours(where_red: np.ndarray) -> np.ndarray:
    return np.where(where_red[..., None], RED, GREEN).astype(np.uint8)


def share_of(colour: tuple[int, int, int], picture: np.ndarray) -> float:
    return float((picture == colour).all(axis=-1).mean())


def test_a_wall_fills_most_of_the_picture_in_its_own_colours():
    wall_m = np.full((48, 64), 2.0, np.float32)
    picture = side_view(points(wall_m), colours(np.zeros((48, 64), bool)), CAMERA)
    assert share_of(GREEN, picture) > 0.6
    assert share_of(GREEN, picture) + share_of((BACKGROUND,) * 3, picture) == 1.0


def test_unknown_points_are_left_out():
    depth_m = np.full((48, 64), 2.0, np.float32)
    is_unknown = np.arange(64)[None, :] < np.full((48, 1), 32)
    depth_m[is_unknown] = np.nan
    assert share_of(RED, side_view(points(depth_m), colours(is_unknown), CAMERA)) == 0.0


def test_from_the_side_a_near_box_uncovers_the_wall_that_it_hid():
    """What lies between the two is empty, which no picture from the camera shows."""
    is_box = np.zeros((48, 64), bool)
    is_box[16:32, 24:40] = True
    depth_m = np.where(is_box, np.float32(1.0), np.float32(2.0))
    picture = side_view(points(depth_m), colours(is_box), CAMERA)
    assert share_of(RED, picture) > 0.01
    flat = side_view(points(np.full((48, 64), 2.0, np.float32)), colours(is_box), CAMERA)
    assert share_of((BACKGROUND,) * 3, picture) > share_of((BACKGROUND,) * 3, flat)
