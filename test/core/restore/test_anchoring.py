# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.restore.anchoring, and of the estimator where there is an anchor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
import torch
from torch import Tensor
import torch.nn.functional as F

from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import BadFrame, Frame
from promptda_ros.core.frame_sizes import HELD_PIXELS
from promptda_ros.core.prompt.prompt import find_measured
from promptda_ros.core.restore.anchoring import reduced, without_repeats
from promptda_ros.core.settings.depth import OutputSettings, PromptSettings

CPU = torch.device('cpu')
PROMPT, OUTPUT = PromptSettings(), OutputSettings()


class FlatNetwork:
    """Answers 2 m everywhere."""

    patch_px = 14

    def __call__(self, pixels: Tensor, prompt_m: Tensor, /) -> Tensor:
        return torch.full((len(pixels), *pixels.shape[2:]), 2.0)


def interpolate(pixels: Tensor, prompt_m: Tensor, measured: Tensor, network_m: Tensor) -> Tensor:
    """Be an anchor that takes nothing but the sensor."""
    return F.interpolate(prompt_m, pixels.shape[2:], mode='bilinear')


def estimator(anchor: Callable[..., Any] | None = interpolate) -> Estimator:
    return Estimator(FlatNetwork(), device=CPU, anchor=anchor)


def noise_m(rows: int, columns: int) -> np.ndarray:
    """Return depth of 1 to 1.5 m, another one in every pixel."""
    return np.random.default_rng(0).uniform(1, 1.5, (rows, columns)).astype(np.float32)


def frame_of(sensor_depth_m: np.ndarray, height: int = 96, width: int = 128) -> Frame:
    image = np.full((height, width, 3), 90, np.uint8)
    return Frame(stamp_ns=1, frame_id='camera', image=image, sensor_depth_m=sensor_depth_m)


def test_an_anchor_sees_a_fine_sensor_at_its_own_size():
    """The network is shown 256 pixels at most."""
    sensor_m = noise_m(480, 640)
    depth = estimator().estimate(frame_of(sensor_m, 480, 640), PROMPT, OUTPUT)
    np.testing.assert_allclose(depth.depth_m, sensor_m, rtol=1e-5)
    assert depth.prompt.depth_m.shape == (480, 640)


def test_without_an_anchor_the_surface_residual_holds_depth():
    frame = frame_of(noise_m(48, 64))
    none = estimator(None).estimate(frame, PROMPT, OUTPUT)
    surface = estimator().estimate(frame, PROMPT, OutputSettings(anchor='surface'))
    np.testing.assert_array_equal(none.depth_m, surface.depth_m)
    np.testing.assert_allclose(np.median(none.depth_m), 1.25, atol=0.05)  # the network says 2 m


@pytest.mark.setting('output.anchor')
def test_with_the_anchor_off_the_network_answers_alone():
    """And no sensor is prepared at its own size for nothing."""
    frame, off = frame_of(noise_m(480, 640), 480, 640), OutputSettings(anchor='off')
    assert estimator().prepare(frame, PROMPT, off).own is None
    depth = estimator().estimate(frame, PROMPT, replace(off, drop_saturated=False))
    np.testing.assert_array_equal(depth.depth_m, 2.0)
    assert depth.prompt.depth_m.shape == (192, 256)


def test_an_anchor_may_leave_the_range_of_the_prompt():
    depth = estimator(lambda *inputs: 3 * interpolate(*inputs)).estimate(
        frame_of(noise_m(48, 64)), PROMPT, OUTPUT
    )
    assert np.isfinite(depth.depth_m).all()
    assert not depth.saturated.any()


@pytest.mark.parametrize('bad', [np.nan, np.inf, 0.0, -1.0])
def test_an_anchor_that_gives_no_depth_is_refused(bad):
    def spoilt(*inputs: Tensor) -> Tensor:
        depth_m = interpolate(*inputs)
        depth_m[..., 3, 4] = bad
        return depth_m

    with pytest.raises(BadFrame) as refused:
        estimator(spoilt).estimate(frame_of(noise_m(48, 64)), PROMPT, OUTPUT)
    assert refused.value.reason == 'model_output'


@pytest.mark.setting('output.fuse')
def test_measurements_are_kept_where_asked():
    sensor_m = noise_m(48, 64)
    sensor_m[:10, :10] = np.nan
    wide = estimator(lambda *inputs: 1.1 * interpolate(*inputs))
    keep = OutputSettings(fuse='keep_measured')
    depth = wide.estimate(frame_of(sensor_m, 480, 640), PROMPT, keep)
    centres_m = depth.depth_m[5::10, 5::10]
    measured = np.isfinite(sensor_m)
    np.testing.assert_array_equal(centres_m[measured], sensor_m[measured])
    plain = wide.estimate(frame_of(sensor_m, 480, 640), PROMPT, OUTPUT)
    rest = np.ones((480, 640), bool)
    rest[5::10, 5::10] = False
    np.testing.assert_array_equal(depth.depth_m[rest], plain.depth_m[rest])


def test_large_images_are_anchored_at_a_size_that_the_machine_can_take():
    sizes = []

    def noted(pixels: Tensor, *others: Tensor) -> Tensor:
        sizes.append(pixels.shape[2:].numel())
        return interpolate(pixels, *others)

    depth = estimator(noted).estimate(frame_of(noise_m(48, 64), 1080, 1440), PROMPT, OUTPUT)
    assert depth.depth_m.shape == (1080, 1440)
    assert sizes[0] == pytest.approx(HELD_PIXELS, rel=0.01)


@given(st.integers(4, 9), st.integers(4, 9), st.integers(1, 5), st.integers(1, 5), st.booleans())
def test_zones_that_a_driver_repeats_count_once(rows, columns, tall, wide, has_hole):
    zones_m = noise_m(rows, columns)
    if has_hole:
        zones_m[1, 2] = np.nan
    blocks_m = zones_m.repeat(tall, axis=0).repeat(wide, axis=1)
    np.testing.assert_array_equal(without_repeats(blocks_m), zones_m)


def test_a_wall_is_no_single_zone():
    wall_m = np.ones((48, 64), np.float32)
    assert without_repeats(wall_m).shape == (48, 64)


def test_the_network_is_shown_the_same_measurements_at_its_own_size():
    sensor_m = noise_m(480, 640)
    sensor_m[:100] = np.nan
    fine = find_measured(sensor_m, PROMPT, 640)
    small = reduced(fine, 256).kept
    expected = find_measured(sensor_m, PROMPT, PROMPT.max_long_side).kept
    np.testing.assert_array_equal(small.measured, expected.measured)
    np.testing.assert_allclose(
        small.depth_m[small.measured], expected.depth_m[small.measured], rtol=1e-5
    )
