# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.network.dinov2."""

from __future__ import annotations

from dataclasses import replace
import math

import pytest
import torch

from promptda_ros.network import Dinov2Config
from promptda_ros.network.dinov2 import Dinov2, DropPath, Embeddings

SMALL = Dinov2Config(
    hidden_size=8,
    num_hidden_layers=2,
    num_attention_heads=2,
    image_size=70,
    reshape_hidden_states=False,
)


def embeddings(**changes) -> Embeddings:
    torch.manual_seed(0)
    layer = Embeddings(replace(SMALL, **changes))
    torch.nn.init.normal_(layer.position_embeddings)
    return layer


def test_features_are_the_asked_layers_behind_one_norm():
    torch.manual_seed(0)
    backbone = Dinov2(replace(SMALL, out_indices=(0, 2)))
    output = backbone(torch.randn(2, 3, 42, 28), keep_states=True)
    assert [tuple(tokens.shape) for tokens in output.features] == [(2, 1 + 3 * 2, 8)] * 2
    for place, index in enumerate((0, 2)):
        expected = backbone.layernorm(output.hidden_states[index])
        torch.testing.assert_close(output.features[place], expected)


def test_the_position_table_is_used_as_it_is_at_its_own_size():
    for way in ('hugging_face', 'original'):
        layer = embeddings(position_interpolation=way)
        assert torch.equal(layer.positions(5, 5), layer.position_embeddings)


def cubic_weights(stretched: float, count: int, side: int = 5) -> torch.Tensor:
    """Weights (count, side) of Keys' cubic with a = -0.75, centres aligned, edges repeated."""
    weights = torch.zeros(count, side)
    for row in range(count):
        place = (row + 0.5) * side / stretched - 0.5
        first = math.floor(place)
        for neighbour in range(first - 1, first + 3):
            t = abs(place - neighbour)
            near, far = 1.25 * t**3 - 2.25 * t**2 + 1, -0.75 * (t**3 - 5 * t**2 + 8 * t - 4)
            weights[row, min(max(neighbour, 0), side - 1)] += near if t <= 1 else far
    return weights


@pytest.mark.parametrize('grid', [(3, 7), (7, 3), (4, 4), (11, 6)])
def test_the_original_interpolation_stretches_by_a_tenth_of_a_patch(grid):
    """facts: the original code scales by (patches + 0.1) / side, and not to the exact size."""
    original = embeddings(position_interpolation='original').positions(*grid)
    exact = embeddings().positions(*grid)
    assert original.shape == exact.shape == (1, 1 + grid[0] * grid[1], 8)
    torch.testing.assert_close(original[:, 0], exact[:, 0])

    table = embeddings().position_embeddings[0, 1:].reshape(5, 5, 8)
    down, across = cubic_weights(grid[0] + 0.1, grid[0]), cubic_weights(grid[1] + 0.1, grid[1])
    expected = torch.einsum('hi,wj,ijc->hwc', down, across, table)
    torch.testing.assert_close(original[0, 1:].reshape(expected.shape), expected)


def test_positions_in_half_precision_are_interpolated_in_float32():
    layer = embeddings()
    exact = layer.positions(3, 7)
    half = layer.to(torch.bfloat16).positions(3, 7)
    torch.testing.assert_close(half.float(), exact, atol=0.02, rtol=0.01)


def test_dropped_branches_vanish_in_training_only():
    torch.manual_seed(0)
    branch = torch.ones(1000, 2, 3)
    drop = DropPath(0.25)
    kept = drop.train()(branch)
    assert kept.unique().tolist() == pytest.approx([0, 1 / 0.75])
    assert kept.mean().item() == pytest.approx(1, abs=0.08)
    assert drop.eval()(branch) is branch


def test_dropout_acts_in_training_only():
    config = replace(SMALL, hidden_dropout_prob=0.5, attention_probs_dropout_prob=0.5)
    torch.manual_seed(0)
    backbone = Dinov2(config)
    for value in backbone.parameters():
        torch.nn.init.normal_(value)
    image = torch.randn(1, 3, 28, 28)

    def run(*, keep_attentions: bool) -> torch.Tensor:
        return backbone(image, keep_attentions=keep_attentions).features[0]

    for keep_attentions in (False, True):
        backbone.train()
        first, second = (run(keep_attentions=keep_attentions) for _ in range(2))
        assert not torch.equal(first, second)
        backbone.eval()
        torch.testing.assert_close(
            run(keep_attentions=keep_attentions), run(keep_attentions=False)
        )


def test_a_scale_of_a_whole_number_makes_weights_of_floats():
    """JSON has 1 for 1.0, and weights of whole numbers can't be trained."""
    backbone = Dinov2(replace(SMALL, layerscale_value=1))
    assert {weight.dtype for weight in backbone.parameters()} == {torch.float32}
