# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Point buffers hold what the layout says, organised or dense, one a cube if asked."""

from __future__ import annotations

from pathlib import Path
import runpy

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
import torch

from promptda_ros.core.cloud import cloud
from promptda_ros.core.cloud.cloud import (
    COMPACT_LAYOUT,
    every_nth,
    known_points,
    nearest_per_voxel,
    NORMALS_LAYOUT,
    PCL_LAYOUT,
    PointLayout,
    voxel_downsample,
)
from promptda_ros.core.frame import FloatImage, Intrinsics

_PINHOLE = runpy.run_path(str(Path(__file__).parents[2] / 'pinhole.py'))
back_project = _PINHOLE['back_project']

LAYOUTS = {'compact': COMPACT_LAYOUT, 'pcl': PCL_LAYOUT}
CAMERA = Intrinsics(width=32, height=24, fx=40.0, fy=42.0, cx=15.25, cy=11.75)


def build_cloud(
    depth_m: FloatImage, image: np.ndarray, intrinsics: Intrinsics, layout: PointLayout
) -> FloatImage:
    """Build the cloud of arrays."""
    tensors = torch.from_numpy(depth_m), torch.from_numpy(image)
    return cloud.build_cloud(*tensors, intrinsics, layout).numpy()


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
    assert (COMPACT_LAYOUT.point_step, COMPACT_LAYOUT.offsets['rgb']) == (16, 12)
    assert (PCL_LAYOUT.point_step, PCL_LAYOUT.offsets['rgb']) == (32, 16)
    assert (NORMALS_LAYOUT.point_step, len(NORMALS_LAYOUT.offsets)) == (24, 6)


def test_points_are_the_back_projection_of_their_pixels(layout):
    """J3: organised row by row as the image is."""
    depth_m = slope()
    buffer = build_cloud(depth_m, colours(), CAMERA, layout)
    assert buffer.shape == (CAMERA.height, CAMERA.width, layout.point_step // 4)
    assert buffer.flags.c_contiguous
    rows, columns = np.mgrid[0 : CAMERA.height, 0 : CAMERA.width]
    pixels = np.stack((columns.ravel(), rows.ravel()), axis=1).astype(float)
    expected_m = back_project(CAMERA, pixels, depth_m.ravel().astype(float))
    np.testing.assert_allclose(buffer[..., :3].reshape(-1, 3), expected_m, atol=1e-6)


def test_an_unknown_depth_makes_all_three_coordinates_unknown(layout):
    depth_m = slope()
    depth_m[3:7, 5:9] = np.nan
    unknown = np.isnan(build_cloud(depth_m, colours(), CAMERA, layout)[..., :3])
    np.testing.assert_array_equal(unknown, np.isnan(depth_m)[..., None].repeat(3, axis=2))


def test_the_colour_is_the_bit_pattern_00rrggbb(layout):
    image = colours()
    buffer = build_cloud(slope(), image, CAMERA, layout)
    packed = buffer.view(np.uint32)[..., layout.offsets['rgb'] // 4]
    red, green, blue = (image[..., channel].astype(np.uint32) for channel in range(3))
    np.testing.assert_array_equal(packed, red << 16 | green << 8 | blue)


@given(seed=st.integers(0, 2**16), height=st.integers(1, 9), width=st.integers(1, 9), n=st.just(2))
def test_both_ways_to_build_it_give_the_same_bits(seed, height, width, n):
    rng = np.random.default_rng(seed)
    depth_m = rng.uniform(0.3, 3, (n * height, n * width)).astype(np.float32)[::n, ::n]
    depth_m[rng.random(depth_m.shape) < 0.3] = np.nan
    image = rng.integers(0, 256, (n * height, n * width, 3), dtype=np.uint8)[::n, ::n]
    intrinsics = Intrinsics(width=width, height=height, fx=40.0, fy=42.0, cx=3.25, cy=2.75)
    tensors = torch.from_numpy(depth_m), torch.from_numpy(image)
    expected = cloud.build_on_device(*tensors, intrinsics, COMPACT_LAYOUT).numpy()
    buffer = build_cloud(depth_m, image, intrinsics, COMPACT_LAYOUT)
    np.testing.assert_array_equal(buffer.view(np.uint32), expected.view(np.uint32))


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


def points_of(seed: int, count: int) -> FloatImage:
    """Return random points (N, 4) on both sides of all axes; the fourth value is the index."""
    random = np.random.default_rng(seed)
    points = random.uniform(-1.0, 1.0, (count, 4)).astype(np.float32)
    points[:, 3] = np.arange(count)
    return points


@given(st.integers(0, 2**32 - 1), st.integers(0, 300), st.floats(0.005, 1.0))
def test_there_is_one_point_in_every_cube_that_had_any(seed, count, edge_m):
    points_m = points_of(seed, count)[:, :3]
    kept = nearest_per_voxel(points_m, edge_m=edge_m)
    cubes = np.floor(points_m / np.float32(edge_m))
    assert len(np.unique(cubes[kept], axis=0)) == len(kept)
    assert len(kept) == len(np.unique(cubes, axis=0))
    assert (np.diff(kept) > 0).all()


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 1.0))
def test_the_point_nearest_to_the_centre_of_its_cube_stays(seed, edge_m):
    points_m = points_of(seed, 100)[:, :3]
    cubes = np.floor(points_m / np.float32(edge_m))
    from_centre = np.linalg.norm(points_m / np.float32(edge_m) - cubes - 0.5, axis=1)
    for index in nearest_per_voxel(points_m, edge_m=edge_m):
        same = (cubes == cubes[index]).all(axis=1)
        assert from_centre[index] <= from_centre[same].min() + 1e-5


def test_points_far_beyond_any_scene_end_nothing():
    points_m = np.array([[1e9, -1e9, 1e9], [0.1, 0.1, 0.1], [-1e30, 0.0, 1e30]], np.float32)
    assert 1 in nearest_per_voxel(points_m, edge_m=0.001)


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 1.0), st.sampled_from([0.0, 0.01, 0.3]))
def test_every_dense_point_is_one_of_the_organised_with_its_colour(seed, hole_share, voxel_m):
    """Never (0, 0, 0), never NaN."""
    random = np.random.default_rng(seed)
    depth_m = random.uniform(0.3, 3.0, (CAMERA.height, CAMERA.width)).astype(np.float32)
    depth_m[random.random(depth_m.shape) < hole_share] = np.nan
    organised = build_cloud(depth_m, colours(), CAMERA, COMPACT_LAYOUT)
    dense = voxel_downsample(known_points(organised, np.isfinite(depth_m)), voxel_m=voxel_m)
    assert dense.shape[1] == 4
    assert np.isfinite(dense[:, :3]).all()
    assert (dense[:, 2] > 0).all()
    known = {row.tobytes() for row in organised.reshape(-1, 4)}
    assert all(row.tobytes() in known for row in dense)
    if voxel_m == 0.0:
        assert len(dense) == np.isfinite(depth_m).sum()


@pytest.mark.parametrize('n', [1, 2, 3, 7, 64])
def test_every_nth_pixel_keeps_its_place_in_space(n):
    depth_m, image = slope(), colours()
    full = build_cloud(depth_m, image, CAMERA, COMPACT_LAYOUT)
    fewer = build_cloud(depth_m[::n, ::n], image[::n, ::n], every_nth(CAMERA, n), COMPACT_LAYOUT)
    np.testing.assert_allclose(fewer[..., :3], full[::n, ::n, :3], atol=1e-6)
    np.testing.assert_array_equal(fewer.view(np.uint32)[..., 3], full.view(np.uint32)[::n, ::n, 3])
