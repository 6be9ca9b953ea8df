# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.network.anchor_prompt."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
import torch
import torch.nn.functional as F

from promptda_ros.network.anchor_prompt import ASIDE, match, read_prompt, window_means


@given(
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    side=st.sampled_from([3, 5, 9]),
    seed=st.integers(0, 99),
)
@settings(max_examples=50)
def test_means_of_windows_are_of_what_lies_inside(height, width, side, seed):
    values = torch.rand(2, 1, height, width, generator=torch.Generator().manual_seed(seed))
    pooled = F.avg_pool2d(values, side, 1, side // 2, count_include_pad=False)
    torch.testing.assert_close(window_means(values, side), pooled)


def test_means_around_a_sample_are_of_what_was_measured():
    filled, measured = torch.full((1, 1, 9, 9), 5.0), torch.zeros(1, 1, 9, 9)
    filled[..., 4, 3:6], measured[..., 4, 3:6] = torch.tensor([1.0, 2.0, 3.0]), 1.0
    near, wide = read_prompt(filled, measured).means
    assert abs(float(near[..., 4, 4]) - 2.0) < 1e-2
    assert abs(float(near[..., 4, 2]) - 1.0) < 1e-2
    assert abs(float(wide[..., 4, 2]) - 2.0) < 1e-2


@given(height=st.integers(1, 20), width=st.integers(1, 20), seed=st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_what_lies_aside_is_the_mean_five_samples_away_and_at_the_rim_the_rim(height, width, seed):
    values = torch.rand(1, 1, height, width, generator=torch.Generator().manual_seed(seed))
    prompt = read_prompt(values, torch.ones_like(values))
    near = prompt.means[0][0, 0]
    rows, columns = torch.arange(height), torch.arange(width)
    for seen, (down, right) in zip(
        prompt.aside[0], [(-ASIDE, 0), (ASIDE, 0), (0, -ASIDE), (0, ASIDE)], strict=True
    ):
        there = near[(rows + down).clamp(0, height - 1)][:, (columns + right).clamp(0, width - 1)]
        torch.testing.assert_close(seen, there)


def test_each_surface_of_the_network_takes_the_level_of_its_own_samples():
    is_far = torch.arange(64).expand(1, 1, 64, 64) >= 32
    network = 0.5 * is_far.float()
    seen = F.interpolate(network, (8, 8), mode='area')
    sensor = torch.where(seen > 0.25, seen - 0.05, seen + 0.03)
    near = match(network, read_prompt(sensor, torch.ones_like(sensor))).near
    torch.testing.assert_close(near, torch.where(is_far, 0.45, 0.03), rtol=0, atol=1e-3)
