# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the depth rests on, how uncertain it is, and when it is refused."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
import numpy as np
import pytest

from promptda_ros.core.frame import BadFrame, Depth, FloatImage
from promptda_ros.core.prompt.fill import distance_px
from promptda_ros.core.prompt.prompt import condition
from promptda_ros.core.prompt.sensor_range import find_out_of_range
from promptda_ros.core.restore.trust import (
    contradicting_fraction,
    estimate_uncertainty,
    find_validity,
    require_trust,
    Validity,
)
from promptda_ros.core.settings.depth import PromptSettings, TrustSettings

TRUST = TrustSettings()


def slope(height: int = 24, width: int = 32) -> FloatImage:
    """A table that recedes from 0.5 m to 1.5 m."""
    rows = np.linspace(1.5, 0.5, height, dtype=np.float32)
    return np.repeat(rows[:, None], width, axis=1)


def depth_of(sensor_m: FloatImage, answer_m: FloatImage | None = None, scale: int = 4) -> Depth:
    """Return what a network answers; without an answer it repeats its prompt."""
    prompt = condition(sensor_m, PromptSettings())
    if answer_m is None:
        answer_m = prompt.depth_m.repeat(scale, axis=0).repeat(scale, axis=1)
    return Depth(answer_m, prompt, saturated=np.zeros((12, 16), np.bool_))


def holed() -> FloatImage:
    """Return the slope with a hole in its middle."""
    sensor_m = slope()
    sensor_m[8:16, 10:20] = np.nan
    return sensor_m


# Validity


def test_the_codes_are_the_documented_ones():
    assert {code.name: code.value for code in Validity} == {
        'REMOVED': 0,
        'OUTSIDE_RANGE': 1,
        'PREDICTED': 2,
        'FILLED': 3,
        'MEASURED': 4,
        'BEYOND_RANGE': 5,
        'NEARER_THAN_RANGE': 6,
    }


def test_measured_and_filled_pixels_are_told_apart():
    codes = find_validity(depth_of(holed()), TRUST)
    expected = np.full((96, 128), Validity.MEASURED, np.uint8)
    expected[32:64, 40:80] = Validity.FILLED
    np.testing.assert_array_equal(codes, expected)
    assert codes.dtype == np.uint8


def test_where_the_network_departs_from_the_sensor_it_is_a_prediction():
    depth = depth_of(slope())
    answer_m = depth.depth_m.copy()
    answer_m[20:30, 50:60] *= np.float32(1.3)
    codes = find_validity(replace(depth, depth_m=answer_m), TRUST)
    assert (codes[20:30, 50:60] == Validity.PREDICTED).all()
    assert (codes == Validity.PREDICTED).sum() == 100


@pytest.mark.setting('trust.agreement_distance', 'trust.agreement_fraction')
@given(st.floats(0.3, 9.0), st.floats(-0.05, 0.05), st.floats(0.001, 0.05), st.floats(0.001, 0.05))
def test_measured_and_filled_depth_is_within_both_limits(z_m, off_m, distance_m, fraction):
    """K3: of the sensor's own pixel, in metres and as a share of the depth."""
    sensor_m = np.full((8, 10), z_m, np.float32)
    sensor_m[2:4, 2:5] = np.nan
    answer_m = np.full((8, 10), z_m + off_m, np.float32)
    settings = TrustSettings(agreement_distance=distance_m, agreement_fraction=fraction)
    codes = find_validity(depth_of(sensor_m, answer_m), settings)
    limit_m = min(distance_m, fraction * (z_m + off_m))
    if abs(abs(off_m) - limit_m) < 1e-5:
        return
    agrees = abs(off_m) < limit_m
    expected = np.where(np.isnan(sensor_m), Validity.FILLED, Validity.MEASURED)
    np.testing.assert_array_equal(codes, expected if agrees else Validity.PREDICTED)


def test_no_measured_pixel_is_far_from_the_pixel_of_the_sensor():
    """K3: at edges a prompt reduced from a larger picture is a mean of two surfaces."""
    random = np.random.default_rng(0)
    sensor_m = np.where(random.random((480, 640)) < 0.5, 1.0, 1.06).astype(np.float32)
    answer_m = random.uniform(0.95, 1.1, (480, 640)).astype(np.float32)
    codes = find_validity(depth_of(sensor_m, answer_m), TRUST)
    off_m = np.abs(answer_m - sensor_m)
    assert off_m[codes == Validity.MEASURED].max() <= TRUST.agreement_fraction * 1.1
    assert (codes == Validity.MEASURED).mean() > 0.05


def test_out_of_range_is_told_by_its_side_and_only_where_the_sensor_says_so():
    """K1, K2: a hole beside it is not known to be empty."""
    sensor_m = slope()
    sensor_m[:, 20:] = np.nan
    sensor_m[:8, 26:], sensor_m[16:, 26:] = np.inf, -np.inf
    depth = depth_of(sensor_m)
    out = find_out_of_range(depth.prompt, depth.depth_m.shape)
    codes = find_validity(depth.with_depth(np.where(out, np.nan, depth.depth_m)), TRUST)
    large_m = sensor_m.repeat(4, axis=0).repeat(4, axis=1)
    np.testing.assert_array_equal(codes == Validity.BEYOND_RANGE, large_m == np.inf)
    np.testing.assert_array_equal(codes == Validity.NEARER_THAN_RANGE, large_m == -np.inf)
    assert (codes[:32, 100:104] == Validity.REMOVED).all()
    assert (codes[:32, 80:84] == Validity.FILLED).all()


def test_what_is_out_of_range_makes_nothing_else_uncertain():
    """K1: a sky of one value is no coarse sensor."""
    sensor_m = slope()
    sensor_m[:, 10:] = np.inf
    beside_sky, alone = (
        estimate_uncertainty(depth_of(each)) for each in (sensor_m, slope()[:, :10])
    )
    np.testing.assert_allclose(beside_sky[:, :24], alone[:, :24], rtol=0.05)


def test_unknown_depth_is_removed():
    depth = depth_of(slope())
    answer_m = depth.depth_m.copy()
    answer_m[3:5, 7:11] = np.nan
    codes = find_validity(replace(depth, depth_m=answer_m), TRUST)
    np.testing.assert_array_equal(codes == Validity.REMOVED, np.isnan(answer_m))


def test_an_end_of_the_range_without_a_measurement_is_outside_known_or_not():
    depth = depth_of(holed())
    saturated = np.zeros((12, 16), np.bool_)
    saturated[:6] = True
    answer_m = depth.depth_m.copy()
    answer_m[32:40] = np.nan
    codes = find_validity(replace(depth, depth_m=answer_m, saturated=saturated), TRUST)
    outside = np.zeros((96, 128), np.bool_)
    outside[32:48, 40:80] = True
    np.testing.assert_array_equal(codes == Validity.OUTSIDE_RANGE, outside)


# Uncertainty


def test_uncertainty_is_known_exactly_where_the_depth_is():
    depth = depth_of(holed())
    answer_m = depth.depth_m.copy()
    answer_m[3:5, 7:11] = np.nan
    uncertainty_m = estimate_uncertainty(replace(depth, depth_m=answer_m))
    np.testing.assert_array_equal(np.isnan(uncertainty_m), np.isnan(answer_m))
    assert uncertainty_m.dtype == np.float32
    assert (uncertainty_m[np.isfinite(answer_m)] > 0).all()


def test_it_is_at_least_the_disagreement_with_the_sensor_where_it_measured():
    depth = depth_of(holed())
    wrong_m = depth.depth_m * np.float32(1.5)
    uncertainty_m = estimate_uncertainty(replace(depth, depth_m=wrong_m))
    measured = np.isfinite(holed()).repeat(4, axis=0).repeat(4, axis=1)
    assert (uncertainty_m >= 0.3 * wrong_m)[measured].all()


def test_it_grows_with_the_depth_into_holes_and_at_steps():
    step_m = slope()
    step_m[:, 16:] -= np.float32(0.3)
    smooth = estimate_uncertainty(depth_of(slope()))
    in_hole = estimate_uncertainty(depth_of(holed()))
    at_step = estimate_uncertainty(depth_of(step_m))
    assert smooth[5, 64] > smooth[90, 64]
    assert in_hole[48, 60] > 2 * smooth[48, 60]
    assert at_step[48, 64] > 2 * at_step[48, 20]


def test_a_coarse_sensor_is_less_certain_than_a_fine_one_of_the_same_scene():
    """Zones arrive as blocks of equal values; what lies within one may be missed."""
    fine_m = slope(96, 128)
    fine_m[30:70, 40:90] -= np.float32(0.2)
    coarse_m = fine_m[8::16, 8::16].repeat(16, axis=0).repeat(16, axis=1)
    fine, coarse = (estimate_uncertainty(depth_of(each, scale=1)) for each in (fine_m, coarse_m))
    assert coarse.mean() > 3 * fine.mean()
    assert (coarse >= 0.8 * fine).mean() > 0.95


def test_a_slanted_plane_is_certain_up_to_the_border():
    """Planes have no bend, and go on beyond the picture."""
    relative = estimate_uncertainty(depth_of(slope(96, 128), scale=1)) / slope(96, 128)
    np.testing.assert_allclose(relative, relative[48, 64], rtol=0.02)


@given(st.integers(1, 10), st.integers(11, 22), st.integers(1, 14), st.integers(15, 30))
def test_it_grows_the_farther_a_hole_is_from_the_nearest_measurement(top, bottom, left, right):
    sensor_m = np.full((24, 32), 1.0, np.float32)
    sensor_m[top:bottom, left:right] = np.nan
    uncertainty_m = estimate_uncertainty(depth_of(sensor_m, scale=1))
    distance = distance_px(np.isfinite(sensor_m)).ravel()
    in_order = uncertainty_m.ravel()[np.argsort(distance, kind='stable')]
    assert (np.diff(in_order) >= -1e-6).all()
    assert uncertainty_m[distance.reshape(24, 32) == 0].max() < uncertainty_m[top, left]


@given(
    depths=arrays(np.float32, (12, 16), elements=st.floats(0.125, 8, width=32) | st.just(np.nan))
)
def test_it_is_positive_and_unknown_exactly_where_the_depth_is(depths):
    """Whatever the network says, and whatever of it was removed."""
    answer_m = depths.repeat(8, axis=0).repeat(8, axis=1)
    uncertainty_m = estimate_uncertainty(depth_of(holed(), answer_m))
    np.testing.assert_array_equal(np.isnan(uncertainty_m), np.isnan(answer_m))
    assert (uncertainty_m[np.isfinite(answer_m)] > 0).all()


def test_a_flat_wall_is_certain():
    wall_m = np.full((192, 256), 1.0, np.float32)
    assert estimate_uncertainty(depth_of(wall_m, scale=1)).max() < 0.01


@given(st.floats(0.1, 5.0))
def test_it_scales_with_the_scene(scale):
    """No length is made up: everything k times as far is k times as uncertain."""
    one, many = depth_of(holed()), depth_of(holed())
    many = Depth(
        one.depth_m * np.float32(scale),
        replace(one.prompt, depth_m=one.prompt.depth_m * np.float32(scale)),
        one.saturated,
    )
    np.testing.assert_allclose(
        estimate_uncertainty(many), scale * estimate_uncertainty(one), rtol=1e-3
    )


# The gate


def test_depth_that_repeats_its_sensor_passes():
    depth = depth_of(holed())
    assert contradicting_fraction(depth, TRUST.max_difference) == 0.0
    require_trust(depth, TRUST)


@pytest.mark.setting('trust.gate')
@pytest.mark.parametrize('wrong', ['constant', 'upside down', 'a fifth too far'])
def test_depth_that_contradicts_its_sensor_is_refused_with_both_numbers(wrong):
    depth = depth_of(slope())
    answer_m = {
        'constant': np.full((96, 128), 1.0, np.float32),
        'upside down': np.ascontiguousarray(depth.depth_m[::-1]),
        'a fifth too far': depth.depth_m * np.float32(1.2),
    }[wrong]
    wrong_depth = replace(depth, depth_m=answer_m)
    with pytest.raises(BadFrame) as refused:
        require_trust(wrong_depth, TRUST)
    assert refused.value.reason == 'contradicts_sensor'
    fraction = contradicting_fraction(wrong_depth, 0.1)
    text = f'differs by more than 10% from {fraction:.0%} of the measurements, more than 30%'
    assert text in str(refused.value)
    assert 'trust.gate:=false' in str(refused.value)
    require_trust(wrong_depth, TrustSettings(gate=False))


def test_what_filled_a_hole_and_what_is_unknown_contradict_nothing():
    depth = depth_of(holed())
    answer_m = depth.depth_m.copy()
    answer_m[32:64, 40:80] *= 2
    answer_m[:20] = np.nan
    assert contradicting_fraction(replace(depth, depth_m=answer_m), 0.1) == 0.0


@pytest.mark.setting('trust.max_difference', 'trust.max_fraction')
def test_the_limits_are_those_of_the_settings():
    depth = depth_of(slope())
    answer_m = depth.depth_m.copy()
    answer_m[:24] *= np.float32(1.15)
    some = replace(depth, depth_m=answer_m)
    require_trust(some, TRUST)
    require_trust(some, TrustSettings(max_difference=0.2, max_fraction=0.0))
    with pytest.raises(BadFrame):
        require_trust(some, TrustSettings(max_fraction=0.2))
