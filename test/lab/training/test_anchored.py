# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.training.anchored."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
import torch

from promptda_ros.lab.training.anchored import (
    ALONE_SHARE,
    Anchored,
    answers,
    Both,
    OWN_SIZE_SHARE,
    predict,
    Turn,
)
from promptda_ros.lab.training.examples import Batch
from promptda_ros.lab.training.loss import training_loss
from promptda_ros.network.anchor import Anchor, AnchorConfig

STEPS = 2000


@pytest.fixture
def batch() -> Batch:
    rng = torch.Generator().manual_seed(0)
    return Batch(
        pixels=torch.randn(2, 3, 56, 70, generator=rng),
        prompt_m=1 + torch.rand(2, 1, 8, 10, generator=rng),
        measured=torch.ones(2, 1, 8, 10),
        truth_m=1 + torch.rand(2, 56, 70, generator=rng),
    )


def small_anchor() -> Anchor:
    torch.manual_seed(0)
    anchor = Anchor(AnchorConfig(widths=(8, 8)))
    torch.nn.init.normal_(anchor.head.weight, std=0.1)
    return anchor


def test_turns_are_as_frequent_as_asked_and_follow_from_the_step(make_recipe):
    recipe = make_recipe(anchor=True, network_share=0.4)
    turns = [Turn.of(recipe, step) for step in range(STEPS)]
    shares = np.mean([[one.trains_network, one.asks_network, one.own_size] for one in turns], 0)
    np.testing.assert_allclose(shares, [0.4, 1 - ALONE_SHARE, OWN_SIZE_SHARE], atol=0.04)
    fixed = make_recipe(anchor=True)
    assert all(Turn.of(fixed, step).asks_network for step in range(STEPS)), 'as in the node'
    assert turns == [Turn.of(recipe, step) for step in range(STEPS)]


def test_each_of_both_is_trained_by_its_own_answer_only(network, batch):
    both = Both(small_anchor(), network)
    of_anchor, of_network = answers(both, batch, Turn(True, True, False))
    for one, trained, other in (
        (of_anchor, both.anchor, both.trained),
        (of_network, both.trained, both.anchor),
    ):
        assert one.depth_m.shape == one.truth_m.shape
        both.zero_grad()
        one.depth_m.mean().backward()
        assert any(value.grad is not None for value in trained.parameters())
        assert all(value.grad is None for value in other.parameters())


@pytest.mark.parametrize('own_size, size', [(True, (56, 70)), (False, (28, 42))])
def test_the_network_sees_parts_smaller_or_as_they_are(network, batch, own_size, size):
    _, of_network = answers(Both(small_anchor(), network), batch, Turn(True, True, own_size))
    assert of_network.depth_m.shape[1:] == size


def test_a_network_that_stays_as_it_is_is_no_part_of_what_is_trained(network, batch):
    anchored = Anchored(small_anchor(), network)
    assert {name.partition('.')[0] for name in anchored.state_dict()} == {'anchor'}
    (of_anchor,) = answers(anchored, batch, Turn(False, True, False))
    assert not any(value.requires_grad for value in network.parameters())
    assert of_anchor.depth_m.requires_grad


def test_an_anchor_learns_to_do_without_its_network(network, batch):
    anchored = Anchored(small_anchor(), network)
    (alone,) = answers(anchored, batch, Turn(False, False, False))
    torch.testing.assert_close(alone.depth_m, anchored(batch, None))
    assert not torch.equal(alone.depth_m, predict(anchored, batch))


@pytest.mark.parametrize('kind', [Anchored, Both])
def test_nothing_of_a_step_stays_behind_on_the_cpu(network, batch, kind, monkeypatch):
    """The meta device stands for a card: it refuses to work with tensors of another device."""
    monkeypatch.setattr(torch, 'autocast', lambda *_, **__: nullcontext())  # meta has none
    model = kind(small_anchor(), network.to('meta')).to('meta')
    elsewhere = batch.to(torch.device('meta'))
    for turn in (Turn(kind is Both, True, False), Turn(False, False, False)):
        for one in answers(model, elsewhere, turn):
            loss = training_loss(
                one.depth_m, one.prompt_m, one.truth_m, unit='bilinear_error', edge_weight=0.1
            )
            assert loss.device.type == 'meta'
    assert predict(model, elsewhere).device.type == 'meta'


def test_depth_keeps_its_precision_where_products_are_in_half_of_it(network, batch):
    """Convolutions in bfloat16 only weigh; a wall 2 m away is no step of bfloat16 (8 mm) off."""
    both = Both(Anchor(AnchorConfig(widths=(8, 8))), network)
    wall = replace(batch, prompt_m=torch.full_like(batch.prompt_m, 2.003))
    with torch.autocast('cpu', torch.bfloat16):
        of_anchor, of_network = answers(both, wall, Turn(True, False, False))
    assert of_anchor.depth_m.dtype == of_network.depth_m.dtype == torch.float32
    assert (of_anchor.depth_m - 2.003).abs().max() < 1e-4
