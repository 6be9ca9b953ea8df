# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.refine."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import torch

from promptda_ros.core.refine import refine_edges


def two_things(height: int = 24, width: int = 32) -> torch.Tensor:
    """Return a picture (3, h, w): black on the left, white on the right."""
    colours = torch.zeros(3, height, width)
    colours[..., width // 2 :] = 255
    return colours


def test_an_edge_moves_to_where_the_colours_change():
    wrong_m = torch.full((24, 32), 1.0)
    wrong_m[:, 18:] = 2.0  # the picture says column 16
    refined_m = refine_edges(wrong_m, two_things())
    between = refined_m[:, 16:18]
    assert (between > 1.5).all()
    torch.testing.assert_close(refined_m[:, :16], torch.full((24, 16), 1.0))


def test_a_step_that_the_picture_shows_stays_a_step():
    depth_m = torch.full((24, 32), 1.0)
    depth_m[:, 16:] = 2.0
    torch.testing.assert_close(refine_edges(depth_m, two_things()), depth_m)


def test_the_weights_are_those_of_the_definition():
    rng = torch.Generator().manual_seed(0)
    depth_m, colours = torch.rand(14, 15, generator=rng), torch.rand(3, 14, 15, generator=rng) * 60
    row, column = 6, 7
    total_m = weights = 0.0
    for down in range(-6, 7, 2):
        for across in range(-6, 7, 2):
            y, x = row + down, column + across
            if 0 <= y < 14 and 0 <= x < 15:
                unlike = (colours[:, row, column] - colours[:, y, x]).abs().sum() / 15
                weight = torch.exp(-0.5 * ((down**2 + across**2) / 16 + unlike**2))
                total_m, weights = total_m + weight * depth_m[y, x], weights + weight
    refined_m = refine_edges(depth_m, colours)
    torch.testing.assert_close(refined_m[row, column], total_m / weights)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    scale=st.floats(0.1, 10),
)
def test_depth_stays_within_its_range_and_scales_with_it(
    seed: int, height: int, width: int, scale: float
):
    rng = np.random.default_rng(seed)
    depth_m = torch.from_numpy(rng.uniform(0.3, 3, (height, width)))
    colours = torch.from_numpy(rng.uniform(0, 255, (3, height, width)))
    refined_m = refine_edges(depth_m, colours)
    assert refined_m.min() >= depth_m.min() - 1e-9
    assert refined_m.max() <= depth_m.max() + 1e-9
    torch.testing.assert_close(refine_edges(depth_m * scale, colours), refined_m * scale)
