# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.network.anchor."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
import torch
from torch import Tensor
import torch.nn.functional as F

from promptda_ros.network.anchor import Anchor

HEIGHT, WIDTH = 48, 64


def begun() -> Anchor:
    """Return an anchor that has learnt nothing."""
    torch.manual_seed(0)
    return Anchor().eval()


def any_anchor(seed: int = 0) -> Anchor:
    """Return an anchor whose head says anything."""
    anchor = begun()
    torch.manual_seed(seed)
    torch.nn.init.normal_(anchor.head.weight, std=0.3)
    return anchor


def pixels(height: int = HEIGHT, width: int = WIDTH) -> Tensor:
    return 255 * torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(1))


def prompt_m(rows: int, columns: int) -> Tensor:
    """Return depth of 1 to 2 m, another one in every pixel."""
    return 1 + torch.rand(1, 1, rows, columns, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize('size', [(8, 8), (12, 16), (19, 26), (48, 64)])
@torch.inference_mode()
def test_an_anchor_that_has_learnt_nothing_interpolates(size):
    depth_m = prompt_m(*size)
    found_m = begun()(pixels(), depth_m, torch.ones_like(depth_m))
    expected_m = F.interpolate(depth_m, (HEIGHT, WIDTH), mode='bilinear')
    assert (found_m - expected_m).abs().mean() < 0.02
    assert (found_m - expected_m).abs().max() < 0.1


@torch.inference_mode()
def test_holes_are_begun_with_what_fills_them():
    depth_m = prompt_m(12, 16)
    measured = torch.ones_like(depth_m)
    measured[..., :8] = 0
    found_m = begun()(pixels(), depth_m, measured)
    expected_m = F.interpolate(depth_m, (HEIGHT, WIDTH), mode='bilinear')
    assert (found_m - expected_m).abs().mean() < 0.02


@given(scale=st.floats(0.1, 10.0), seed=st.integers(0, 3))
@settings(max_examples=10)
@torch.inference_mode()
def test_depth_of_another_scale_gives_the_same_picture_at_that_scale(scale, seed):
    depth_m, anchor = prompt_m(12, 16), any_anchor(seed)
    measured = (torch.rand(1, 1, 12, 16) < 0.8).float()
    found_m = anchor(pixels(), depth_m, measured)
    scaled_m = anchor(pixels(), scale * depth_m, measured)
    torch.testing.assert_close(scaled_m, scale * found_m, rtol=2e-3, atol=0)


@torch.inference_mode()
def test_a_far_corner_changes_nothing_that_is_far_from_it():
    depth_m = prompt_m(48, 64)
    measured = torch.ones_like(depth_m)
    before_m = begun()(pixels(), depth_m, measured)
    depth_m[..., :4, :4] = 8.0
    after_m = begun()(pixels(), depth_m, measured)
    torch.testing.assert_close(after_m[..., 8:, 8:], before_m[..., 8:, 8:], rtol=0.02, atol=0)


@pytest.mark.parametrize('size', [(47, 63), (48, 63), (50, 31)])
@torch.inference_mode()
def test_pictures_may_have_odd_sides(size):
    depth_m = prompt_m(6, 7)
    found_m = any_anchor()(pixels(*size), depth_m, torch.ones_like(depth_m))
    assert found_m.shape[2:] == size
    assert found_m.isfinite().all()


def test_it_gives_what_it_gives_while_it_learns():
    depth_m, anchor = prompt_m(12, 16), any_anchor()
    inputs = pixels(), depth_m, torch.ones_like(depth_m), 2 * depth_m
    learning_m = anchor(*inputs).detach()
    with torch.inference_mode():
        found_m = anchor(*inputs)
    torch.testing.assert_close(found_m, learning_m, rtol=1e-5, atol=0)


@torch.inference_mode()
def test_a_network_is_brought_to_the_sensors_level_before_it_counts():
    depth_m = prompt_m(12, 16)
    measured = torch.ones_like(depth_m)
    anchor = begun()
    torch.nn.init.normal_(anchor.stem.weight, std=0.1)
    torch.nn.init.normal_(anchor.head.weight, std=0.1)
    network_m = 1 + torch.rand(1, 1, 28, 42)
    found_m = anchor(pixels(), depth_m, measured, network_m)
    offset_m = anchor(pixels(), depth_m, measured, 1.3 * network_m)
    torch.testing.assert_close(offset_m, found_m, rtol=1e-3, atol=0)
    assert not torch.allclose(found_m, anchor(pixels(), depth_m, measured))


def test_it_begins_at_the_sensor_and_learns():
    anchor = begun().train()
    depth_m = prompt_m(12, 16)
    truth_m = F.interpolate(depth_m, (HEIGHT, WIDTH), mode='nearest')
    optimizer = torch.optim.AdamW(anchor.parameters(), lr=2e-3)
    losses = []
    for _ in range(12):
        loss = (anchor(pixels(), depth_m, torch.ones_like(depth_m)) - truth_m).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize('seed', range(4))
def test_in_inference_measured_pixels_move_towards_interpolation_and_holes_stay(seed):
    torch.manual_seed(seed)
    anchor = begun()
    torch.nn.init.normal_(anchor.head.weight, std=0.05)
    depth_m, measured = 1 + 0.002 * prompt_m(12, 16), torch.ones(1, 1, 12, 16)
    measured[..., :8] = 0
    plain_m = F.interpolate(depth_m.log(), (HEIGHT, WIDTH), mode='bilinear').exp()
    free_m = anchor.train()(pixels(), depth_m, measured)
    settled_m = anchor.eval()(pixels(), depth_m, measured)
    towards, whole = (settled_m / free_m).log(), (plain_m / free_m).log()
    assert (towards * whole >= -1e-6).all()
    assert (towards.abs() <= 0.81 * whole.abs() + 1e-5).all()
    hole = F.interpolate(measured, (HEIGHT, WIDTH), mode='bilinear') == 0
    torch.testing.assert_close(settled_m[hole], free_m[hole])
    assert (towards[~hole].abs() > 1e-5).any()
