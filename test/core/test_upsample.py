# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Upsampling invents no depth: every pixel lies among the four network pixels around it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
import torch
from torch import Tensor

from promptda_ros.core import upsample as upsampling
from promptda_ros.core.upsample import upsample_guided, upsample_on_device

SURFACE_STEP = 0.02
GREY = 0.5


def upsample(depth_m: Tensor, size: tuple[int, int], *, grey=None, guide=None) -> Tensor:
    """Upsample under one grey level, or under those that are given."""
    grey = torch.full(depth_m.shape, GREY) if grey is None else grey
    guide = torch.full(size, GREY) if guide is None else guide
    return upsample_guided(
        depth_m,
        255 * grey.expand(3, *grey.shape),
        255 * guide[..., None].expand(*guide.shape, 3),
        surface_step=SURFACE_STEP,
    )


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
def scenes(draw: st.DrawFn) -> tuple[Tensor, Tensor, Tensor]:
    """Depth (h, w) with steps of any size, grey (h, w) and a guide (H, W) at least as large."""
    height, width = draw(sides), draw(sides)
    target = (height + draw(st.integers(0, 40)), width + draw(st.integers(0, 40)))
    random = np.random.default_rng(draw(seeds))
    near_m, far_m = sorted(draw(st.tuples(*[st.floats(0.001, 1000.0)] * 2)))
    levels_m = random.uniform(near_m, far_m, draw(st.integers(1, 9))).clip(near_m, far_m)
    depth_m = random.choice(levels_m, (height, width))
    arrays = (depth_m, random.random((height, width)), random.random(target))
    depth_m, grey, guide = (torch.from_numpy(array.astype(np.float32)) for array in arrays)
    return depth_m, grey, guide


@given(scenes())
def test_no_value_lies_outside_its_four_corners(scene):
    depth_m, grey, guide = scene
    found_m = upsample(depth_m, guide.shape, grey=grey, guide=guide)
    assert found_m.shape == guide.shape
    assert found_m.dtype == torch.float32
    corners_m = corners_of(depth_m, guide.shape)
    low_m, high_m = corners_m.min(dim=0).values, corners_m.max(dim=0).values
    assert (found_m >= low_m * (1 - 1e-5)).all()
    assert (found_m <= high_m * (1 + 1e-5)).all()


@given(scenes())
def test_every_value_lies_on_the_surface_of_one_corner(scene):
    """Nothing floats between surfaces: some corner is at most one surface step away."""
    depth_m, grey, guide = scene
    found_m = upsample(depth_m, guide.shape, grey=grey, guide=guide)
    corners_m = corners_of(depth_m, guide.shape)
    nearest = ((corners_m - found_m).abs() / corners_m).min(dim=0).values
    assert (nearest <= SURFACE_STEP * (1 + 1e-3)).all()


@given(
    st.integers(3, 20),
    st.integers(0, 3),
    st.floats(0.1, 5.0),
    st.floats(1.1, 10.0),
    st.integers(20, 90),
)
def test_a_step_edge_has_no_depth_in_between(width, edge, near_m, ratio, target):
    depth_m = torch.full((4, width), near_m * ratio)
    depth_m[:, : min(edge, width)] = near_m
    values = set(depth_m.unique().tolist())
    found_m = upsample(depth_m, (9, target)).unique()
    distances = [min(abs(found / value - 1) for value in values) for found in found_m.tolist()]
    assert max(distances) < 1e-6


def test_the_nearest_and_the_farthest_surface_may_meet():
    """Differences of float32 lose what is small: 1 mm beside 1 km."""
    depth_m = torch.tensor([[1000.0, 0.001], [0.001, 1000.0]])
    found_m = upsample(depth_m, (8, 8))
    is_near = found_m < 1.0
    torch.testing.assert_close(found_m, torch.where(is_near, 0.001, 1000.0), rtol=1e-6, atol=0)
    assert 0 < is_near.float().mean() < 1


@pytest.mark.parametrize('edge_px', range(39, 46))
def test_an_edge_follows_the_colour_inside_a_network_pixel(edge_px):
    """The image knows better than the network's grid where an object ends."""
    depth_m, grey = torch.full((4, 12), 1.0), torch.full((4, 12), 0.9)
    depth_m[:, :6], grey[:, :6] = 0.5, 0.2  # network pixels 5 and 6 see pixels 38 and 45
    guide, expected_m = torch.full((28, 84), 0.9), torch.full((28, 84), 1.0)
    guide[:, :edge_px], expected_m[:, :edge_px] = 0.2, 0.5
    found_m = upsample(depth_m, (28, 84), grey=grey, guide=guide)
    torch.testing.assert_close(found_m, expected_m, rtol=1e-6, atol=0)


def centres(size: int, target_size: int) -> Tensor:
    """Return where the target pixels look in the source; there is nothing beyond its rim."""
    return ((torch.arange(target_size) + 0.5) * size / target_size - 0.5).clamp(0, size - 1)


def slope(rows: Tensor, columns: Tensor) -> Tensor:
    """Return a plane that recedes to the lower right."""
    return 1.0 + 0.004 * rows[:, None] + 0.003 * columns[None, :]


@pytest.mark.parametrize('size', [(17, 23), (64, 64), (479, 641)])
def test_a_slope_stays_a_slope(size):
    """J2: away from the rim, where there is no second network pixel, a ramp is exact."""
    ramp_m = slope(torch.arange(16.0), torch.arange(20.0))
    expected_m = slope(centres(16, size[0]), centres(20, size[1]))
    torch.testing.assert_close(upsample(ramp_m, size), expected_m, atol=1e-6, rtol=0)


def test_depth_of_the_right_size_is_returned_untouched():
    depth_m = torch.rand(7, 9)
    assert upsample(depth_m, (7, 9)) is depth_m


@given(scenes(), st.sampled_from([0.25, 2.0, 1024.0]))
def test_a_scene_k_times_as_far_gives_depth_k_times_as_far(scene, factor):
    """Metric honesty: surfaces are told apart by share, not by metres."""
    depth_m, grey, guide = scene
    once = upsample(depth_m, guide.shape, grey=grey, guide=guide)
    scaled = upsample(depth_m * factor, guide.shape, grey=grey, guide=guide)
    torch.testing.assert_close(scaled, once * factor, rtol=0, atol=0)


@pytest.mark.parametrize('seed', range(4))
def test_both_ways_to_compute_it_give_the_same_depth(seed):
    """Which torch can show on a CPU for every other device."""
    random = np.random.default_rng(seed)
    levels_m = random.uniform(0.4, 2.0, (4, 5)).repeat(10, axis=0).repeat(10, axis=1)
    depth_m = torch.from_numpy(levels_m.astype(np.float32))
    colours = torch.from_numpy(random.integers(0, 256, (3, 40, 50), np.uint8))
    image = torch.from_numpy(random.integers(0, 256, (90, 120, 3), np.uint8))
    at_edge = upsampling._cells_at_edges(depth_m, SURFACE_STEP)
    grey = upsampling._grey(colours)
    expected_m = upsample_on_device(depth_m, grey, image, at_edge, SURFACE_STEP)
    found_m = upsample_guided(depth_m, colours, image, surface_step=SURFACE_STEP)
    # Where two corners weigh the same but for rounding, either may be the surface.
    assert ((found_m - expected_m).abs() > 1e-4).float().mean() < 0.001
