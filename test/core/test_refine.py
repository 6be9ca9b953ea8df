# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.refine."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import torch

from promptda_ros.core.refine import filter_on_device, refine_edges


def two_things(height: int = 24, width: int = 32) -> torch.Tensor:
    """Return a picture (3, h, w): black on the left, white on the right."""
    colours = torch.zeros(3, height, width, dtype=torch.uint8)
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


def along_columns(depth_m: torch.Tensor, colours: torch.Tensor) -> torch.Tensor:
    """Filter pixel by pixel as the definition says, along the first axis only."""
    height, width = depth_m.shape
    filtered_m = torch.empty_like(depth_m)
    for row in range(height):
        for column in range(width):
            total_m = weights = 0.0
            for y in range(row % 2, height, 2):
                if abs(y - row) > 6:
                    continue
                unlike = (colours[:, row, column] - colours[:, y, column]).abs().sum() / 15
                weight = torch.exp(-0.5 * ((y - row) ** 2 / 16 + unlike**2))
                total_m, weights = total_m + weight * depth_m[y, column], weights + weight
            filtered_m[row, column] = total_m / weights
    return filtered_m


def test_the_weights_are_those_of_the_definition_along_columns_and_then_along_rows():
    rng = torch.Generator().manual_seed(0)
    depth_m, colours = torch.rand(14, 15, generator=rng), torch.rand(3, 14, 15, generator=rng) * 60
    colours = colours.byte()
    once_m = along_columns(depth_m, colours.float())
    expected_m = along_columns(once_m.T, colours.float().mT).T
    torch.testing.assert_close(refine_edges(depth_m, colours), expected_m)


def test_a_second_round_starts_from_the_first():
    rng = torch.Generator().manual_seed(1)
    depth_m, colours = torch.rand(14, 15, generator=rng), torch.rand(3, 14, 15, generator=rng) * 60
    colours = colours.byte()
    twice_m = refine_edges(refine_edges(depth_m, colours), colours)
    torch.testing.assert_close(refine_edges(depth_m, colours, rounds=2), twice_m)


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
    depth_m = torch.from_numpy(rng.uniform(0.3, 3, (height, width)).astype(np.float32))
    colours = torch.from_numpy(rng.integers(0, 256, (3, height, width), np.uint8))
    refined_m = refine_edges(depth_m, colours)
    assert refined_m.min() >= depth_m.min() * (1 - 1e-6)
    assert refined_m.max() <= depth_m.max() * (1 + 1e-6)
    torch.testing.assert_close(refine_edges(depth_m * scale, colours), refined_m * scale)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    contrast=st.sampled_from((4, 32, 256)),
)
def test_both_ways_to_compute_it_give_the_same_depth(
    seed: int, height: int, width: int, contrast: int
):
    rng = np.random.default_rng(seed)
    depth_m = torch.from_numpy(rng.uniform(0.3, 3, (height, width)).astype(np.float32))
    colours = torch.from_numpy(rng.integers(0, contrast, (3, height, width), np.uint8))
    expected_m = depth_m
    for axis in (0, 1):
        expected_m = filter_on_device(expected_m, colours.float(), axis)
    torch.testing.assert_close(refine_edges(depth_m, colours), expected_m)
