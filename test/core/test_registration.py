# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Registration of depth: a scene traced exactly, seen from two places."""

from __future__ import annotations

from pathlib import Path
import runpy

import cv2
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
import torch

from promptda_ros.core.frame import FloatImage, Intrinsics
from promptda_ros.core.geometry import camera as cameras
from promptda_ros.core.geometry.transform import Floats, IDENTITY, Transform
from promptda_ros.core.registration import register_depth, register_points

_PINHOLE = runpy.run_path(str(Path(__file__).parents[1] / 'pinhole.py'))
project = _PINHOLE['project']
back_project = _PINHOLE['back_project']

MAX_LONG_SIDE = 256
FAR_M = 3.0  # beyond it a steep plane is all edges
BOX_M = np.array([[-0.1, -0.1, 0.6], [0.1, 0.08, 0.75]])
BESIDE = Transform.of((0.05, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))
TURNED = Transform.of((0.05, 0.01, -0.01), (0.02, -0.05, 0.01, 1.0))
# Normals of the plane behind the box, through (0, 0, 1 m).
FACING, ASLANT, STEEP = (0.0, 0.0, 1.0), (0.0, 0.7, 0.7), (0.866, 0.0, 0.5)


def lens(width: int, height: int, focal_px: float) -> Intrinsics:
    return Intrinsics(width, height, focal_px, focal_px, (width - 1) / 2, (height - 1) / 2)


CAMERA = lens(640, 480, 550.0)
SENSORS = {
    'as large as the camera': lens(640, 480, 550.0),
    'wider': lens(848, 480, 430.0),
    'a phone': lens(256, 192, 210.0),
    'small': lens(80, 60, 70.0),
}


def pixels_of(view: Intrinsics) -> Floats:
    columns, rows = np.meshgrid(np.arange(view.width), np.arange(view.height))
    return np.stack([columns, rows], axis=-1).reshape(-1, 2).astype(float)


def rays_of(view: Intrinsics) -> Floats:
    """Return the rays (H * W, 3) of a view, one metre ahead."""
    return back_project(view, pixels_of(view), np.ones(view.width * view.height))


def trace(rays: Floats, camera_from_eye: Transform, normal: tuple[float, ...]) -> Floats:
    """Return how far along rays (N, 3) of an eye the box or the plane is; infinity: neither."""
    direction, origin_m = rays @ camera_from_eye.rotation.T, camera_from_eye.translation_m
    with np.errstate(divide='ignore', invalid='ignore'):
        plane_m = (normal[2] - origin_m @ normal) / (direction @ np.array(normal))
        sides_m = (BOX_M[:, None] - origin_m) / direction
    entry_m, exit_m = sides_m.min(axis=0).max(axis=-1), sides_m.max(axis=0).min(axis=-1)
    plane_m = np.where(plane_m > 0, plane_m, np.inf)
    return np.where(entry_m <= exit_m, np.minimum(entry_m, plane_m), plane_m)


def depth_of(
    view: Intrinsics, camera_from_view: Transform, normal: tuple[float, ...] = FACING
) -> FloatImage:
    depth_m = trace(rays_of(view), camera_from_view, normal).reshape(view.height, view.width)
    return depth_m.astype(np.float32)


class Exact:
    """What there is to see in every pixel of what was registered."""

    def __init__(self, registered_m, sensor, camera_from_sensor, normal) -> None:
        height, width = registered_m.shape
        grid = cameras.resize(CAMERA, width=width, height=height)
        depth_m = np.minimum(trace(rays_of(grid), IDENTITY, normal), FAR_M)
        with np.errstate(invalid='ignore'):
            points_m = camera_from_sensor.inverse().apply(rays_of(grid) * depth_m[:, None])
            ahead_m = points_m[:, 2]
            first_m = trace(points_m / ahead_m[:, None], camera_from_sensor, normal)
            at = project(sensor, points_m)
        # Between the sensor's samples: on the rim, half a pixel wide, nothing can be interpolated.
        in_view = (ahead_m > 0) & (at > 0).all(axis=1) & (depth_m < FAR_M)
        in_view &= (at < (sensor.width - 1, sensor.height - 1)).all(axis=1)
        self.depth_m = depth_m.reshape(height, width)
        self.visible = (in_view & (np.abs(first_m - ahead_m) < 1e-4)).reshape(height, width)
        self.occluded = (in_view & (first_m < ahead_m - 0.01)).reshape(height, width)
        self.error_m = np.abs(registered_m - self.depth_m)

    @property
    def inside(self) -> np.ndarray:
        """Visible pixels that touch neither an edge of a surface nor of what is visible."""
        depth_m, window = self.depth_m.astype(np.float32), np.ones((3, 3))
        step = cv2.dilate(depth_m, window) / cv2.erode(depth_m, window)
        return shrunk(self.visible) & (step < 1.05)


def shrunk(mask: np.ndarray, rows: int = 3) -> np.ndarray:
    return cv2.erode(mask.astype(np.uint8), np.ones((rows, 3), np.uint8)) > 0


@pytest.mark.parametrize('normal', [FACING, ASLANT, STEEP], ids=['facing', 'aslant', 'steep'])
@pytest.mark.parametrize('camera_from_sensor', [BESIDE, TURNED], ids=['beside', 'turned'])
@pytest.mark.parametrize('sensor', SENSORS.values(), ids=SENSORS.keys())
def test_depth_from_5_cm_beside_is_exact_to_a_millimetre(sensor, camera_from_sensor, normal):
    """Every visible pixel has depth, no occluded one has; edges are true to a pixel."""
    depth_m = depth_of(sensor, camera_from_sensor, normal)
    registered_m = register_depth(
        depth_m, sensor, CAMERA, camera_from_sensor, max_long_side=MAX_LONG_SIDE
    )
    exact = Exact(registered_m, sensor, camera_from_sensor, normal)
    assert exact.inside.mean() > 0.4
    assert exact.error_m[exact.inside].max() < 0.001  # NaN, a hole, would fail as well
    assert (exact.error_m[exact.visible] < 0.001).mean() > (0.98 if sensor.width > 100 else 0.85)
    assert np.isnan(registered_m[shrunk(exact.occluded)]).all()


def test_nothing_behind_the_box_shines_through_it():
    registered_m = register_depth(
        depth_of(SENSORS['a phone'], TURNED),
        SENSORS['a phone'],
        CAMERA,
        TURNED,
        max_long_side=MAX_LONG_SIDE,
    )
    exact = Exact(registered_m, SENSORS['a phone'], TURNED, FACING)
    box = shrunk(exact.depth_m < 0.61)
    assert box.sum() > 1000
    assert np.nanmax(registered_m[box]) < 0.61


@pytest.mark.parametrize('sensor', SENSORS.values(), ids=SENSORS.keys())
def test_the_grid_has_the_shape_of_the_image_and_is_no_finer_than_the_sensor(sensor):
    """image_pipeline #265, #721: depth drawn on a larger colour image is full of holes."""
    registered_m = register_depth(
        depth_of(sensor, BESIDE), sensor, CAMERA, BESIDE, max_long_side=MAX_LONG_SIDE
    )
    height, width = registered_m.shape
    assert width <= min(MAX_LONG_SIDE, CAMERA.width * sensor.fx / CAMERA.fx + 1)
    assert width / height == pytest.approx(4 / 3, rel=0.02)


@pytest.mark.parametrize('hole', [np.nan, 0.0, -0.0, -1.0])
def test_what_is_no_measurement_stays_unknown(hole: float):
    """D4, D5, D6: NaN, zeros and negatives; also off their place."""
    sensor = SENSORS['a phone']
    depth_m = depth_of(sensor, BESIDE)
    depth_m[:, :128] = hole
    registered_m = register_depth(depth_m, sensor, CAMERA, BESIDE, max_long_side=MAX_LONG_SIDE)
    assert np.isnan(registered_m[:, :120]).all()
    assert np.nanmin(registered_m) > 0.59
    assert np.nanmax(registered_m) < 1.01


@pytest.mark.parametrize('camera_from_sensor', [BESIDE, TURNED], ids=['beside', 'turned'])
@pytest.mark.parametrize('sensor', SENSORS.values(), ids=SENSORS.keys())
def test_what_is_beyond_range_is_so_for_the_camera_and_before_it_nothing_changes(
    sensor, camera_from_sensor
):
    """K1: a box before the sky."""
    scene_m = depth_of(sensor, camera_from_sensor)
    box = scene_m < 0.9 * np.median(scene_m)
    with_wall_m, with_sky_m = (
        register_depth(
            np.where(box, scene_m, np.float32(far_m)),
            sensor,
            CAMERA,
            camera_from_sensor,
            max_long_side=MAX_LONG_SIDE,
        )
        for far_m in (900.0, np.inf)
    )
    assert np.isposinf(with_sky_m).mean() > 0.3
    sky_is_sky = np.isposinf(with_sky_m) == (with_wall_m > 100)
    assert sky_is_sky.mean() > 0.999
    same = np.isclose(with_sky_m, with_wall_m, equal_nan=True, atol=1e-4)
    assert (same | (with_wall_m > 100)).mean() > 0.999


@pytest.mark.parametrize('camera_from_sensor', [BESIDE, TURNED], ids=['beside', 'turned'])
@pytest.mark.parametrize('distance_m', [0.02, 0.05, 0.2, 0.59])
@pytest.mark.parametrize('sensor', SENSORS.values(), ids=SENSORS.keys())
def test_what_is_too_near_for_the_sensor_is_before_everything_wherever_it_may_be(
    sensor, camera_from_sensor, distance_m
):
    """K2: seen from beside it may cover other pixels than those behind it for the sensor."""
    depth_m = depth_of(sensor, camera_from_sensor)
    thing = np.zeros(depth_m.shape, np.bool_)
    height, width = thing.shape
    thing[height // 2 : 2 * height // 3, width // 3 : width // 2] = True
    found_m, truth_m = (
        register_depth(each_m, sensor, CAMERA, camera_from_sensor, max_long_side=MAX_LONG_SIDE)
        for each_m in (
            np.where(thing, np.float32(-np.inf), depth_m),
            np.where(thing, np.float32(distance_m), np.float32(np.nan)),
        )
    )
    assert np.isneginf(found_m[np.isfinite(truth_m)]).all()
    assert np.isneginf(found_m).mean() < 0.4


@pytest.mark.parametrize('salt', [-np.inf, 0.001])
def test_stray_pixels_that_are_too_near_take_their_own_places_alone(salt: float):
    """D7, K2: the lines that they may lie on would cover most of the picture."""
    sensor = SENSORS['a phone']
    depth_m = depth_of(sensor, BESIDE)
    depth_m[4::24, 4::24] = salt
    registered_m = register_depth(depth_m, sensor, CAMERA, BESIDE, max_long_side=MAX_LONG_SIDE)
    strays = np.isneginf(depth_m) | (depth_m == np.float32(0.001))
    marked = np.isneginf(registered_m)
    assert 0 < marked.mean() <= 9 * strays.mean()


def test_a_sensor_that_looks_elsewhere_shows_nothing():
    back = Transform.of((0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0))
    sensor = SENSORS['a phone']
    depth_m = np.ones((192, 256), np.float32)
    registered_m = register_depth(depth_m, sensor, CAMERA, back, max_long_side=MAX_LONG_SIDE)
    assert np.isnan(registered_m).all()
    points_m = rays_of(sensor)
    assert np.isnan(register_points(points_m, CAMERA, back, max_long_side=MAX_LONG_SIDE)).all()


def test_averaging_large_depth_mixes_no_two_surfaces():
    """D11: and less noise is left than in one pixel."""
    sensor = lens(1280, 720, 1100.0)
    depth_m = np.full((720, 1280), 1.0, np.float32)
    depth_m[:, 601:] = 0.5
    depth_m += np.random.default_rng(0).normal(0, 0.002, depth_m.shape).astype(np.float32)
    registered_m = register_depth(depth_m, sensor, CAMERA, IDENTITY, max_long_side=MAX_LONG_SIDE)
    known_m = registered_m[np.isfinite(registered_m)]
    off_m = np.minimum(np.abs(known_m - 0.5), np.abs(known_m - 1.0))
    assert off_m.max() < 0.01
    assert off_m.std() < 0.001


def test_depth_past_16_million_pixels_is_reduced():
    """D17."""
    sensor = lens(4800, 3600, 4125.0)
    depth_m = np.ones((3600, 4800), np.float32)
    registered_m = register_depth(depth_m, sensor, CAMERA, IDENTITY, max_long_side=MAX_LONG_SIDE)
    assert registered_m.shape == (192, 256)
    np.testing.assert_allclose(registered_m, 1.0, rtol=1e-5)


@pytest.mark.parametrize('shape', [(1, 1), (1, 7), (5, 1), (8, 8)])
def test_the_smallest_sensors_are_taken(shape: tuple[int, int]):
    height, width = shape
    sensor = lens(width, height, 10.0)
    depth_m = np.full(shape, 0.7, np.float32)
    registered_m = register_depth(depth_m, sensor, CAMERA, BESIDE, max_long_side=MAX_LONG_SIDE)
    np.testing.assert_allclose(registered_m[np.isfinite(registered_m)], 0.7, rtol=1e-5)


depths = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).choice([0.4, 0.7, 0.71, 1.3, np.nan], (24, 32))
)


@given(depths)
def test_registering_what_is_registered_loses_nothing(depth_m: FloatImage):
    view = lens(32, 24, 40.0)
    registered_m = register_depth(depth_m, view, view, IDENTITY, max_long_side=32)
    np.testing.assert_allclose(registered_m, depth_m, rtol=1e-5)


@given(depths, st.sampled_from([0.5, 2.0, 8.0]))
def test_a_scene_and_a_baseline_times_k_give_depth_times_k(depth_m: FloatImage, scale: float):
    """Metric honesty: registration has no length of its own."""
    view = lens(32, 24, 40.0)
    once_m = register_depth(depth_m, view, view, TURNED, max_long_side=32)
    larger = Transform(TURNED.rotation, TURNED.translation_m * scale)
    scaled_m = register_depth(depth_m * scale, view, view, larger, max_long_side=32)
    np.testing.assert_allclose(scaled_m, once_m * scale, rtol=1e-5)


def lidar(lines: int) -> Floats:
    """Return the rays of a LiDAR of so many lines in 40 degrees, one metre ahead."""
    elevation, azimuth = np.meshgrid(
        np.deg2rad(np.linspace(-20, 20, lines)), np.deg2rad(np.arange(-40, 40, 0.2)), indexing='ij'
    )
    aside, up = np.tan(azimuth), np.tan(elevation) / np.cos(azimuth)
    return np.stack([aside, up, np.ones_like(aside)], axis=-1).reshape(-1, 3)


def cloud_of(rays: Floats, normal: tuple[float, ...] = FACING) -> Floats:
    depth_m = trace(rays, TURNED, normal)[:, None]
    return (rays * depth_m)[np.isfinite(depth_m[:, 0])]


@pytest.mark.parametrize('lines', [16, 32, 64, 128])
def test_lines_of_a_lidar_are_drawn_where_they_are_and_nothing_between_them(lines: int):
    """D16: sparse points become depth, with what is between them unknown."""
    registered_m = register_points(
        cloud_of(lidar(lines)), CAMERA, TURNED, max_long_side=MAX_LONG_SIDE
    )
    exact = Exact(registered_m, lens(4000, 4000, 1500.0), TURNED, FACING)
    known = np.isfinite(registered_m)
    assert registered_m.shape == (192, 256)
    assert known.mean() == pytest.approx(lines / 192, rel=0.2)
    assert np.quantile(exact.error_m[known & exact.inside], 0.99) < 0.001


def test_points_between_the_lines_of_a_nearer_surface_are_dropped():
    """No background leaks through a surface of which only lines are known."""
    registered_m = register_points(
        cloud_of(lidar(32)), CAMERA, TURNED, max_long_side=MAX_LONG_SIDE
    )
    box = Exact(registered_m, CAMERA, TURNED, FACING).depth_m < 0.61
    between_lines = shrunk(box, rows=15)  # the lines are seven rows apart
    assert np.isfinite(registered_m[between_lines]).sum() > 200
    assert np.nanmax(registered_m[between_lines]) < 0.61
    leaking = (registered_m[box] > 0.61).mean()
    assert leaking < 0.02


@pytest.mark.parametrize('normal', [FACING, ASLANT, STEEP], ids=['facing', 'aslant', 'steep'])
def test_a_dense_cloud_is_exact_to_a_millimetre(normal):
    rays = rays_of(CAMERA)
    registered_m = register_points(
        cloud_of(rays, normal), CAMERA, TURNED, max_long_side=MAX_LONG_SIDE
    )
    exact = Exact(registered_m, CAMERA, TURNED, normal)
    error_m = exact.error_m[exact.inside & np.isfinite(registered_m)]
    assert np.quantile(error_m, 0.999) < 0.001
    assert np.isfinite(registered_m[exact.inside]).mean() > 0.99


def test_few_points_get_a_coarse_grid():
    registered_m = register_points(
        cloud_of(rays_of(lens(8, 8, 9.7))), CAMERA, TURNED, max_long_side=MAX_LONG_SIDE
    )
    assert registered_m.shape == (24, 32)
    assert 30 < np.isfinite(registered_m).sum() <= 64


def test_no_points_at_all_show_nothing():
    registered_m = register_points(np.zeros((0, 3)), CAMERA, IDENTITY, max_long_side=MAX_LONG_SIDE)
    assert np.isnan(registered_m).all()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='no CUDA device')
def test_the_gpu_shows_the_same():
    depth_m, sensor = depth_of(SENSORS['wider'], TURNED, ASLANT), SENSORS['wider']
    points_m = cloud_of(lidar(64), ASLANT)
    images = [
        (
            register_depth(
                depth_m, sensor, CAMERA, TURNED, max_long_side=MAX_LONG_SIDE, device=device
            ),
            register_points(points_m, CAMERA, TURNED, max_long_side=MAX_LONG_SIDE, device=device),
        )
        for device in map(torch.device, ('cpu', 'cuda'))
    ]
    for ours_m, theirs_m in zip(*images, strict=True):
        same = np.isclose(ours_m, theirs_m, rtol=1e-4, equal_nan=True)
        assert same.mean() > 0.995
