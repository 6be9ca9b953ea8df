# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.evaluation.metrics."""

from __future__ import annotations

from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
import torch

from promptda_ros.core.depth_space import DEPTH_SPACES
from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import BadFrame, Frame
from promptda_ros.core.settings.depth import OutputSettings, PromptSettings
from promptda_ros.lab.evaluation.metrics import edge_band, FrameErrors, Judge, PRINT_STEP
from promptda_ros.lab.evaluation.sample import Sample

HEIGHT, WIDTH = 48, 64
NEAR_M, FAR_M = 0.8, 1.2


def step_truth() -> np.ndarray:
    """Return a box at 0.8 m in the left half, before a wall at 1.2 m."""
    truth_m = np.full((HEIGHT, WIDTH), FAR_M, np.float32)
    truth_m[:, : WIDTH // 2] = NEAR_M
    return truth_m


def sample_of(truth_m: np.ndarray, sensor_depth_m: np.ndarray | None = None) -> Sample:
    sensor = truth_m[1::4, 1::4].copy() if sensor_depth_m is None else sensor_depth_m
    return Sample('1', 'test', np.zeros((*truth_m.shape, 3), np.uint8), sensor, truth_m)


def judge_of(truth_m: np.ndarray, sensor_depth_m: np.ndarray | None = None) -> Judge:
    return Judge.of(sample_of(truth_m, sensor_depth_m), PromptSettings())


def test_the_truth_has_no_error_of_any_kind():
    errors = judge_of(step_truth()).errors(step_truth())
    assert errors.mae_m == errors.rmse_m == errors.edge_mae_m == errors.flying_share == 0.0
    assert errors.delta == errors.coverage == 1.0


def test_a_constant_offset_is_every_mean_error():
    errors = judge_of(step_truth()).errors(step_truth() + np.float32(0.01))
    for value_m in (errors.mae_m, errors.rmse_m, errors.edge_mae_m, errors.right_m):
        assert value_m == pytest.approx(0.01, rel=1e-4)
    assert errors.abs_rel == pytest.approx((0.01 / NEAR_M + 0.01 / FAR_M) / 2, rel=1e-4)


@pytest.mark.parametrize('factor, share', [(1.11, 1.0), (1.13, 0.0), (1 / 1.11, 1.0), (0.88, 0.0)])
def test_delta_counts_ratios_below_the_root_of_1_25(factor, share):
    assert judge_of(step_truth()).errors(step_truth() * np.float32(factor)).delta == share


def test_unknown_truth_counts_nowhere():
    truth_m = step_truth()
    truth_m[:, -20:] = np.nan
    answer_m = step_truth()
    answer_m[:, -20:] = 9.0
    errors = judge_of(truth_m, step_truth()[1::4, 1::4]).errors(answer_m)
    assert errors.mae_m == 0.0
    assert errors.coverage == 1.0


def test_no_answer_is_counted_and_judged_as_bilinear():
    """NaN must neither be skipped nor gain anything over the baseline."""
    judge = judge_of(step_truth())
    answer_m = judge.truth_m.copy()
    answer_m[:, ::2] = np.nan
    errors, bilinear = judge.errors(answer_m), judge.errors(judge.bilinear_m)
    assert errors.coverage == 0.5
    assert errors.answered_mae_m == 0.0
    assert 0.0 < errors.mae_m < bilinear.mae_m
    silent = judge.errors(np.full_like(answer_m, np.nan))
    assert (silent.coverage, silent.mae_m) == (0.0, bilinear.mae_m)
    assert np.isnan(silent.answered_mae_m)


def test_the_edge_band_is_three_pixels_on_either_side_of_a_step():
    columns = edge_band(step_truth()).any(axis=0).nonzero()[0]
    half = WIDTH // 2
    np.testing.assert_array_equal(columns, np.arange(half - 3, half + 3))


@pytest.mark.parametrize('ratio, is_edge', [(1.029, False), (1.031, True)])
def test_a_step_counts_from_three_percent(ratio, is_edge):
    truth_m = np.ones((HEIGHT, WIDTH), np.float32)
    truth_m[:, 30:] = ratio
    assert edge_band(truth_m).any() == is_edge


def striped(first_column: int, levels: int) -> Sample:
    """See a flat wall with one step of brightness."""
    truth_m = np.ones((HEIGHT, WIDTH), np.float32)
    image = np.full((HEIGHT, WIDTH, 3), 100, np.uint8)
    image[:, first_column:] += np.uint8(levels)
    return Sample('1', 'test', image, truth_m[1::4, 1::4] + np.float32(0.001), truth_m)


@given(column=st.integers(3, WIDTH - 3), levels=st.integers(PRINT_STEP, 150))
def test_print_band_is_three_pixels_on_either_side_of_a_step_of_the_picture(column, levels):
    judge = Judge.of(striped(column, levels), PromptSettings())
    columns = judge.printed.any(axis=0).nonzero()[0]
    np.testing.assert_array_equal(columns, np.arange(column - 3, column + 3))


def test_what_depth_makes_of_a_print_is_told_from_other_errors_on_flat_surfaces():
    judge = Judge.of(striped(20, 80), PromptSettings())
    ridge_m = np.where(judge.printed, 1.004, 1.001).astype(np.float32)
    errors = judge.errors(ridge_m)
    assert errors.print_mae_m == pytest.approx(0.004, rel=1e-3)
    assert errors.relative_print_mae == pytest.approx(4, rel=1e-3)
    assert errors.relative_flat_mae < 1.5


def test_step_of_the_picture_at_a_step_of_the_truth_is_no_print():
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[:, WIDTH // 2 :] = 200
    sample = replace(sample_of(step_truth()), image=picture)
    assert not Judge.of(sample, PromptSettings()).printed.any()
    assert not Judge.of(striped(20, PRINT_STEP - 1), PromptSettings()).printed.any()


def test_a_step_across_unknown_truth_is_no_edge():
    truth_m = step_truth()
    truth_m[:, WIDTH // 2] = np.nan
    assert not edge_band(truth_m).any()


def test_pixels_between_two_surfaces_fly():
    answer_m = step_truth()
    answer_m[:, WIDTH // 2] = (NEAR_M + FAR_M) / 2  # one of the six columns of the band
    assert judge_of(step_truth()).errors(answer_m).flying_share == pytest.approx(1 / 6)


@pytest.mark.parametrize('depth_m', [NEAR_M * 1.019, FAR_M * 0.981, 0.5, 2.0, np.nan])
def test_pixels_on_a_surface_beyond_both_or_without_answer_do_not_fly(depth_m):
    answer_m = step_truth()
    answer_m[:, WIDTH // 2] = depth_m
    assert judge_of(step_truth()).errors(answer_m).flying_share == 0.0


def test_a_slanted_table_behind_an_object_does_not_fly():
    truth_m = np.broadcast_to(np.linspace(1.5, 1.0, HEIGHT, dtype=np.float32)[:, None], (48, 64))
    truth_m = truth_m.copy()
    truth_m[:, :20] = 0.5
    assert judge_of(truth_m).errors(truth_m).flying_share == 0.0


def test_bilinear_flies_at_a_step():
    judge = judge_of(step_truth())
    assert judge.errors(judge.bilinear_m).flying_share > 0.3


def test_holes_are_where_the_sensor_has_no_value():
    sensor_m = step_truth()[1::4, 1::4].copy()
    sensor_m[:6] = np.nan
    answer_m = step_truth()
    answer_m[:24] += 0.5
    assert judge_of(step_truth(), sensor_m).errors(answer_m).hole_mae_m == pytest.approx(0.5)
    assert np.isnan(judge_of(step_truth()).errors(answer_m).hole_mae_m)


def test_right_is_where_the_sensor_measured_truly():
    sensor_m = np.full((12, 16), 1.0, np.float32)
    sensor_m[:, 8:] = 1.1  # wrong
    truth_m = np.ones((HEIGHT, WIDTH), np.float32)
    answer_m = truth_m.copy()
    answer_m[:, 40:] = 3.0  # where the sensor is wrong anyway
    answer_m[:, :28] += np.float32(0.002)
    errors = judge_of(truth_m, sensor_m).errors(answer_m)
    assert errors.right_m == pytest.approx(0.002, rel=1e-3)
    assert errors.sensor_right_m == 0.0


def test_answers_at_an_end_of_the_prompts_range_are_saturated():
    answer_m = np.full((HEIGHT, WIDTH), 1.0, np.float32)
    answer_m[:12] = NEAR_M
    answer_m[12:24] = FAR_M + 1
    answer_m[24:36] = np.nan
    assert judge_of(step_truth()).errors(answer_m).saturated == pytest.approx(2 / 3)


@pytest.mark.parametrize('space', DEPTH_SPACES.values(), ids=DEPTH_SPACES)
@given(st.floats(0.99, 1.01))
def test_saturation_is_counted_as_the_estimator_counts_it(space, factor):
    """D18: near the ends of the range, whose width depends on the space of the network."""
    truth_m = np.linspace(0.5, 5, HEIGHT, dtype=np.float32)[:, None].repeat(WIDTH, axis=1)
    network = Follower(factor)
    estimator = Estimator(network, device=torch.device('cpu'), space=space)
    frame = Frame(1, '', np.zeros((HEIGHT, WIDTH, 3), np.uint8), truth_m)
    as_it_is = OutputSettings(anchor='off', drop_saturated=False)
    depth = estimator.estimate(frame, PromptSettings(), as_it_is)
    counted = judge_of(truth_m, truth_m).errors(depth.depth_m, space=space).saturated
    assert counted == depth.saturated_fraction


class Follower:
    """A network that answers with its prompt, all of it wrong by a factor."""

    patch_px = 8

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def __call__(self, pixels: torch.Tensor, prompt_m: torch.Tensor) -> torch.Tensor:
        """Return metres (B, h, w)."""
        return prompt_m[:, 0] * self.factor


def test_errors_are_split_by_true_range():
    truth_m = np.repeat(np.float32([0.4, 0.5, 1.5, 2.5]), 12)[:, None].repeat(WIDTH, axis=1)
    errors = judge_of(truth_m).errors(truth_m + np.repeat([0.1, 0.2, 0.3, 0.4], 12)[:, None])
    split = (errors.to_half_m, errors.to_one_m, errors.to_two_m, errors.beyond_two_m)
    np.testing.assert_allclose(split, (0.1, 0.2, 0.3, 0.4), rtol=1e-5)


def test_what_concerns_no_pixel_is_nan_not_zero():
    errors = judge_of(np.ones((HEIGHT, WIDTH), np.float32)).errors(np.ones((HEIGHT, WIDTH)))
    unknown = {each.name for each in fields(FrameErrors) if np.isnan(getattr(errors, each.name))}
    assert unknown == {'edge_mae_m', 'flying_share', 'print_mae_m', 'hole_mae_m', 'relative_mae',
                       'relative_edge_mae', 'relative_flat_mae', 'relative_print_mae',
                       'relative_hole_mae', 'to_half_m', 'to_one_m', 'beyond_two_m'}  # fmt: skip


def test_errors_are_told_as_shares_of_those_of_bilinear_upsampling():
    sensor_m = step_truth()[1::4, 1::4] + np.float32(0.02)
    sensor_m[:4, :4] = np.nan
    errors = judge_of(step_truth(), sensor_m).errors(step_truth() + np.float32(0.01))
    assert errors.flat_mae_m == pytest.approx(0.01, rel=1e-4)
    assert errors.relative_flat_mae == pytest.approx(0.5, rel=1e-3)
    assert errors.relative_hole_mae == pytest.approx(0.5, rel=1e-3)
    assert errors.relative_edge_mae < errors.relative_mae < 0.5


def test_a_frame_without_measurements_is_refused():
    with pytest.raises(BadFrame) as error:
        judge_of(step_truth(), np.full((12, 16), np.nan, np.float32))
    assert error.value.reason == 'prompt_too_sparse'
