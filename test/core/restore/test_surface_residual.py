# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.restore.surface_residual."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
import torch
from torch import Tensor

from promptda_ros.core.restore.anchoring import DevicePrompt
from promptda_ros.core.restore.surface_residual import surface_residual

SIZE = (60, 80)
WALL_M, BOX_M = 2.0, 1.0
BOX = slice(20, 40), slice(30, 60)
WALL_OFF, BOX_OFF = 1.03, 0.98  # by which the network is wrong


def scene(*, wall: float = 1.0, box: float = 1.0, size: tuple[int, int] = SIZE) -> Tensor:
    """Return a wall with a box before it (H, W), each times a factor."""
    depth_m = torch.full(SIZE, WALL_M * wall)
    depth_m[BOX] = BOX_M * box
    return depth_m[:: SIZE[0] // size[0], :: SIZE[1] // size[1]].clone()


def held(sensor_m: Tensor, network_m: Tensor, measured: Tensor | None = None) -> Tensor:
    measured = torch.ones_like(sensor_m) if measured is None else measured
    sensor = DevicePrompt(None, sensor_m[None, None], measured[None, None])
    return surface_residual(network_m, sensor, SIZE)


def inside(mask: tuple[slice, slice], by_px: int) -> tuple[slice, ...]:
    return tuple(slice(side.start + by_px, side.stop - by_px) for side in mask)


@pytest.mark.parametrize('size', [(12, 16), (60, 80)])
@pytest.mark.parametrize('network_size', [(30, 40), (60, 80)])
def test_every_surface_is_moved_by_its_own_error(size, network_size):
    network_m = scene(wall=WALL_OFF, box=BOX_OFF, size=network_size)
    found_m = held(scene(size=size), network_m)
    around = torch.ones(SIZE, dtype=torch.bool)
    around[inside(BOX, -3)] = False
    torch.testing.assert_close(found_m[around], torch.full_like(found_m[around], WALL_M))
    box_m = found_m[inside(BOX, 5)]
    torch.testing.assert_close(box_m, torch.full_like(box_m, BOX_M))


def test_a_hole_takes_the_error_of_its_own_surface():
    """Half of the box and the wall beside it were not measured."""
    measured = torch.ones(SIZE)
    measured[10:50, 45:] = 0
    sensor_m = scene()
    sensor_m[measured == 0] = 1.5  # whatever filled the hole
    found_m = held(sensor_m, scene(wall=WALL_OFF, box=BOX_OFF), measured)
    np.testing.assert_allclose(found_m[22:38, 46:58], BOX_M, rtol=2e-3)
    np.testing.assert_allclose(found_m[12:48, 64:], WALL_M, rtol=2e-3)


def test_nothing_measured_but_one_pixel_gives_the_level_of_all():
    measured = torch.zeros(SIZE)
    measured[5, 5] = 1
    found_m = held(torch.full(SIZE, 1.5), torch.full(SIZE, 1.4), measured)
    torch.testing.assert_close(found_m, torch.full(SIZE, 1.5))


seeds = st.integers(0, 2**32 - 1)
sides = st.tuples(st.integers(1, 40), st.integers(1, 40))


def drawn(seed: int, size: tuple[int, int], network_size: tuple[int, int]) -> tuple[Tensor, ...]:
    """Return a sensor, a network that has little to do with it, and what was measured."""
    random = torch.Generator().manual_seed(seed)
    sensor_m, network_m, measured = (
        torch.rand(*each, generator=random) for each in (size, network_size, size)
    )
    measured = (measured > 0.3).float()
    measured[0, 0] = 1
    return 0.5 + 3 * sensor_m, 0.2 + 5 * network_m, measured


@given(seeds, sides, sides)
def test_depth_stays_within_the_range_of_the_prompt(seed, size, network_size):
    sensor_m, network_m, measured = drawn(seed, size, network_size)
    found_m = held(sensor_m, network_m, measured)
    assert found_m.shape == SIZE
    assert (found_m >= sensor_m.min()).all()
    assert (found_m <= sensor_m.max()).all()


@given(seeds, sides, st.sampled_from([0.01, 0.3, 4.0, 100.0]))
def test_a_scene_k_times_as_far_gives_depth_k_times_as_far(seed, size, factor):
    sensor_m, network_m, measured = drawn(seed, size, (30, 40))
    once = held(sensor_m, network_m, measured)
    scaled = held(factor * sensor_m, factor * network_m, measured)
    torch.testing.assert_close(scaled, factor * once, rtol=1e-3, atol=0)


@given(seeds, sides)
def test_a_network_without_scale_gives_the_same_depth(seed, size):
    """Only its shape counts: what it is off by everywhere is taken out."""
    sensor_m, network_m, _ = drawn(seed, size, (30, 40))
    once, off = held(sensor_m, network_m), held(sensor_m, 1.3 * network_m)
    torch.testing.assert_close(once, off, rtol=1e-3, atol=0)
