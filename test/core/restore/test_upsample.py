# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Upsampling invents no depth: every pixel lies among those around it, on one surface."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
import torch
from torch import Tensor

from promptda_ros.core.geometry.camera import SURFACE_STEP
from promptda_ros.core.restore.upsample import upsample


def neighbours(size: int, target_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the two source pixels around the centre of every target pixel along one axis."""
    centres = (np.arange(target_size) + 0.5) * size / target_size - 0.5
    low = np.floor(np.clip(centres, 0, size - 1)).astype(int)
    return low, np.minimum(low + 1, size - 1)


def corners_of(depth_m: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the four source depths around every target pixel (4, H, W)."""
    rows, columns = (neighbours(depth_m.shape[axis], size[axis]) for axis in (0, 1))
    return torch.stack([depth_m[row][:, column] for row in rows for column in columns])


sides = st.integers(1, 24)
seeds = st.integers(0, 2**32 - 1)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Tensor, tuple[int, int]]:
    """Depth (h, w) with steps of any size, and a size (H, W) at least as large."""
    height, width = draw(sides), draw(sides)
    target = (height + draw(st.integers(0, 40)), width + draw(st.integers(0, 40)))
    random = np.random.default_rng(draw(seeds))
    near_m, far_m = sorted(draw(st.tuples(*[st.floats(0.001, 1000.0)] * 2)))
    levels_m = random.uniform(near_m, far_m, draw(st.integers(1, 9))).clip(near_m, far_m)
    depth_m = random.choice(levels_m, (height, width))
    return torch.from_numpy(depth_m.astype(np.float32)), target


@given(scenes())
def test_every_value_lies_among_its_corners_and_on_the_surface_of_one(scene):
    """Nothing floats between surfaces: some corner is at most half a surface step away."""
    depth_m, size = scene
    found_m = upsample(depth_m, size)
    assert found_m.shape == size
    assert found_m.dtype == torch.float32
    corners_m = corners_of(depth_m, size)
    low_m, high_m = corners_m.min(dim=0).values, corners_m.max(dim=0).values
    assert (found_m >= low_m * (1 - 1e-5)).all()
    assert (found_m <= high_m * (1 + 1e-5)).all()
    nearest = ((corners_m - found_m).abs() / corners_m).min(dim=0).values
    assert (nearest <= SURFACE_STEP / 2 * (1 + 1e-3)).all()


def test_the_nearest_and_the_farthest_surface_may_meet():
    """1 mm beside 1 km."""
    depth_m = torch.tensor([[1000.0, 0.001], [0.001, 1000.0]])
    found_m = upsample(depth_m, (8, 8))
    is_near = found_m < 1.0
    torch.testing.assert_close(found_m, torch.where(is_near, 0.001, 1000.0), rtol=1e-6, atol=0)
    assert is_near.float().mean() == 0.5


def centres(size: int, target_size: int) -> Tensor:
    """Return where the target pixels look in the source; there is nothing beyond its rim."""
    return ((torch.arange(target_size) + 0.5) * size / target_size - 0.5).clamp(0, size - 1)


def slope(rows: Tensor, columns: Tensor) -> Tensor:
    """Return a plane that recedes to the lower right."""
    return 1.0 + 0.004 * rows[:, None] + 0.003 * columns[None, :]


@pytest.mark.parametrize('size', [(17, 23), (64, 64), (479, 641)])
def test_a_slope_stays_a_slope(size):
    """J2: away from the rim, where there is no second pixel, a ramp is exact."""
    ramp_m = slope(torch.arange(16.0), torch.arange(20.0))
    expected_m = slope(centres(16, size[0]), centres(20, size[1]))
    torch.testing.assert_close(upsample(ramp_m, size), expected_m, atol=1e-6, rtol=0)


def test_depth_of_the_right_size_stays_as_it_is():
    depth_m = torch.rand(7, 9)
    assert torch.equal(upsample(depth_m, (7, 9)), depth_m)


@given(scenes(), st.sampled_from([0.25, 2.0, 1024.0]))
def test_a_scene_k_times_as_far_gives_depth_k_times_as_far(scene, factor):
    """Metric honesty: surfaces are told apart by share, not by metres."""
    depth_m, size = scene
    once, scaled = upsample(depth_m, size), upsample(depth_m * factor, size)
    torch.testing.assert_close(scaled, once * factor, rtol=0, atol=0)
