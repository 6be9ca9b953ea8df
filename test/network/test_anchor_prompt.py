# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.network.anchor_prompt."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
import torch
import torch.nn.functional as F

from promptda_ros.network.anchor_prompt import read_prompt, window_means


@given(
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    side=st.sampled_from([3, 5, 9]),
    seed=st.integers(0, 99),
)
@settings(max_examples=50, deadline=None)
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
