# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The kernels of restore compute what torch does, whatever the sizes, holes and steps."""

from __future__ import annotations

from dataclasses import replace
import math

from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import numpy as np
import pytest
import torch
from torch import Tensor

from promptda_ros.core.depth_space import LOG, METRES
from promptda_ros.core.frame import Prompt, Reading
from promptda_ros.core.fused import restore
from promptda_ros.core.restore import by_torch
from promptda_ros.core.restore.anchoring import DevicePrompt

NEAR_M, FAR_M = 0.05, 40.0
seeds = st.integers(0, 2**32 - 1)
shares = st.sampled_from([0.0, 0.2, 0.95])
sensors = st.tuples(st.integers(3, 30), st.integers(3, 30))
larger = st.tuples(st.integers(14, 40), st.integers(14, 40))
few = settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])


def scene(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return surfaces with steps of any height, flat, slanted or of noise."""
    down, across = (np.linspace(0, 1, side)[:, None] for side in size)
    depth_m = rng.uniform(0.3, 3) + rng.uniform(0, 1) * down + rng.uniform(0, 1) * across.T
    for _ in range(rng.integers(0, 4)):
        top, left = rng.uniform(0, 0.8, 2)
        inside = (down > top) & (across.T > left) & (down < top + 0.4) & (across.T < left + 0.3)
        depth_m = np.where(inside, rng.uniform(NEAR_M, FAR_M), depth_m)
    noise = rng.choice([0.0, 0.01, 0.5]) * rng.standard_normal(size)
    return np.clip(depth_m * np.exp(noise), NEAR_M, FAR_M).astype(np.float32)


def prompt_of(size: tuple[int, int], hole_share: float, rng: np.random.Generator) -> Prompt:
    """Return a prompt with holes, and masks that may be none."""
    depth_m = scene(size, rng)
    measured = rng.random(size) >= hole_share
    measured[rng.integers(size[0]), rng.integers(size[1])] = True
    masks = [None if rng.random() < 0.3 else rng.random(size) < 0.1 for _ in range(2)]
    return Prompt(
        depth_m=depth_m,
        measured=measured,
        rejected=(rng.random(size) < 0.02) & ~measured,
        near_m=float(depth_m.min()),
        far_m=float(depth_m.max()),
        reading=Reading(depth_m, measured, beyond=masks[0]),
        unsupported=masks[1],
        blocked=masks[0],
    )


def on_device(prompt: Prompt, device: torch.device) -> DevicePrompt:
    depth_m, measured = (
        torch.from_numpy(each.astype(np.float32)).to(device)[None, None]
        for each in (prompt.depth_m, prompt.measured)
    )
    return DevicePrompt(prompt, depth_m, measured)


def same(found: Tensor, expected: Tensor, *, rtol: float = 1e-5) -> None:
    torch.testing.assert_close(found, expected, rtol=rtol, atol=1e-6, equal_nan=True)


def held_by_both(
    sensor: tuple[int, int], network: tuple[int, int], held: tuple[int, int], hole_share: float,
    seed: int, device: torch.device,
) -> tuple[float, float]:  # fmt: skip
    """Return how far depth is from float64 at most, as a share: by kernels and by torch."""
    rng = np.random.default_rng(seed)
    own = on_device(prompt_of(sensor, hole_share, rng), device)
    network_m = torch.from_numpy(scene(network, rng)).to(device)
    exactly = replace(own, depth_m=own.depth_m.double(), measured=own.measured.double())
    exact_m = by_torch.hold(network_m.double(), exactly, held)
    return tuple(
        float((each.hold(network_m, own, held) / exact_m - 1).abs().max())
        for each in (restore, by_torch)
    )


@few
@given(sensors, larger, larger, shares, seeds)
def test_depth_is_held_as_by_torch(device, sensor, network, held, hole_share, seed):
    """Or nearer to what float64 gives: beside extreme steps rounding is magnified."""
    off, off_by_torch = held_by_both(sensor, network, held, hole_share, seed, device)
    assert off <= max(1e-5, 4 * off_by_torch)


@pytest.mark.parametrize('sensor', [(1, 1), (2, 2), (1, 3), (3, 1), (5, 40), (17, 2)])
def test_sensors_of_few_pixels_hold_depth_too(device, sensor):
    off, off_by_torch = held_by_both(sensor, (14, 28), (12, 15), 0.7, 1, device)
    assert off <= max(1e-5, 4 * off_by_torch)


@few
@given(sensors, larger, seeds)
def test_saturated_pixels_are_those_of_torch(device, sensor, network, seed):
    rng = np.random.default_rng(seed)
    shown = on_device(prompt_of(sensor, 0.3, rng), device)
    network_m = torch.from_numpy(scene(network, rng)).to(device)
    ends = np.quantile(network_m.cpu(), rng.uniform(0, 0.5)), np.quantile(network_m.cpu(), 0.8)
    ends = tuple(map(float, ends))
    given = network_m, shown, ends, METRES
    found, limits, _ = restore.judge(*given)
    expected, expected_limits, _ = by_torch.judge(*given)
    assert torch.equal(found, expected)
    assert limits[0].min() == expected_limits[0]
    assert limits[1].max() == expected_limits[1]


@few
@given(sensors, larger, larger, st.booleans(), st.booleans(), st.floats(0, 1), seeds)
def test_depth_is_brought_to_the_image_as_by_torch(
    device, sensor, held, image, drops, keeps, saturated_share, seed
):
    rng = np.random.default_rng(seed)
    own = on_device(prompt_of(sensor, 0.3, rng), device)
    held_m = torch.from_numpy(scene(held, rng)).to(device)
    saturated = torch.from_numpy(rng.random((28, 42)) < saturated_share).to(device)
    # Where samples share a pixel, any of them may be kept.
    keeps = keeps and sensor[0] <= image[0] and sensor[1] <= image[1]
    given = held_m, saturated, own, image
    how = {'drop_saturated': drops, 'keeps_measured': keeps}
    found_m, limits = restore.finish(*given, **how)
    expected_m, expected_limits = by_torch.finish(*given, **how)
    # At the limit of a surface rounding decides between two pixels' depth.
    differs = ~torch.isclose(found_m, expected_m, rtol=1e-5, equal_nan=True)
    assert differs.sum() <= 1
    assert torch.equal(found_m.isnan(), expected_m.isnan())
    same(limits[0].min(), expected_limits[0])
    same(limits[1].max(), expected_limits[1])


@pytest.mark.parametrize('bad', [math.nan, math.inf, -math.inf])
def test_one_number_that_is_no_depth_shows_in_the_limits(device, bad):
    """C5: what the estimator refuses a frame by."""
    depth_m = torch.ones(30, 40, device=device)
    depth_m[20, 30] = bad
    own = on_device(prompt_of((6, 8), 0.0, np.random.default_rng(0)), device)
    saturated, limits, _ = restore.judge(depth_m, own, (0.5, 2.0), METRES)
    _, after = restore.finish(
        depth_m, saturated, own, (30, 40), drop_saturated=True, keeps_measured=False
    )
    for each in (limits, after):
        assert not (each.min() > 0 and each.max() < math.inf)


@pytest.mark.parametrize('space', [METRES, LOG], ids=['metres', 'log'])
@few
@given(sensors, larger, shares, seeds)
def test_cells_are_averaged_as_by_torch(device, space, sensor, network, hole_share, seed):
    rng = np.random.default_rng(seed)
    shown = on_device(prompt_of(sensor, hole_share, rng), device)
    network_m = torch.from_numpy(scene(network, rng)).to(device)
    found, expected = (
        each.judge(network_m, shown, (0.1, 9.0), space)[2] for each in (restore, by_torch)
    )
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
