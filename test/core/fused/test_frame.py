# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A whole frame with kernels is the frame without them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
import torch.nn.functional as F

from promptda_ros.core.depth_space import LOG
from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import Depth, Frame, Intrinsics
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.fused import proved
from promptda_ros.core.geometry.transform import Transform
from promptda_ros.core.registration import register_depth
from promptda_ros.core.settings import build

SIZE = (96, 128)
CAMERA = Intrinsics(128, 96, 110.0, 111.0, 62.0, 49.0)
CASES: dict[str, dict[str, Any]] = {
    'defaults': {},
    'off': {'output.anchor': 'off', 'output.edge_filter': 'off'},
    'kept': {'output.fuse': 'keep_measured', 'output.drop_saturated': False},
    'clean': {'output.edge_filter': 'depth_and_points', 'output.pcl_layout': True},
    'thin': {
        'output.stride': 3,
        'workspace.roi': [8.0, 4.0, 100.0, 0.0],
        'workspace.box_min': [-0.4, -0.3, 0.3],
        'prompt.max_fill_distance': 0.1,
    },
}


class Network:
    """Answers with its prompt, bent a little."""

    patch_px = 14

    def __call__(self, pixels: Tensor, prompt_m: Tensor) -> Tensor:
        """Return depth (1, h, w)."""
        depth_m = F.interpolate(prompt_m, pixels.shape[2:], mode='bilinear')[:, 0]
        return depth_m * (1 + 0.05 * torch.linspace(-1, 1, depth_m.shape[2]).to(depth_m))


def frame() -> Frame:
    """Return a box before a table, with holes and pixels out of range."""
    rng = np.random.default_rng(3)
    sensor_m = np.linspace(1.5, 0.8, 24, dtype=np.float32)[:, None].repeat(32, axis=1)
    sensor_m[8:16, 10:20] = 0.6
    sensor_m[rng.random(sensor_m.shape) < 0.1] = np.nan
    sensor_m[2:5, 25:29], sensor_m[20, 4] = np.inf, 30.0
    return Frame(
        stamp_ns=1,
        frame_id='',
        image=rng.integers(0, 256, (*SIZE, 3), np.uint8),
        sensor_depth_m=sensor_m,
        mask=rng.random(SIZE) < 0.1,
        intrinsics=CAMERA,
    )


@pytest.fixture(params=CASES)
def given(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return settings."""
    return CASES[request.param]


@pytest.fixture(params=['interpreted', pytest.param('on a card', marks=pytest.mark.gpu)])
def place(request: pytest.FixtureRequest, device: torch.device) -> Iterator[torch.device]:
    """Return the device; the tests on a card are marked as such."""
    if (request.param == 'on a card') != (device.type == 'cuda'):
        pytest.skip('no CUDA device' if device.type == 'cpu' else 'runs on the card')
    return device


def estimate(given: dict[str, Any], device: torch.device) -> tuple[Depth, FrameOutputs]:
    settings = build({'output.anchor': 'surface'} | given)
    estimator = Estimator(Network(), device=device, resolution='low', space=LOG)
    depth = estimator.estimate(frame(), settings.prompt, settings.output)
    return depth, FrameOutputs(frame(), depth, settings)


def same(found: np.ndarray, expected: np.ndarray) -> None:
    """Compare all but a few pixels, which rounding may put on the other side of a limit."""
    near = np.isclose(found, expected, rtol=1e-4, atol=1e-6, equal_nan=True)
    assert (~near).mean() < 2e-3


def test_a_frame_is_what_it_is_without_kernels(place, given):
    expected, outputs = estimate(given, place)
    same_points = outputs.points[..., :3], outputs.image_depth.depth_m
    proved.note(place, '')
    found, outputs = estimate(given, place)
    same(found.depth_m, expected.depth_m)
    same(found.saturated, expected.saturated)
    assert found.unexplained == pytest.approx(expected.unexplained, rel=1e-2, abs=1e-4)
    same(outputs.points[..., :3], same_points[0])
    same(outputs.image_depth.depth_m, same_points[1])


def test_registration_is_what_it_is_without_kernels(place):
    sensor = Intrinsics(32, 24, 28.0, 28.0, 15.0, 12.0)
    between = Transform.of((0.05, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))

    def registered() -> np.ndarray:
        depth_m = frame().sensor_depth_m
        return register_depth(depth_m, sensor, CAMERA, between, max_long_side=64, device=place)

    expected = registered()
    proved.note(place, '')
    same(registered(), expected)
