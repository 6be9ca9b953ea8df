# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Filters, masks and crops apply to what they are for, and nothing is computed twice."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.core import frame_outputs as under_test
from promptda_ros.core.cloud import by_torch
from promptda_ros.core.frame import Depth, FloatImage, Frame, Intrinsics
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.geometry import camera
from promptda_ros.core.geometry.transform import Transform
from promptda_ros.core.prompt.prompt import condition
from promptda_ros.core.restore.trust import Validity
from promptda_ros.core.settings import build
from promptda_ros.core.settings.depth import PromptSettings

HEIGHT, WIDTH = 24, 32
CAMERA = Intrinsics(width=WIDTH, height=HEIGHT, fx=40.0, fy=40.0, cx=15.5, cy=11.5)


def smeared() -> FloatImage:
    """A wall with a smeared edge: one column of flying pixels, and a hole."""
    depth_m = np.full((HEIGHT, WIDTH), 1.0, np.float32)
    depth_m[:, 20:] = 0.5
    depth_m[:, 19] = 0.75
    depth_m[2:5, 3:6] = np.nan
    return depth_m


def result_of(
    depth_m: FloatImage,
    mask: np.ndarray | None = None,
    intrinsics: Intrinsics = CAMERA,
    **values: object,
) -> FrameOutputs:
    """Return the result of depth of any size with settings such as `output__voxel=0.01`."""
    sensor_m = np.where(np.isfinite(depth_m), depth_m, 1.0).astype(np.float32)
    random = np.random.default_rng(0)
    frame = Frame(
        stamp_ns=1,
        frame_id='optical',
        image=random.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8),
        sensor_depth_m=sensor_m,
        mask=mask,
        intrinsics=intrinsics,
    )
    prompt = condition(sensor_m, PromptSettings())
    depth = Depth(depth_m, prompt, saturated=np.zeros((12, 16), np.bool_))
    settings = build({name.replace('__', '.'): value for name, value in values.items()})
    return FrameOutputs(frame, depth, settings)


def unknown_points(result: FrameOutputs) -> np.ndarray:
    """Mark the unknown points (H, W); all three coordinates are unknown or none."""
    unknown = np.isnan(result.points[..., :3])
    assert (unknown.all(axis=2) == unknown.any(axis=2)).all()
    return unknown[..., 2]


# Flying pixels


@pytest.mark.setting('output.edge_filter')
def test_no_flying_pixel_is_taken_out_where_the_filter_is_off():
    result = result_of(smeared(), output__edge_filter='off')
    np.testing.assert_array_equal(unknown_points(result), np.isnan(smeared()))


@pytest.mark.setting('output.edge_step')
def test_no_flying_pixel_is_taken_out_that_is_nearer_to_a_surface_than_the_step():
    result = result_of(smeared(), output__edge_step=0.5)  # the pixels lie 0.25 of 0.75 m away
    np.testing.assert_array_equal(unknown_points(result), np.isnan(smeared()))


@pytest.mark.parametrize(
    'edge_filter, from_depth, from_points',
    [('off', False, False), ('points', False, True), ('depth_and_points', True, True)],
)
def test_flying_pixels_are_taken_out_of_what_the_filter_is_for(
    edge_filter, from_depth, from_points
):
    result = result_of(smeared(), output__edge_filter=edge_filter)
    hole = np.isnan(smeared())
    flying = hole.copy()
    flying[:, 19] = True
    np.testing.assert_array_equal(
        np.isnan(result.image_depth.depth_m), flying if from_depth else hole
    )
    np.testing.assert_array_equal(unknown_points(result), flying if from_points else hole)


def test_validity_and_uncertainty_are_of_the_depth_that_is_shown():
    result = result_of(smeared(), output__edge_filter='depth_and_points')
    removed = np.isnan(result.image_depth.depth_m)
    np.testing.assert_array_equal(result.validity == Validity.REMOVED, removed)
    np.testing.assert_array_equal(np.isnan(result.uncertainty_m), removed)


# Masks and crops


def test_a_mask_takes_points_out_of_every_cloud_and_none_out_of_the_depth():
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[10:20, 5:15] = True
    plain, masked = result_of(smeared()), result_of(smeared(), mask)
    np.testing.assert_array_equal(unknown_points(masked), unknown_points(plain) | mask)
    assert len(plain.dense) - len(masked.dense) == 100
    assert len(plain.with_normals) - len(masked.with_normals) == 100
    np.testing.assert_array_equal(masked.image_depth.depth_m, plain.image_depth.depth_m)


def test_the_workspace_crops_every_cloud_and_no_depth():
    result = result_of(smeared(), workspace__max_depth=0.6)
    np.testing.assert_array_equal(~unknown_points(result), smeared() == 0.5)
    assert (result.dense[:, 2] == 0.5).all()
    assert (result.with_normals[:, 2] == 0.5).all()
    np.testing.assert_array_equal(result.image_depth.depth_m, smeared())


def test_the_box_lies_in_the_frame_that_tf_knows():
    upside_down = Transform.of((0.0, 0.0, 1.0), (1.0, 0.0, 0.0, 0.0))  # z is height above 1 m
    result = result_of(smeared(), workspace__box_min=[-9.0, -9.0, 0.3])
    result = replace(result, box_from_camera=upside_down)
    np.testing.assert_array_equal(~unknown_points(result), smeared() == 0.5)


def test_a_workspace_without_a_point_gives_empty_clouds():
    result = result_of(smeared(), workspace__min_depth=5.0, output__voxel=0.01)
    assert unknown_points(result).all()
    assert result.dense.shape == (0, 4)
    assert result.with_normals.shape == (0, 6)


# Sizes and layouts


@pytest.mark.setting('output.voxel')
def test_dense_clouds_hold_one_point_a_voxel():
    full, fewer = result_of(smeared()), result_of(smeared(), output__voxel=0.1)
    assert 1 < len(fewer.dense) < len(full.dense) / 4
    assert 1 < len(fewer.with_normals) < len(full.with_normals) / 4
    assert fewer.points.shape == full.points.shape


@pytest.mark.setting('output.stride')
def test_a_stride_takes_every_nth_point():
    full, fewer = result_of(smeared()), result_of(smeared(), output__stride=3)
    assert fewer.points.shape == (8, 11, 4)
    np.testing.assert_allclose(fewer.points[..., :3], full.points[::3, ::3, :3], atol=1e-6)
    normals = {tuple(row) for row in full.with_normals[:, 3:].round(4)}
    assert {tuple(row) for row in fewer.with_normals[:, 3:].round(4)} <= normals


def test_the_dense_clouds_are_compact_whatever_the_layout_of_the_organised_one():
    compact, pcl = result_of(smeared()), result_of(smeared(), output__pcl_layout=True)
    assert (compact.points.shape[2], pcl.points.shape[2]) == (4, 8)
    np.testing.assert_array_equal(pcl.dense.view(np.uint32), compact.dense.view(np.uint32))


# Depth of the network's size


SIZES = st.sampled_from([(24, 32), (12, 16), (14, 14), (9, 25), (23, 31), (6, 8)])


def plane_m(intrinsics: Intrinsics, normal: tuple[float, float], offset_m: float) -> FloatImage:
    """Return the depth of the plane normal . (x, y) + z = offset_m."""
    across, down = camera.rays(intrinsics)
    return (offset_m / (normal[0] * across + normal[1] * down + 1)).astype(np.float32)


@given(
    SIZES,
    st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)),
    st.floats(0.3, 5.0),
    st.tuples(st.floats(30.0, 90.0), st.floats(0.6, 1.6)),
    st.tuples(st.floats(0.0, WIDTH - 1), st.floats(0.0, HEIGHT - 1)),
    st.integers(1, 3),
)
def test_points_of_a_plane_lie_on_it_at_any_size_of_its_depth(
    size, normal, offset_m, focal, centre, stride
):
    """And a pixel of the image has the ray of the pixel of the depth at its place."""
    fx, fy = focal[0], focal[0] * focal[1]
    given = Intrinsics(WIDTH, HEIGHT, fx, fy, *centre)
    height, width = size
    at_size = camera.resize(given, width=width, height=height)
    result = result_of(
        plane_m(at_size, normal, offset_m),
        intrinsics=given,
        output__edge_filter='off',
        output__stride=stride,
    )
    found = result.intrinsics
    assert (found.height, found.width) == size
    x, y, z = np.moveaxis(result.points[..., :3].astype(np.float64), 2, 0)
    assert z.shape == (-(-height // stride), -(-width // stride))
    assert np.abs(normal[0] * x + normal[1] * y + z - offset_m).max() < 1e-5 * z.max()
    # A point that the image shows at a pixel is shown by the depth at the same share of its sides.
    rows, columns = np.mgrid[:height:stride, :width:stride]
    u, v = given.fx * x / z + given.cx, given.fy * y / z + given.cy
    np.testing.assert_allclose((u + 0.5) / WIDTH, (columns + 0.5) / width, atol=1e-5)
    np.testing.assert_allclose((v + 0.5) / HEIGHT, (rows + 0.5) / height, atol=1e-5)


@given(SIZES, st.integers(0, 2**32 - 1))
def test_depth_of_another_size_loses_every_point_that_the_mask_touches(size, seed):
    random = np.random.default_rng(seed)
    mask = random.random((HEIGHT, WIDTH)) < 0.02
    shown = ~unknown_points(result_of(np.ones(size, np.float32), mask))
    # As whole numbers: pixels (i, j) of both overlap where neither ends before the other begins.
    overlap = [
        (np.arange(few)[:, None] * many < (np.arange(many) + 1) * few)
        & ((np.arange(few)[:, None] + 1) * many > np.arange(many) * few)
        for few, many in zip(size, (HEIGHT, WIDTH), strict=True)
    ]
    touched = overlap[0].astype(int) @ mask.astype(int) @ overlap[1].T.astype(int) > 0
    np.testing.assert_array_equal(shown, ~touched)


def test_the_window_of_the_workspace_is_in_pixels_of_the_image():
    result = result_of(np.ones((12, 16), np.float32), workspace__roi=[8.0, 4.0, 10.0, 12.0])
    expected = np.zeros((12, 16), np.bool_)
    expected[2:8, 4:9] = True
    np.testing.assert_array_equal(~unknown_points(result), expected)


def test_points_have_the_colours_of_the_image_at_their_place():
    result = result_of(np.ones((12, 16), np.float32))
    ramp = np.arange(HEIGHT)[:, None, None] * 5 + np.arange(WIDTH)[:, None] * 3 + np.arange(3)
    result = replace(result, frame=replace(result.frame, image=ramp.astype(np.uint8)))
    bits = result.points[..., 3].view(np.uint32)
    colours = np.stack([bits >> 16 & 255, bits >> 8 & 255, bits & 255], axis=2)
    np.testing.assert_array_equal(colours, result.image)
    means = ramp.reshape(12, 2, 16, 2, 3).mean((1, 3))
    assert np.abs(colours - means)[2:-2, 2:-2].max() <= 1.0  # rounded


def test_every_picture_has_the_size_of_the_depth():
    result = result_of(np.linspace(1.0, 1.05, 192, dtype=np.float32).reshape(12, 16))
    assert result.preview.shape == result.image.shape == (12, 16, 3)
    assert result.validity.shape == result.uncertainty_m.shape == (12, 16)
    assert result.image_depth.depth_m.shape == (12, 16)
    assert len(result.dense) == 192
    assert len(result.with_normals) == 10 * 14  # none at the border


# Laws


@given(
    st.integers(0, 2**32 - 1),
    st.floats(0.0, 1.0),
    st.sampled_from([0.0, 0.02, 0.5]),
    st.integers(1, 5),
    st.booleans(),
)
def test_no_cloud_ever_shows_the_camera_itself_and_all_show_the_same_points(
    seed, hole_share, voxel, stride, pcl_layout
):
    """Never (0, 0, 0); every dense point is an organised one; a cube holds one at the most."""
    random = np.random.default_rng(seed)
    depth_m = random.uniform(0.3, 3.0, (4, 4)).repeat(6, axis=0).repeat(8, axis=1)
    depth_m = depth_m.astype(np.float32)
    depth_m[random.random(depth_m.shape) < hole_share] = np.nan
    result = result_of(
        depth_m, output__voxel=voxel, output__stride=stride, output__pcl_layout=pcl_layout
    )
    organised_m = result.points[..., :3].reshape(-1, 3)
    known_m = organised_m[np.isfinite(organised_m[:, 2])]
    assert (known_m[:, 2] > 0).all()
    places = {row.tobytes() for row in known_m}
    for dense in (result.dense, result.with_normals):
        assert np.isfinite(dense[:, :3]).all()
        assert all(row[:3].tobytes() in places for row in dense)
        if voxel > 0:
            cubes = np.floor(dense[:, :3] / np.float32(voxel))
            assert len(np.unique(cubes, axis=0)) == len(cubes)
    if voxel == 0.0:
        assert len(result.dense) == len(known_m)


# Work


def test_what_several_outputs_need_is_computed_once(monkeypatch):
    calls = []

    def spy(owner, name):
        real = getattr(owner, name)

        def count(*arguments, **options):
            calls.append(name)
            return real(*arguments, **options)

        monkeypatch.setattr(owner, name, count)

    spy(under_test, 'find_flying')
    spy(by_torch, 'write_points')
    result = result_of(smeared(), output__edge_filter='depth_and_points')
    for _ in range(2):
        assert result.points is result.points
        _ = (result.dense, result.with_normals, result.image_depth, result.validity)
    assert sorted(calls) == ['find_flying', 'write_points']


def test_depth_alone_costs_no_filter(monkeypatch):
    def fail(*arguments, **options):
        raise AssertionError('computed for nobody')

    monkeypatch.setattr(under_test, 'find_flying', fail)
    monkeypatch.setattr(by_torch, 'write_points', fail)
    result = result_of(smeared())
    assert result.image_depth.depth_m is result.depth.depth_m
    assert result.validity.shape == (HEIGHT, WIDTH)
