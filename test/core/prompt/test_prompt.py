# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.prompt.prompt."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.core.frame import BadFrame, FloatImage, Mask, Prompt
from promptda_ros.core.prompt.fill import distance_px
from promptda_ros.core.prompt.prompt import condition
from promptda_ros.core.settings.depth import PromptSettings

SETTINGS = PromptSettings()
# +inf, a saturated count, a far clip and the end of the range; -inf, too near, a denormal
OUT_OF_RANGE = (np.inf, 65.535, 1000.0, 10.0, -np.inf, 0.049, 1e-42)


def scene(height: int = 48, width: int = 64) -> FloatImage:
    """A table that recedes from 0.5 m to 1.5 m."""
    return np.linspace(0.5, 1.5, height * width, dtype=np.float32).reshape(height, width)


def _blocked(prompt: Prompt) -> Mask:
    assert prompt.blocked is not None
    return prompt.blocked


def test_a_clean_scene_passes_through_unchanged():
    prompt = condition(scene(), SETTINGS)
    np.testing.assert_array_equal(prompt.depth_m, scene())
    assert prompt.measured.all()
    assert (prompt.near_m, prompt.far_m) == (0.5, 1.5)


@pytest.mark.parametrize('hole', [np.nan, 0.0, -0.0, -1.0])
def test_what_is_no_measurement_is_filled_and_does_not_move_the_range(hole: float):
    """D4, D5, D6: NaN, zeros and negatives are holes."""
    depth_m = scene()
    depth_m[10:20, 10:30] = hole
    prompt = condition(depth_m, SETTINGS)
    assert np.isfinite(prompt.depth_m).all()
    assert not prompt.measured[10:20, 10:30].any()
    assert (prompt.near_m, prompt.far_m) == (0.5, 1.5)
    np.testing.assert_array_equal(prompt.depth_m[prompt.measured], scene()[prompt.measured])
    assert prompt.blocked is None


@pytest.mark.parametrize('side', OUT_OF_RANGE)
def test_what_is_out_of_range_is_blocked_and_does_not_move_the_range(side: float):
    """D6, K1, K2: neither a measurement nor a hole; the network sees an end of the range there."""
    depth_m = scene()
    depth_m[10:20, 10:30] = side
    prompt = condition(depth_m, SETTINGS)
    blocked = np.zeros_like(prompt.measured)
    blocked[10:20, 10:30] = True
    np.testing.assert_array_equal(prompt.blocked, blocked)
    np.testing.assert_array_equal(prompt.measured, ~blocked)
    assert (prompt.near_m, prompt.far_m) == (0.5, 1.5)
    assert (prompt.depth_m[blocked] == (1.5 if side > 1 else 0.5)).all()


def test_a_speck_out_of_range_is_shown_to_the_network_as_the_surface_around_it():
    """K1: salt on a surface costs accuracy around it; the output is unknown there all the same."""
    depth_m = scene()
    depth_m[24, 30:32] = np.inf
    prompt = condition(depth_m, SETTINGS)
    assert _blocked(prompt)[24, 30:32].all()
    np.testing.assert_allclose(prompt.depth_m, scene(), atol=0.03)


@pytest.mark.parametrize('side', OUT_OF_RANGE)
def test_a_hole_amid_what_is_out_of_range_is_not_filled_from_a_surface(side: float):
    """K1, K2: however near that surface is."""
    depth_m = scene()
    depth_m[8:22, 8:32] = side
    depth_m[9:21, 9:31] = np.nan
    blocked = condition(depth_m, SETTINGS).blocked
    assert blocked is not None
    assert blocked[8:22, 8:32].all()
    assert blocked.sum() == 14 * 24


@given(
    st.integers(0, 2**32 - 1),
    st.floats(0.01, 0.9),
    st.floats(0.01, 0.9),
    st.sampled_from(OUT_OF_RANGE),
)
def test_no_hole_takes_a_surface_that_is_farther_than_what_is_out_of_range(
    seed: int, surfaces: float, sides: float, side: float
):
    """K1, K2: so that no fill reaches over it, dense or sparse."""
    random = np.random.default_rng(seed)
    depth_m = np.full((24, 32), np.nan, np.float32)
    depth_m[random.random(depth_m.shape) < surfaces] = 1.0
    depth_m[random.random(depth_m.shape) < sides] = side
    depth_m[0, :6] = 1.0
    settings = PromptSettings(min_valid_fraction=0.0001)
    prompt = condition(depth_m, settings)
    filled = ~prompt.measured & ~_blocked(prompt)
    to_surface = distance_px(depth_m == 1.0)
    to_side = distance_px(~np.isnan(depth_m) & (depth_m != 1.0))
    # The transform is exact to 2 %.
    assert (to_surface <= 1.05 * to_side)[filled].all()
    assert (to_side <= 1.05 * to_surface)[_blocked(prompt)].all()


def test_no_mean_of_a_sparse_fill_reaches_over_what_is_out_of_range():
    """K1: a line of sky between two parts of a slope keeps their measurements apart."""
    depth_m = np.full((48, 64), np.nan, np.float32)
    depth_m[::8, :30], depth_m[::8, 34:] = 1.0, 1.05
    depth_m[:, 31:33] = np.inf
    prompt = condition(depth_m, SETTINGS)
    kept = ~_blocked(prompt)
    np.testing.assert_allclose(prompt.depth_m[:, :31][kept[:, :31]], 1.0, atol=1e-6)
    np.testing.assert_allclose(prompt.depth_m[:, 33:][kept[:, 33:]], 1.05, atol=1e-6)


def test_half_of_the_prompt_missing_leaves_the_measured_half_as_it_was():
    """D4, D5: half of the pixels without a return."""
    depth_m = scene()
    depth_m[np.random.default_rng(0).random(depth_m.shape) < 0.5] = np.nan
    prompt = condition(depth_m, SETTINGS)
    np.testing.assert_array_equal(prompt.depth_m[prompt.measured], scene()[prompt.measured])


@pytest.mark.parametrize('share', [0.0, 0.003])
def test_too_little_measured_is_refused_with_both_numbers(share: float):
    """D4, D9: an empty prompt, a few pixels."""
    depth_m = np.full((48, 64), np.nan, np.float32)
    depth_m.flat[: int(share * depth_m.size)] = 1.0
    with pytest.raises(BadFrame, match=rf'valid depth \({share:.1%} < 5\.0%\)') as refused:
        condition(depth_m, SETTINGS)
    assert refused.value.reason == 'prompt_too_sparse'


@pytest.mark.parametrize('stray_m', [65.535, 8.0, 0.06])
def test_one_stray_pixel_does_not_move_the_range(stray_m: float):
    """D7: a reflection at 8 m, a saturated pixel, a speck on the lens."""
    depth_m = scene()
    depth_m[5, 5] = stray_m
    prompt = condition(depth_m, SETTINGS)
    assert prompt.near_m == pytest.approx(0.5)
    assert prompt.far_m == pytest.approx(1.5)
    assert not prompt.measured[5, 5]
    assert prompt.rejected[5, 5] or _blocked(prompt)[5, 5]


def test_a_stray_pixel_is_marked_so_that_no_output_rests_on_what_fills_it():
    depth_m = scene()
    depth_m[5, 5] = 8.0
    prompt = condition(depth_m, SETTINGS)
    assert prompt.rejected.sum() == 1
    assert prompt.rejected[5, 5]
    assert not condition(scene(), SETTINGS).rejected.any()


@pytest.mark.parametrize('height, width', [(5, 1), (3, 3), (9, 10)])
def test_a_small_thing_far_before_everything_else_is_no_stray(height: int, width: int):
    """A tool before the table: rarer than prompt.outlier_fraction and far from all else."""
    depth_m = np.full((192, 256), 1.1, np.float32)
    depth_m[50 : 50 + height, 60 : 60 + width] = 0.7
    prompt = condition(depth_m, SETTINGS)
    assert prompt.near_m == pytest.approx(0.7)
    assert prompt.measured.all()
    assert not prompt.rejected.any()


@pytest.mark.parametrize('side', [8, 32])
def test_one_far_zone_of_a_coarse_sensor_is_no_stray(side: int):
    """What it sees beyond the edge of a table is as real as the table."""
    depth_m = np.full((side, side), 0.6, np.float32)
    depth_m[0, 0] = 1.9
    prompt = condition(depth_m, SETTINGS)
    assert prompt.far_m == pytest.approx(1.9)
    assert not prompt.rejected.any()


def test_a_saturated_block_is_beyond_range():
    """D7, K1: 16-bit sensors return 65535 where they see nothing."""
    depth_m = scene()
    depth_m[:12] = 65.535
    prompt = condition(depth_m, SETTINGS)
    assert prompt.far_m == pytest.approx(1.5)
    assert _blocked(prompt)[:12].all()
    assert not _blocked(prompt)[12:].any()


@pytest.mark.setting('prompt.min_depth', 'prompt.max_depth')
def test_the_range_of_the_sensor_is_that_of_the_settings():
    prompt = condition(scene(), PromptSettings(min_depth=0.7, max_depth=1.2))
    outside = (scene() < 0.7) | (scene() >= 1.2)
    np.testing.assert_array_equal(_blocked(prompt), outside)
    assert (prompt.near_m, prompt.far_m) == pytest.approx((0.7, 1.2), abs=0.001)


@pytest.mark.setting('prompt.outlier_fraction')
def test_nothing_is_stray_where_no_share_is_checked():
    depth_m = scene()
    depth_m[5, 5] = 8.0
    prompt = condition(depth_m, PromptSettings(outlier_fraction=0.0))
    assert prompt.far_m == pytest.approx(8.0)
    assert not prompt.rejected.any()


@pytest.mark.setting('prompt.min_valid_fraction')
def test_how_much_must_be_measured_can_be_set():
    depth_m = np.full((48, 64), np.nan, np.float32)
    depth_m[:12] = 1.0
    condition(depth_m, PromptSettings(min_valid_fraction=0.2))
    with pytest.raises(BadFrame, match=r'valid depth \(25\.0% < 30\.0%\)'):
        condition(depth_m, PromptSettings(min_valid_fraction=0.3))


@pytest.mark.setting('prompt.max_long_side')
def test_how_large_a_prompt_may_be_can_be_set():
    prompt = condition(scene(480, 640), PromptSettings(max_long_side=128))
    assert prompt.depth_m.shape == (96, 128)


def test_a_small_near_object_is_kept():
    depth_m = scene()
    depth_m[20:28, 20:28] = 0.2
    assert condition(depth_m, SETTINGS).near_m == pytest.approx(0.2)


def test_a_flat_wall_gives_a_constant_prompt():
    """D8: every pixel the same."""
    prompt = condition(np.full((48, 64), 1.25, np.float32), SETTINGS)
    assert prompt.near_m == prompt.far_m == 1.25


def test_metres_that_are_millimetres_are_named_and_not_guessed():
    """D2: 32FC1 in millimetres by mistake."""
    with pytest.raises(BadFrame, match=r'median depth 1000 m looks like millimetres') as refused:
        condition(scene() * 1000, SETTINGS)
    assert refused.value.reason == 'depth_unit'
    assert 'input.depth_scale:=0.001' in str(refused.value)


def test_depth_counted_in_another_unit_names_the_setting():
    """D3: units so small that everything lies before prompt.min_depth."""
    with pytest.raises(BadFrame, match=r'input\.depth_scale') as refused:
        condition(scene() / 100, SETTINGS)
    assert refused.value.reason == 'depth_unit'


@pytest.mark.parametrize('shape', [(480, 640), (720, 1280), (3072, 4096), (1000, 200)])
def test_large_depth_is_reduced_to_the_size_the_network_was_trained_on(shape: tuple[int, int]):
    """D11, D17: also past 16 M pixels, where torch.quantile gives up."""
    prompt = condition(scene(*shape), SETTINGS)
    assert max(prompt.depth_m.shape) == SETTINGS.max_long_side
    assert prompt.depth_m.shape == prompt.measured.shape
    assert 0.5 <= prompt.near_m < prompt.far_m <= 1.5


def test_reducing_mixes_no_hole_into_a_measurement():
    """D11: a zero averaged into a measurement would be a surface that is not there."""
    depth_m = np.full((480, 640), 1.0, np.float32)
    depth_m[np.random.default_rng(0).random(depth_m.shape) < 0.4] = 0.0
    prompt = condition(depth_m, SETTINGS)
    np.testing.assert_allclose(prompt.depth_m, 1.0, atol=1e-6)


def test_prompt_times_k_is_the_prompt_of_the_scene_times_k():
    """Metric honesty: conditioning has no length of its own."""
    depth_m = scene()
    depth_m[3:9, 3:30] = np.nan
    once, twice = condition(depth_m, SETTINGS), condition(depth_m * 2, SETTINGS)
    np.testing.assert_allclose(twice.depth_m, once.depth_m * 2, rtol=1e-6)


@pytest.mark.setting('prompt.max_fill_distance')
def test_what_is_far_from_every_measurement_is_marked():
    depth_m = np.full((30, 40), np.nan, np.float32)
    depth_m[:, :10] = 1.0
    assert condition(depth_m, SETTINGS).unsupported is None
    prompt = condition(depth_m, PromptSettings(max_fill_distance=0.2))  # 10 px of 50
    assert prompt.unsupported is not None
    assert not prompt.unsupported[:, :19].any()
    assert prompt.unsupported[:, 21:].all()
    assert np.isfinite(prompt.depth_m).all()


def test_a_stray_pixel_supports_nothing():
    depth_m = scene()
    depth_m[:, 40:] = np.nan
    depth_m[24, 60] = 8.0
    prompt = condition(depth_m, PromptSettings(max_fill_distance=0.1))
    assert prompt.unsupported is not None
    assert prompt.unsupported[24, 60]


def test_lines_of_a_lidar_in_a_large_image_outlast_its_reduction():
    """D16: depth images into which drivers draw the points of a LiDAR."""
    depth_m = np.full((480, 640), np.nan, np.float32)
    depth_m[::12] = scene(480, 640)[::12]
    prompt = condition(depth_m, SETTINGS)
    assert prompt.measured.mean() > 0.15
    error_m = np.abs(prompt.depth_m - scene(192, 256))
    assert error_m[prompt.measured].max() < 0.005
    assert np.median(error_m) < 0.002
