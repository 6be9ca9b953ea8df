# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The kernels of registration show a second camera the depth that torch does."""

from __future__ import annotations

from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import numpy as np
import torch

from promptda_ros.core.frame import FloatImage, Intrinsics
from promptda_ros.core.fused import registration
from promptda_ros.core.geometry.inverse_depth import inverse_of_metres
from promptda_ros.core.geometry.reprojection import PinholeView, reduce_view, reproject
from promptda_ros.core.geometry.transform import Transform

sizes = st.tuples(st.integers(3, 40), st.integers(3, 50))
# Of pixels that lie half way between two samples rounding takes either.
SHARE_BEYOND = 0.02


def scene(size: tuple[int, int], rng: np.random.Generator) -> FloatImage:
    """Return two surfaces, noise, unknown pixels and some out of range."""
    down, across = (np.linspace(0, 1, side)[:, None] for side in size)
    depth_m = 1 + 0.5 * down + 0.2 * across.T
    depth_m[(down > rng.uniform(0, 1)) & (across.T > rng.uniform(0, 1))] = rng.uniform(0.2, 5)
    depth_m *= 1 + 0.003 * rng.standard_normal(size)
    for bad in (np.nan, np.inf, -np.inf, 0.0, -2.0):
        depth_m[rng.random(size) < 0.02] = bad
    return depth_m.astype(np.float32)


def camera(size: tuple[int, int], rng: np.random.Generator) -> Intrinsics:
    height, width = size
    focal_px = width * rng.uniform(0.6, 1.5)
    return Intrinsics(width, height, focal_px, focal_px * 1.01, width / 2.1, height / 1.9)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes, sizes, st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_a_second_camera_sees_what_it_sees_by_torch(device, size, grid_size, block, seed):
    rng = np.random.default_rng(seed)
    depth_m = torch.from_numpy(scene(size, rng)).to(device)
    sensor, grid = camera(size, rng), camera(grid_size, rng)
    turn = rng.uniform(-0.1, 0.1, 3)
    between = Transform.of(tuple(rng.uniform(-0.1, 0.1, 3)), (*turn, 1.0))
    view = reduce_view(PinholeView(inverse_of_metres(depth_m), sensor), block)
    expected = reproject(view, grid, between)
    found = registration.reproject(depth_m, sensor, grid, between, block)
    differs = ~torch.isclose(found, expected, rtol=1e-4)
    assert differs.float().mean() <= SHARE_BEYOND
