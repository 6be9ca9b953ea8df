# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.network.anchor_grid."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
import torch
import torch.nn.functional as F

from promptda_ros.network.anchor_grid import enlarged, grid_of, spread

SIDES = st.integers(1, 40)
PICTURES = st.tuples(*[st.integers(1, 24).map(lambda half: 2 * half)] * 2)
CPU = torch.device('cpu')


def numbered(rows: int, columns: int) -> torch.Tensor:
    """Return another value for every sample."""
    return torch.arange(1.0, 1 + rows * columns).reshape(1, 1, rows, columns)


@given(rows=SIDES, columns=SIDES, size=PICTURES)
@settings(max_examples=50)
def test_what_is_spread_is_interpolated(rows, columns, size):
    values = numbered(rows, columns)
    found = grid_of((rows, columns), size, CPU).picture(spread(values, size)[:, 0])
    expected = F.interpolate(values, size, mode='bilinear')
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.filterwarnings('ignore')  # that sizes become constants
@given(rows=SIDES, columns=SIDES, size=st.tuples(SIDES, SIDES))
@settings(max_examples=30, deadline=None)
def test_a_tracer_sees_the_same_interpolation(rows, columns, size):
    values = numbered(rows, columns)
    traced = torch.jit.trace(lambda each: enlarged(each, size), values, check_trace=False)
    other = values.flip(2, 3).sqrt()
    expected = F.interpolate(other, size, mode='bilinear')
    torch.testing.assert_close(traced(other), expected, rtol=1e-5, atol=1e-5)


@given(rows=SIDES, columns=SIDES, size=PICTURES)
@settings(max_examples=50)
def test_the_samples_around_make_bilinear_interpolation_with_their_first_weights(
    rows, columns, size
):
    values, grid = numbered(rows, columns), grid_of((rows, columns), size, CPU)
    total, weight = torch.zeros(()), torch.zeros(())
    for samples, priors in zip(grid.around(values), grid.priors, strict=True):
        share = priors.exp().reshape(1, 3, 4, -1) - 2e-3
        total = total + (share * samples).sum(1)
        weight = weight + share.sum(1)
    expected = F.interpolate(values, size, mode='bilinear')
    inside = (weight - 1).abs() < 1e-3  # at the rim an extrapolation is left out
    assert inside.any()
    off = grid.picture(total / weight) - expected
    assert off[grid.picture(inside.float()) > 0].abs().max() < 2e-3 * values.max()


def test_the_middle_one_of_those_around_is_the_nearest():
    values = numbered(3, 4)
    grid = grid_of((3, 4), (6, 8), CPU)
    above, beside, below = (grid.picture(each[:, 1]) for each in grid.around(values))
    expected = F.interpolate(values, (6, 8), mode='nearest')
    assert torch.equal(beside, expected)
    assert torch.equal(above[..., 2:, :], expected[..., :-2, :])
    assert torch.equal(below[..., :-2, :], expected[..., 2:, :])
    assert torch.equal(above[..., :2, :], expected[..., :2, :]), 'the rim goes on outside'
