# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Point buffers hold what the layout says, and only flying pixels are filtered out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.core import camera
from promptda_ros.core.cloud import (
    build_cloud,
    COMPACT_LAYOUT,
    PCL_LAYOUT,
    without_flying_pixels,
)
from promptda_ros.core.frame import FloatImage, Intrinsics

LAYOUTS = {'compact': COMPACT_LAYOUT, 'pcl': PCL_LAYOUT}
CAMERA = Intrinsics(width=32, height=24, fx=40.0, fy=42.0, cx=15.25, cy=11.75)
EDGE_STEP = 0.02


def slope() -> FloatImage:
    """A plane that recedes upwards, without a step of 2 % between neighbours."""
    rows = np.linspace(1.2, 0.9, CAMERA.height, dtype=np.float32)
    return np.repeat(rows[:, None], CAMERA.width, axis=1)


def colours() -> np.ndarray:
    """A colour of its own for every pixel."""
    random = np.random.default_rng(3)
    return random.integers(0, 256, (CAMERA.height, CAMERA.width, 3), dtype=np.uint8)


@pytest.fixture(params=LAYOUTS)
def layout(request):
    return LAYOUTS[request.param]


def test_the_layouts_are_those_that_pcl_and_image_pipeline_read():
    assert (COMPACT_LAYOUT.point_step, COMPACT_LAYOUT.rgb_offset) == (16, 12)
    assert (PCL_LAYOUT.point_step, PCL_LAYOUT.rgb_offset) == (32, 16)


def test_points_are_the_back_projection_of_their_pixels(layout):
    """J3: organised row by row as the image is."""
    depth_m = slope()
    buffer = build_cloud(depth_m, colours(), CAMERA, layout)
    assert buffer.shape == (CAMERA.height, CAMERA.width, layout.point_step // 4)
    assert buffer.flags.c_contiguous
    rows, columns = np.mgrid[0 : CAMERA.height, 0 : CAMERA.width]
    pixels = np.stack((columns.ravel(), rows.ravel()), axis=1).astype(float)
    expected_m = camera.back_project(CAMERA, pixels, depth_m.ravel().astype(float))
    np.testing.assert_allclose(buffer[..., :3].reshape(-1, 3), expected_m, atol=1e-6)


def test_an_unknown_depth_makes_all_three_coordinates_unknown(layout):
    depth_m = slope()
    depth_m[3:7, 5:9] = np.nan
    unknown = np.isnan(build_cloud(depth_m, colours(), CAMERA, layout)[..., :3])
    np.testing.assert_array_equal(unknown, np.isnan(depth_m)[..., None].repeat(3, axis=2))


def test_the_colour_is_the_bit_pattern_00rrggbb(layout):
    image = colours()
    buffer = build_cloud(slope(), image, CAMERA, layout)
    packed = buffer.view(np.uint32)[..., layout.rgb_offset // 4]
    red, green, blue = (image[..., channel].astype(np.uint32) for channel in range(3))
    np.testing.assert_array_equal(packed, red << 16 | green << 8 | blue)


def test_bytes_between_the_fields_carry_no_old_memory():
    buffer = build_cloud(slope(), colours(), CAMERA, PCL_LAYOUT)
    assert not buffer.view(np.uint32)[..., [3, 5, 6, 7]].any()


def test_an_image_that_is_a_view_gives_the_same_colours(layout):
    """C3: rows with padding are views of the message."""
    padded = np.zeros((CAMERA.height, CAMERA.width + 5, 3), np.uint8)
    padded[:, : CAMERA.width] = colours()
    of_view = build_cloud(slope(), padded[:, : CAMERA.width], CAMERA, layout)
    np.testing.assert_array_equal(
        of_view.view(np.uint32), build_cloud(slope(), colours(), CAMERA, layout).view(np.uint32)
    )


def test_a_sharp_edge_loses_no_pixel():
    depth_m = np.full((20, 30), 1.0, np.float32)
    depth_m[:, 14:] = 0.5
    np.testing.assert_array_equal(without_flying_pixels(depth_m, edge_step=EDGE_STEP), depth_m)


def test_a_smooth_slope_loses_no_pixel():
    np.testing.assert_array_equal(without_flying_pixels(slope(), edge_step=EDGE_STEP), slope())


def test_pixels_between_two_surfaces_are_removed_and_no_others():
    depth_m = np.full((20, 30), 1.0, np.float32)
    depth_m[:, 16:] = 0.5
    depth_m[:, 14], depth_m[:, 15] = 0.85, 0.65
    expected = depth_m.copy()
    expected[:, 14:16] = np.nan
    np.testing.assert_array_equal(without_flying_pixels(depth_m, edge_step=EDGE_STEP), expected)


def test_a_small_step_is_no_edge():
    depth_m = np.full((10, 30), 1.0, np.float32)
    depth_m[:, 14], depth_m[:, 15:] = 0.99, 0.98
    filtered_m = without_flying_pixels(depth_m, edge_step=EDGE_STEP)
    np.testing.assert_array_equal(filtered_m, depth_m)
    assert np.isnan(without_flying_pixels(depth_m, edge_step=0.005)[:, 14]).all()


def test_unknown_neighbours_make_no_pixel_fly():
    depth_m = slope()
    depth_m[::3, ::3] = np.nan
    np.testing.assert_array_equal(without_flying_pixels(depth_m, edge_step=EDGE_STEP), depth_m)


def test_depth_that_is_all_unknown_stays_so():
    unknown = np.full((6, 8), np.nan, np.float32)
    assert np.isnan(without_flying_pixels(unknown, edge_step=EDGE_STEP)).all()


@given(st.integers(0, 2**32 - 1), st.floats(0.001, 1.0), st.floats(0.0, 0.9))
def test_the_filter_removes_but_never_changes_a_depth(seed, edge_step, hole_share):
    random = np.random.default_rng(seed)
    depth_m = random.uniform(0.3, 3.0, (13, 17)).astype(np.float32)
    depth_m[random.random(depth_m.shape) < hole_share] = np.nan
    before_m = depth_m.copy()
    filtered_m = without_flying_pixels(depth_m, edge_step=edge_step)
    np.testing.assert_array_equal(depth_m, before_m)
    kept = np.isfinite(filtered_m)
    np.testing.assert_array_equal(filtered_m[kept], depth_m[kept])
    # The nearest and the farthest pixel of a scene have no surface on one side.
    for extreme_m in (np.nanmin(depth_m), np.nanmax(depth_m)) if kept.any() else ():
        assert extreme_m in filtered_m
