# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Laws of promptda_ros.lab.training.loss."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from promptda_ros.lab.evaluation.metrics import edge_band
from promptda_ros.lab.training.loss import (
    LEAST_ERROR_M,
    LEAST_RANGE_M,
    near_steps,
    sample_loss_m,
    training_loss,
    UNITS,
)
from promptda_ros.lab.training.recipe import LOSS_UNITS

SIZE = (2, 24, 32)


def depths(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Draw depth, a prompt and truth with steps and unknown pixels."""
    rng = torch.Generator().manual_seed(seed)
    prompt_m = 0.5 + torch.rand((2, 1, 6, 8), generator=rng)
    truth_m = 0.5 + torch.rand(SIZE, generator=rng).round(decimals=1)
    truth_m[:, :2] = torch.nan
    depth_m = 0.5 + torch.rand(SIZE, generator=rng)
    return depth_m, prompt_m, truth_m


@pytest.mark.parametrize('unit', UNITS)
@pytest.mark.parametrize('edge_weight', [0.0, 0.5])
def test_exact_answers_have_no_loss(unit, edge_weight):
    _, prompt_m, truth_m = depths(1)
    exact_m = truth_m.nan_to_num(9.0)  # where nothing is known anything goes
    loss = training_loss(exact_m, prompt_m, truth_m, unit=unit, edge_weight=edge_weight)
    assert loss == 0


@given(
    seed=st.integers(0, 2**31),
    scale=st.floats(0.2, 20.0),
    unit=st.sampled_from(list(UNITS)),
    edge_weight=st.floats(0, 2),
)
@settings(max_examples=20)
def test_the_loss_does_not_depend_on_the_scale_of_the_scene(seed, scale, unit, edge_weight):
    depth_m, prompt_m, truth_m = depths(seed)
    loss = training_loss(depth_m, prompt_m, truth_m, unit=unit, edge_weight=edge_weight)
    scaled = training_loss(
        depth_m * scale, prompt_m * scale, truth_m * scale, unit=unit, edge_weight=edge_weight
    )
    assert float(scaled) == pytest.approx(float(loss), rel=1e-3)
    assert float(loss) > 0


def test_a_wall_without_range_does_not_count_endlessly():
    wall_m = torch.full((1, 1, 6, 8), 1.0)
    depth_m, truth_m = torch.full((1, 24, 32), 1.01), torch.full((1, 24, 32), 1.0)
    loss = training_loss(depth_m, wall_m, truth_m, unit='prompt_range', edge_weight=0.0)
    assert float(loss) == pytest.approx(0.01 / LEAST_RANGE_M, rel=0.01)
    loss = training_loss(depth_m, wall_m, truth_m, unit='bilinear_error', edge_weight=0.0)
    assert float(loss) == pytest.approx(0.01 / LEAST_ERROR_M, rel=0.01)


@pytest.mark.parametrize('edge_weight', [0.0, 0.5])
def test_bilinear_upsampling_has_the_loss_1_in_its_own_unit(edge_weight):
    _, prompt_m, truth_m = depths(7)
    upsampled_m = F.interpolate(prompt_m, SIZE[1:], mode='bilinear')[:, 0]
    loss = training_loss(
        upsampled_m, prompt_m, truth_m, unit='bilinear_error', edge_weight=edge_weight
    )
    assert float(loss) == pytest.approx(1)


def test_the_edge_weight_adds_the_error_beside_steps_only():
    truth_m = torch.full((1, 24, 32), 0.6)
    truth_m[:, :, 16:] = 1.4

    def added(column: int) -> float:
        off_m = truth_m.clone()
        off_m[:, :, column] += 0.1
        plain, weighted = (
            sample_loss_m(off_m, truth_m, edge_weight=edge_weight) for edge_weight in (0.0, 1.0)
        )
        return float(weighted - plain)

    assert added(2) == 0
    assert added(14) == pytest.approx(0.1 / 6)  # one of the six columns within reach


def test_the_recipe_knows_every_unit():
    assert tuple(UNITS) == LOSS_UNITS


def test_the_edge_band_is_the_one_that_evaluation_judges():
    _, _, truth_m = depths(5)
    ours = (near_steps(truth_m) & truth_m.isfinite()).numpy()
    for mask, one_m in zip(ours, truth_m.numpy(), strict=True):
        np.testing.assert_array_equal(mask, edge_band(one_m))
