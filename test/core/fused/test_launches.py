# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How often a frame launches a kernel outside the network, and how much memory they move."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import Frame, Intrinsics
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.fused import proved
from promptda_ros.core.fused.operator import LAUNCHES, NAMESPACE
from promptda_ros.core.geometry.transform import Transform
from promptda_ros.core.registration import register_depth
from promptda_ros.core.settings import build
from test.fake_cuda import fake_cuda, Traffic

MOST_LAUNCHES, MOST_BYTES = 20, 0.4e9
SIZE, SENSOR = (1440, 1920), (192, 256)
CAMERA = Intrinsics(1920, 1440, 1500.0, 1500.0, 960.0, 720.0)
BESIDE = Intrinsics(256, 192, 100.0, 100.0, 127.0, 95.0)
TO_CAMERA = Transform.of((0.05, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))
EVERYTHING = {
    'output.pcl_layout': True,
    'output.edge_filter': 'depth_and_points',
    'output.fuse': 'keep_measured',
    'prompt.max_fill_distance': 0.1,
    'workspace.roi': [10.0, 10.0, 500.0, 400.0],
    'workspace.box_min': [-0.5, -0.5, 0.1],
}


AT_NETWORK = {'output.resolution': 'network'}


class Network:
    """Has depth of the size of its pixels."""

    patch_px = 14

    def __call__(self, pixels: Tensor, prompt_m: Tensor) -> Tensor:
        """Return nothing that anybody computed."""
        return pixels.new_empty((len(pixels), *pixels.shape[2:]), dtype=torch.float32)


def frame() -> Frame:
    """Return an image with the depth of a sensor with holes, noise and pixels out of range."""
    rng = np.random.default_rng(0)
    sensor_m = (1 + rng.random(SENSOR)).astype(np.float32)
    sensor_m[rng.random(SENSOR) < 0.1] = np.nan
    sensor_m[20:30, 20:40], sensor_m[100, 100] = np.inf, 50.0
    return Frame(
        stamp_ns=1,
        frame_id='',
        image=np.zeros((*SIZE, 3), np.uint8),
        sensor_depth_m=sensor_m,
        mask=np.zeros(SIZE, np.bool_),
        intrinsics=CAMERA,
    )


def traffic_of(given: dict[str, Any], *, with_kernels: bool) -> Traffic:
    """Run a frame on a device without values."""
    settings, pair = build({'output.anchor': 'surface'} | given), frame()
    kernels = {f'{NAMESPACE}::{name}': count for name, count in LAUNCHES.items()}
    with fake_cuda(kernels) as cuda:
        proved.note(cuda.device, '' if with_kernels else 'left out')
        network = cuda.uncounted(Network())
        estimator = Estimator(network, device=cuda.device, resolution='full')
        with cuda.counted() as traffic:
            prepared = estimator.prepare(pair, settings.prompt, settings.output)
            assert prepared.pixels.shape[2:] == (756, 1008)
            depth = estimator.restore(prepared, *estimator.infer([prepared]), settings.output)
            outputs = FrameOutputs(pair, depth, settings)
            size = {'image': SIZE, 'network': (756, 1008)}[settings.output.resolution]
            assert outputs.points.shape[:2] == size
            assert outputs.image_depth.depth_m.shape == size
            register_depth(
                pair.sensor_depth_m, BESIDE, CAMERA, TO_CAMERA, max_long_side=256,
                device=cuda.device,
            )  # fmt: skip
    return traffic


@pytest.mark.parametrize(
    'given', [{}, EVERYTHING, {'output.anchor': 'off'}, EVERYTHING | AT_NETWORK]
)
def test_a_frame_launches_few_kernels_and_moves_little_memory(given):
    traffic = traffic_of(given, with_kernels=True)
    assert traffic.launches.total() <= MOST_LAUNCHES, traffic
    assert traffic.bytes.total() <= MOST_BYTES, traffic


def test_without_kernels_both_are_what_they_were():
    """So that the count above counts something."""
    traffic = traffic_of({}, with_kernels=False)
    assert traffic.launches.total() > 10 * MOST_LAUNCHES, traffic
    assert traffic.bytes.total() > 10 * MOST_BYTES, traffic
