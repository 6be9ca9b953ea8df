# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Depth is unknown where nothing supports it, and what it was everywhere else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import torch

from promptda_ros.core.prompt.prompt import find_measured
from promptda_ros.core.restore.anchoring import DevicePrompt
from promptda_ros.core.restore.unknown import without_unknown
from promptda_ros.core.settings.depth import PromptSettings

CPU = torch.device('cpu')
SIZE = (24, 32)


def prompt_of(sensor_m: np.ndarray, max_fill_distance: float) -> DevicePrompt:
    """Return the prompt of sensor depth at its own size."""
    settings = PromptSettings(max_fill_distance=max_fill_distance, min_valid_fraction=0.0)
    return DevicePrompt.of(find_measured(sensor_m, settings, max(SIZE)), CPU)


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.95), st.booleans(), st.booleans())
def test_only_what_nothing_supports_is_lost(seed, hole_share, has_infinite, drop_saturated):
    random = np.random.default_rng(seed)
    sensor_m = random.uniform(0.5, 1.5, SIZE).astype(np.float32)
    sensor_m[random.random(SIZE) < hole_share] = np.nan
    sensor_m[0, 0] = 1.0
    if has_infinite:
        sensor_m[-4:, -4:] = np.inf
    prompt = prompt_of(sensor_m, 0.04)
    saturated = torch.from_numpy(random.random(SIZE) < 0.2)
    depth_m = torch.full(SIZE, 1.0)
    found_m = without_unknown(depth_m, prompt, saturated, drop_saturated=drop_saturated).numpy()
    may_be_lost = np.zeros(SIZE, np.bool_)
    for mask in (prompt.prompt.unsupported, prompt.prompt.blocked):
        may_be_lost |= False if mask is None else mask
    if drop_saturated:
        may_be_lost |= saturated.numpy() & ~np.isfinite(sensor_m)
    np.testing.assert_array_equal(np.isnan(found_m), may_be_lost)
    assert not torch.isnan(depth_m).any()


def test_depth_that_the_sensor_supports_everywhere_is_not_copied():
    prompt = prompt_of(np.ones(SIZE, np.float32), 1.0)
    depth_m, nowhere = torch.ones(SIZE), torch.zeros(SIZE, dtype=torch.bool)
    assert without_unknown(depth_m, prompt, nowhere, drop_saturated=True) is depth_m


def test_around_a_rejected_measurement_depth_is_unknown():
    sensor_m = np.ones((48, 64), np.float32)
    sensor_m[10, 20] = 9.0
    prompt = DevicePrompt.of(find_measured(sensor_m, PromptSettings(), 64), CPU)
    nowhere = torch.zeros(48, 64, dtype=torch.bool)
    found_m = without_unknown(torch.ones(48, 64), prompt, nowhere, drop_saturated=False)
    expected = np.zeros((48, 64), np.bool_)
    expected[9:12, 19:22] = True
    np.testing.assert_array_equal(np.isnan(found_m.numpy()), expected)
