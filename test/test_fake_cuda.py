# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a frame does on a CUDA device, seen without one: where it waits, what it launches.

Tensors there have no values. Code that asks for one, and so would wait for a GPU, fails here.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
import runpy

import numpy as np
import pytest
import torch

from benchmarks.gpu_suite import networks
from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import Frame, Intrinsics
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.fused import proved
from promptda_ros.core.fused.operator import LAUNCHES, NAMESPACE
from promptda_ros.core.geometry.transform import Transform
from promptda_ros.core.registration import register_depth
from promptda_ros.core.settings import build
from promptda_ros.model_folders import model_folder
from promptda_ros.network import load_network
from promptda_ros.network.engines.folded import fold
from promptda_ros.network.engines.precision import FP16
from promptda_ros.network.pixels import IMAGENET_MEAN, IMAGENET_STD

fake_cuda = runpy.run_path(str(Path(__file__).with_name('fake_cuda.py')))['fake_cuda']
IMAGE, SENSOR = (1440, 1920), (192, 256)
PIXELS = IMAGE[0] * IMAGE[1]
TURNED = Transform.of((0.1, 0.0, -0.02), (0.0, 0.0, 0.6, 0.8))


class Flat:
    """A network without weights."""

    patch_px = 14

    def __call__(self, pixels, prompt_m):
        """Say that all is one metre away."""
        return prompt_m.new_ones(len(pixels), *pixels.shape[2:])


@pytest.fixture(params=['fused kernels'])
def cuda(request):
    """Return the device, on which what surrounds the network runs by kernels or by torch."""
    with fake_cuda({f'{NAMESPACE}::{name}': count for name, count in LAUNCHES.items()}) as device:
        proved.note(device.device, '' if request.param == 'fused kernels' else 'left out')
        yield device
        proved.note(device.device, 'a device without values')


BOTH = pytest.mark.parametrize('cuda', ['fused kernels', 'torch'], indirect=True)


@pytest.fixture
def estimator(cuda):
    """Return one whose network costs nothing."""
    return Estimator(cuda.uncounted(Flat()), device=cuda.device, resolution='full')


@cache
def random_network(name):
    """Make a network of a published shape that takes no memory."""
    nowhere = torch.device('meta')
    return networks.folded(networks.make(networks.SHAPES[name], device=nowhere), nowhere, FP16)


def estimator_of(name, cuda):
    if name != 'embedded':
        network = random_network(name).to_empty(device=cuda.device)
        return Estimator(cuda.uncounted(network), device=cuda.device, resolution='full')
    network = load_network(model_folder(build({}).model))
    folded = fold(network, image_mean=IMAGENET_MEAN, image_std=IMAGENET_STD).to(cuda.device)
    anchor = cuda.uncounted(network.anchor.anchor.to(cuda.device))
    return Estimator(
        cuda.uncounted(folded),
        device=cuda.device,
        resolution='full',
        space=folded.space,
        anchor=anchor,
    )


def make_frame(size=IMAGE, *, sensor=SENSOR, spoilt=False, mask=False):
    height, width = size
    slope_m = np.linspace(0.5, 3.5, sensor[0] * sensor[1], dtype=np.float32).reshape(sensor)
    if spoilt:
        slope_m[40:60, 30:80] = np.nan
        slope_m[20, 100] = 9.0
        slope_m[80:, :20] = np.inf
        slope_m[:9, 90:] = -np.inf
    return Frame(
        stamp_ns=1,
        frame_id='camera',
        image=np.zeros((*size, 3), np.uint8),
        sensor_depth_m=slope_m,
        mask=np.zeros(size, np.bool_) if mask else None,
        intrinsics=Intrinsics(width, height, width, width, width / 2, height / 2),
    )


def run(estimator, frame, settings, box_from_camera=None):
    """Take a frame through prepare, infer, restore; return what is made of it."""
    depth = estimator.estimate(frame, settings.prompt, settings.output)
    return FrameOutputs(frame, depth, settings, box_from_camera)


@pytest.mark.parametrize('name', ['S', 'B', 'L', 'embedded'])
def test_the_host_waits_for_depth_and_for_the_cloud_and_never_else(cuda, name):
    estimator, settings, frame = estimator_of(name, cuda), build({}), make_frame()
    with cuda.counted() as depths:
        outputs = run(estimator, frame, settings)
    with cuda.counted() as clouds:
        points = outputs.points

    assert (depths.waits, clouds.waits) == (1, 1), f'{depths}\n{clouds}'
    assert outputs.depth.depth_m.shape == IMAGE
    assert points.shape == (*IMAGE, 4)
    assert clouds.bytes_copied >= 16 * PIXELS


@pytest.mark.parametrize(
    'words',
    [
        {},
        {'output.edge_filter': 'off'},
        {'output.edge_filter': 'depth_and_points'},
        {'output.stride': 2},
        {'output.pcl_layout': True},
        {'output.drop_saturated': True},
        {'output.anchor': 'surface', 'output.fuse': 'keep_measured'},
        {'workspace.roi': [100.0, 50.0, 640.0, 480.0]},
        {'workspace.box_min': [-1.0, -1.0, 0.1], 'workspace.box_max': [1.0, 1.0, 2.0]},
        {'workspace.min_depth': 0.3, 'workspace.max_depth': 2.0},
    ],
    ids=lambda words: ', '.join(f'{name}={value}' for name, value in words.items()) or 'default',
)
@BOTH
def test_with_holes_strays_and_a_mask_nothing_else_is_waited_for(cuda, estimator, words):
    settings = build({'output.anchor': 'off', **words})
    frame = make_frame((480, 640), sensor=(96, 128), spoilt=True, mask=True)
    with cuda.counted() as traffic:
        outputs = run(estimator, frame, settings, TURNED)
        assert outputs.points.shape[2] in (4, 8)

    assert traffic.waits == 2, str(traffic)


@BOTH
def test_depth_for_a_sensor_as_large_as_the_image_waits_once(cuda, estimator):
    settings, size = build({}), (252, 336)
    with cuda.counted() as traffic:
        run(estimator, make_frame(size, sensor=size), settings)

    assert traffic.waits == 1, str(traffic)


@BOTH
def test_points_of_every_kind_are_made_of_what_is_on_the_device(cuda, estimator):
    settings = build({'output.edge_filter': 'depth_and_points', 'output.anchor': 'off'})
    outputs = run(estimator, make_frame((480, 640)), settings)
    with cuda.counted() as traffic:
        assert outputs.image_depth.depth_m.shape == (480, 640)
        assert outputs.dense.shape[1] == 4
        assert outputs.with_normals.shape[1] == 6

    assert traffic.waits == 2, str(traffic)


def test_a_batch_of_three_cameras_is_one_run_and_three_waits(cuda, estimator):
    settings = build({'output.anchor': 'off'})
    frames = [make_frame((480, 640)) for _ in range(3)]
    with cuda.counted() as traffic:
        prepared = [estimator.prepare(frame, settings.prompt, settings.output) for frame in frames]
        answers = estimator.infer(prepared)
        assert traffic.waits == 0
        for one, answer in zip(prepared, answers, strict=True):
            estimator.restore(one, answer, settings.output)

    assert traffic.waits == 3, str(traffic)


def test_registration_waits_once_for_depth(cuda):
    depth_m = np.full((480, 640), 1.5, np.float32)
    view = Intrinsics(640, 480, 500.0, 500.0, 320.0, 240.0)
    beside = Transform.of((0.05, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))
    with cuda.counted() as traffic:
        registered_m = register_depth(
            depth_m, view, view, beside, max_long_side=256, device=cuda.device
        )

    assert registered_m.shape == (192, 256)
    assert traffic.waits == 1, str(traffic)


def test_what_asks_the_device_for_a_value_fails(cuda):
    depth_m = torch.zeros(3, 4, device=cuda.device)
    for ask in (bool, float, torch.Tensor.tolist):
        with pytest.raises(RuntimeError):
            ask(depth_m.sum())


def test_kernels_and_their_bytes_are_counted_and_views_are_not(cuda):
    a, b = torch.zeros(2, 10, 100, device=cuda.device)
    with cuda.counted() as traffic:
        (a[:5] + b[:5]).t()  # reads two, writes one
        a.add_(b[:, :1])  # a column is read once
        a.masked_fill(b > 0, 1.0)

    assert traffic.launches == {'aten::add': 1, 'aten::add_': 1, 'aten::gt': 1} | {
        'aten::masked_fill': 2
    }
    assert traffic.bytes['aten::add'] == 3 * 500 * 4
    assert traffic.bytes['aten::add_'] == (1000 + 10 + 1000) * 4
    assert traffic.views > 0
    assert (traffic.copies, traffic.waits) == (0, 0)


def test_copies_are_counted_apart_and_those_that_wait_as_waits(cuda):
    host = torch.zeros(1000)
    with cuda.counted() as traffic:
        sent = host.to(cuda.device, non_blocking=True)
        sent.to('cpu', non_blocking=True)
        assert traffic.waits == 0
        assert sent.cpu().sum() == 1000  # ones come back
        host.copy_(sent)

    assert (traffic.copies, traffic.bytes_copied, traffic.waits) == (4, 16_000, 2)
    assert not traffic.launches
    assert host.sum() == 1000


def test_an_operator_of_our_own_counts_the_kernels_that_it_declares():
    @torch.library.custom_op('promptda_test::halve', mutates_args=())
    def halve(values: torch.Tensor) -> torch.Tensor:
        raise AssertionError('there are no values')

    halve.register_fake(torch.empty_like)
    with fake_cuda({'promptda_test::halve': 3}) as cuda, cuda.counted() as traffic:
        halve(torch.zeros(100, device=cuda.device))
    with fake_cuda() as cuda, cuda.counted(), pytest.raises(KeyError, match='does not say'):
        halve(torch.zeros(100, device=cuda.device))

    assert traffic.launches['promptda_test::halve'] == 3
    assert traffic.bytes['promptda_test::halve'] == 800
