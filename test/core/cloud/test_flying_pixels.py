# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Only what floats between two surfaces is removed, by OpenCV and by torch alike."""

from __future__ import annotations

from unittest import mock

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
import torch

from promptda_ros.core.cloud import flying_pixels
from promptda_ros.core.cloud.flying_pixels import flying_on_device
from promptda_ros.core.frame import FloatImage, Mask

EDGE_STEP = 0.02


def find_flying(depth_m: FloatImage, *, edge_step: float, device: str = 'cpu') -> Mask:
    """Mark the flying pixels of an array."""
    tensor = torch.from_numpy(depth_m).to(device)
    return flying_pixels.find_flying(tensor, edge_step=edge_step).cpu().numpy()


def without_flying_pixels(depth_m: FloatImage, *, edge_step: float) -> FloatImage:
    """Filter an array."""
    return np.where(find_flying(depth_m, edge_step=edge_step), np.float32(np.nan), depth_m)


def slope() -> FloatImage:
    """A plane that recedes upwards, without a step of 2 % between neighbours."""
    rows = np.linspace(1.2, 0.9, 24, dtype=np.float32)
    return np.repeat(rows[:, None], 32, axis=1)


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
    assert np.isnan(without_flying_pixels(depth_m, edge_step=0.003)[:, 14]).all()


def test_under_six_millimetres_nothing_is_an_edge():
    """However near: 1 % of 0.1 m is less than the noise of any sensor."""
    depth_m = np.full((10, 30), 0.1, np.float32)
    depth_m[:, 14], depth_m[:, 15:] = 0.095, 0.09
    np.testing.assert_array_equal(without_flying_pixels(depth_m, edge_step=0.001), depth_m)
    depth_m[:, 14], depth_m[:, 15:] = 0.092, 0.084
    assert np.isnan(without_flying_pixels(depth_m, edge_step=0.001)[:, 14]).all()


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


@pytest.mark.parametrize('degrees', [0, 60, 80, 85, 87])
def test_a_plane_at_any_angle_loses_no_pixel(degrees):
    """1 / depth of a plane is linear in the picture."""
    down = (np.arange(48, dtype=np.float64) - 24) / 60
    inverse = (np.cos(np.deg2rad(degrees)) + np.sin(np.deg2rad(degrees)) * (1.0 + down)) / 0.8
    depth_m = np.repeat((1 / inverse).astype(np.float32)[:, None], 64, axis=1)
    assert not find_flying(depth_m, edge_step=EDGE_STEP).any()


def test_a_grazing_plane_loses_no_pixel_though_its_neighbours_are_far_apart():
    inverse = np.linspace(0.2, 3.0, 40)
    depth_m = np.repeat((1 / inverse).astype(np.float32)[:, None], 30, axis=1)
    assert (np.abs(np.diff(depth_m[:, 0])) > EDGE_STEP * depth_m[1:, 0]).all()
    assert not find_flying(depth_m, edge_step=EDGE_STEP).any()


@given(
    st.integers(0, 2**32 - 1),
    st.floats(0.001, 0.5),
    st.floats(0.0, 0.9),
    st.sampled_from((1, 3, 7, 120)),
)
def test_both_ways_mark_the_same_pixels_however_the_image_is_cut(
    seed, edge_step, hole_share, strip_rows
):
    random = np.random.default_rng(seed)
    surfaces_m = random.uniform(0.3, 3.0, (5, 6)).repeat(4, axis=0).repeat(4, axis=1)
    depth_m = (surfaces_m * random.uniform(0.95, 1.05, surfaces_m.shape)).astype(np.float32)
    depth_m[random.random(depth_m.shape) < hole_share] = np.nan
    theirs = flying_on_device(torch.from_numpy(depth_m), edge_step)
    with mock.patch.object(flying_pixels, 'STRIP_ROWS', strip_rows):
        ours = flying_pixels.find_flying(torch.from_numpy(depth_m), edge_step=edge_step)
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_on_another_device_than_the_cpu_the_host_is_not_asked():
    """Which torch can show without a GPU on its meta device, where nothing can be read."""
    elsewhere_m = torch.from_numpy(slope()).to('meta')
    flying = flying_pixels.find_flying(elsewhere_m, edge_step=EDGE_STEP)
    assert (flying.device.type, flying.shape) == ('meta', elsewhere_m.shape)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='no CUDA device')
def test_the_gpu_marks_the_same_pixels():
    random = np.random.default_rng(5)
    depth_m = random.uniform(0.3, 3.0, (48, 64)).astype(np.float32)
    ours = find_flying(depth_m, edge_step=EDGE_STEP)
    theirs = find_flying(depth_m, edge_step=EDGE_STEP, device='cuda')
    assert np.mean(ours != theirs) < 0.005


def box_before_a_table() -> FloatImage:
    """Two slanted planes with a step of 8 cm all around the nearer one."""
    rows = np.linspace(1.0, 0.8, 96, dtype=np.float32)
    depth_m = np.repeat(rows[:, None], 128, axis=1)
    depth_m[30:70, 40:90] -= np.float32(0.08)
    return depth_m


def test_an_edge_smeared_by_one_pixel_is_sharp_again():
    """At least 95 % of the points over 1 cm off both surfaces go, at most 1 % of the others."""
    exact_m = box_before_a_table()
    smeared_m = exact_m.copy()
    smeared_m[:, 1:] = (exact_m[:, 1:] + exact_m[:, :-1]) / 2
    table_m = np.repeat(np.linspace(1.0, 0.8, 96, dtype=np.float32)[:, None], 128, axis=1)
    off_m = np.minimum(np.abs(smeared_m - table_m), np.abs(smeared_m - table_m + 0.08))
    flying = find_flying(smeared_m, edge_step=0.008)
    assert flying[off_m > 0.01].mean() >= 0.95
    assert flying[off_m <= 0.01].mean() <= 0.01
