# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Depth follows its sensor slowly, where the sensor measured, and not where they contradict."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
import torch
from torch import Tensor

from promptda_ros.core.agree import agree_with_sensor, has_zones, LARGEST_SHARE, MOST
from promptda_ros.core.prompt import condition
from promptda_ros.core.settings import PromptSettings


def slope(height: int, width: int) -> Tensor:
    """A table that recedes from 0.7 m to 1.4 m."""
    rows = (torch.arange(height) + 0.5) / height
    return (1.4 - 0.7 * rows)[:, None].repeat(1, width)


def sensor() -> Tensor:
    """The same as a sensor of 48x64 sees it, with something near and something far in corners."""
    prompt_m = slope(48, 64)
    prompt_m[0, 0], prompt_m[-1, 0] = 1.6, 0.6  # depth never leaves the range of its prompt
    return prompt_m


def everywhere(prompt_m: Tensor) -> Tensor:
    """Mark all pixels as measured."""
    return torch.ones_like(prompt_m, dtype=torch.bool)


@pytest.mark.parametrize('size', [(48, 64), (192, 256), (64, 48), (126, 168)])
def test_a_surface_that_lies_off_comes_back(size):
    prompt_m = slope(*size)
    off_m = 1.02 * slope(126, 168)
    found_m = agree_with_sensor(off_m, prompt_m, everywhere(prompt_m))
    error_m = (found_m - slope(126, 168))[16:-16, 16:-16].abs()
    assert error_m.max() < 0.15 * 0.02 * 1.4


@pytest.mark.parametrize('repeats', [1, 3, 8])
@pytest.mark.parametrize('size, coarse', [((32, 32), True), ((8, 8), True), ((48, 64), False)])
def test_zones_are_known_however_large_the_image_that_a_driver_makes_of_them(
    size, coarse, repeats
):
    random = np.random.default_rng(0)
    sensor_m = random.uniform(0.5, 1.5, size).astype(np.float32)
    sensor_m[random.random(size) < 0.1] = np.nan
    prompt = condition(sensor_m.repeat(repeats, 0).repeat(repeats, 1), PromptSettings())
    assert has_zones(prompt) == coarse


def test_a_wall_in_whole_millimetres_is_no_zone():
    sensor_m = np.round(slope(48, 64).numpy() / 8, 3)  # neighbours mostly equal
    sensor_m += np.round(np.random.default_rng(0).uniform(0, 0.6, sensor_m.shape)) * 0.001
    assert not has_zones(condition(sensor_m.astype(np.float32), PromptSettings()))


def test_depth_that_agrees_stays_as_it_is():
    depth_m = slope(126, 168)
    found_m = agree_with_sensor(depth_m, slope(48, 64), everywhere(slope(48, 64)))
    assert (found_m - depth_m)[3:-3].abs().max() < 1e-3


def test_what_the_network_sees_and_the_sensor_does_not_is_kept():
    """A thing before the table that the sensor missed."""
    depth_m = slope(126, 168)
    depth_m[40:80, 60:100] -= 0.1
    found_m = agree_with_sensor(depth_m, slope(48, 64), everywhere(slope(48, 64)))
    torch.testing.assert_close(found_m[45:75, 65:95], depth_m[45:75, 65:95], atol=2e-3, rtol=0)
    assert 0.1 > LARGEST_SHARE * 0.7


def test_far_from_every_measurement_nothing_changes():
    prompt_m, off_m = sensor(), 1.02 * slope(126, 168)
    measured = everywhere(prompt_m)
    measured[:, 20:] = False
    found_m = agree_with_sensor(off_m, prompt_m, measured)
    torch.testing.assert_close(found_m[:, 80:], off_m[:, 80:])
    assert not torch.allclose(found_m[:, :40], off_m[:, :40], atol=5e-3, rtol=0)


def test_a_single_measurement_moves_little():
    prompt_m, off_m = sensor(), 1.02 * slope(126, 168)
    measured = torch.zeros_like(prompt_m, dtype=torch.bool)
    measured[24, 32] = True
    moved_m = (agree_with_sensor(off_m, prompt_m, measured) - off_m).abs().max()
    assert 0 < moved_m < 0.7 * 0.02 * 1.4


def test_a_thing_before_a_far_wall_is_not_moved_by_the_metres_of_the_wall():
    """0.15 m before 8 m: a mean over both is more than the thing is away."""
    prompt_m = torch.full((48, 64), 8.0)
    prompt_m[:, :32] = 0.15
    depth_m = torch.full((126, 168), 8.35)
    depth_m[:, :84] = 0.15
    found_m = agree_with_sensor(depth_m, prompt_m, everywhere(prompt_m))
    assert (found_m[:, :84] - 0.15).abs().max() <= MOST * 0.15 + 1e-6
    assert (found_m[:, 100:] <= 8.0 * 1.001).all()


def test_noise_of_the_sensor_is_averaged_out():
    rng = torch.Generator().manual_seed(0)
    noise_m = 0.003 * torch.randn(192, 256, generator=rng)
    depth_m = torch.ones(126, 168)
    found_m = agree_with_sensor(depth_m, 1.0 + noise_m, everywhere(noise_m))
    assert found_m.std() < 0.15 * noise_m.std()


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    prompt_size=st.tuples(st.integers(1, 80), st.integers(1, 80)),
    factor=st.sampled_from([0.25, 2.0, 8.0]),
)
def test_nothing_moves_farther_than_the_largest_share_and_all_scales(
    seed, size, prompt_size, factor
):
    """Metric honesty: a scene k times as far gives depth k times as far."""
    rng = torch.Generator().manual_seed(seed)
    prompt_m = 0.3 + 3 * torch.rand(prompt_size, generator=rng)
    span_m = prompt_m.max() - prompt_m.min()
    depth_m = prompt_m.min() + span_m * torch.rand(size, generator=rng)  # as of a network
    measured = torch.rand(prompt_size, generator=rng) < 0.8
    found_m = agree_with_sensor(depth_m, prompt_m, measured)
    assert (found_m - depth_m).abs().max() <= LARGEST_SHARE * span_m * 1.001 + 1e-6
    assert ((found_m - depth_m).abs() <= MOST * depth_m * 1.001).all()
    scaled_m = agree_with_sensor(factor * depth_m, factor * prompt_m, measured)
    torch.testing.assert_close(scaled_m, factor * found_m)
