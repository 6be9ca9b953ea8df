# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Normals are those of the surface, towards the camera, and none across steps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import numpy as np

from promptda_ros.core.cloud.normals import find_normals
from promptda_ros.core.frame import FloatImage, Intrinsics
from promptda_ros.core.geometry.camera import rays

CAMERA = Intrinsics(width=32, height=24, fx=40.0, fy=42.0, cx=15.25, cy=11.75)
INNER = np.s_[1:-1, 1:-1]


def plane(normal: tuple[float, float, float], distance_m: float) -> FloatImage:
    """Return the depth of the plane with this normal, so far from the camera along z."""
    across, down = rays(CAMERA)
    x, y, z = normal
    return (distance_m * z / (x * across + y * down + z)).astype(np.float32)


@given(
    st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.floats(0.2, 5.0), st.sampled_from([1.0, -1.0])
)
def test_the_normal_of_a_plane_is_found_and_looks_at_the_camera(x, y, distance_m, sign):
    """Whichever way the plane was described; GPD turns its hand by it."""
    expected = -np.array([x, y, 1.0]) / np.linalg.norm([x, y, 1.0])
    normals = find_normals(plane((sign * x, sign * y, sign), distance_m), CAMERA)
    np.testing.assert_allclose(
        normals[INNER], np.broadcast_to(expected, normals[INNER].shape), atol=2e-3
    )


def test_the_border_has_no_normals():
    normals = find_normals(plane((0.0, 0.0, 1.0), 1.0), CAMERA)
    inner = np.zeros(normals.shape[:2], np.bool_)
    inner[INNER] = True
    np.testing.assert_array_equal(np.isfinite(normals).all(axis=2), inner)


def test_there_are_none_at_steps_and_holes():
    depth_m = plane((0.1, 0.2, 1.0), 1.0)
    depth_m[:, 16:] -= np.float32(0.3)
    depth_m[10, 5] = np.nan
    known = np.isfinite(find_normals(depth_m, CAMERA)[..., 2])
    assert not known[:, 15:17].any()
    assert not known[[9, 10, 10, 10, 11], [5, 4, 5, 6, 5]].any()
    assert known[INNER].sum() == 22 * 30 - 22 * 2 - 5


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 0.5))
def test_every_normal_has_length_one_and_looks_at_the_camera(seed, hole_share):
    random = np.random.default_rng(seed)
    depth_m = random.uniform(0.99, 1.01, (CAMERA.height, CAMERA.width)).astype(np.float32)
    depth_m[random.random(depth_m.shape) < hole_share] = np.nan
    normals = find_normals(depth_m, CAMERA)
    known = np.isfinite(normals[..., 2])
    np.testing.assert_array_equal(known, np.isfinite(normals).all(axis=2))
    np.testing.assert_allclose(np.linalg.norm(normals[known], axis=1), 1.0, atol=1e-5)
    across, down = rays(CAMERA)
    towards = normals[..., 0] * across + normals[..., 1] * down + normals[..., 2]
    assert (towards[known] < 0).all()
