# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The networks of the suite: the published shapes with random weights, or a folder's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
import tempfile
from typing import Any

import torch
from torch import nn

from promptda_ros.core.estimator import Estimator
from promptda_ros.core.fused.proved import PROVED
from promptda_ros.network import (
    load_network,
    PromptDepthAnythingConfig,
    PromptDepthAnythingForDepthEstimation,
)
from promptda_ros.network.engines.compiled import CompiledNetwork, SIZES_AT_MOST
from promptda_ros.network.engines.cuda_graph import CudaGraphs, timed_kernels
from promptda_ros.network.engines.folded import fold, FoldedNetwork
from promptda_ros.network.engines.precision import Precision
from promptda_ros.network.pixels import IMAGENET_MEAN, IMAGENET_STD

Size = tuple[int, int]
CPU = torch.device('cpu')
REASON_SHOWN = 60  # characters
# What a row is called whose compiler failed.
FAILED = {CudaGraphs.name: 'eager: graph failed'}


@dataclass(frozen=True)
class Shape:
    """A network's shape: DINOv2's, the layers asked for, channels of the neck and the fusion."""

    backbone: str | dict[str, int]
    out_indices: tuple[int, ...]
    neck: tuple[int, ...]
    fusion: int


SHAPES = {
    'S': Shape('facebook/dinov2-small', (3, 6, 9, 12), (48, 96, 192, 384), 64),
    'B': Shape('facebook/dinov2-base', (3, 6, 9, 12), (96, 192, 384, 768), 128),
    'L': Shape('facebook/dinov2-large', (5, 12, 18, 24), (256, 512, 1024, 1024), 256),
}
TINY = Shape(
    {'hidden_size': 48, 'num_hidden_layers': 4, 'num_attention_heads': 2, 'image_size': 70},
    (1, 2, 3, 4),
    (8, 12, 16, 20),
    12,
)
# Floating point operations of one image in units of 1e9, counted by torch's FlopCounterMode on the
# network before folding, which needs a few less.
GFLOP: dict[tuple[str, Size], float] = {
    ('S', (378, 504)): 78,
    ('S', (518, 686)): 173,
    ('S', (756, 1008)): 520,
    ('B', (378, 504)): 268,
    ('B', (518, 686)): 557,
    ('B', (756, 1008)): 1490,
    ('L', (378, 504)): 937,
    ('L', (518, 686)): 1897,
    ('L', (756, 1008)): 4860,
}


def make(
    shape: Shape, folder: Path | None = None, *, device: torch.device = CPU
) -> PromptDepthAnythingForDepthEstimation:
    """Return a network in float32 on the device: of a folder, else with random weights."""
    if folder:
        return load_network(folder).to(device)
    asked: dict[str, Any] = {'out_indices': shape.out_indices, 'reshape_hidden_states': False}
    given: dict[str, Any] = (
        {'backbone': shape.backbone, 'backbone_kwargs': asked}
        if isinstance(shape.backbone, str)
        else {'backbone_config': {**shape.backbone, **asked}}
    )
    config = PromptDepthAnythingConfig(
        **given,
        reassemble_hidden_size=hidden_size(shape),
        neck_hidden_sizes=shape.neck,
        fusion_hidden_size=shape.fusion,
        depth_estimation_type='metric',
    )
    with device:  # a card draws the weights of L in a moment, a CPU in half a minute
        network = PromptDepthAnythingForDepthEstimation(config).eval()
        _draw_weights(network)
    return network


@torch.no_grad()
def _draw_weights(network: nn.Module) -> None:
    """Draw weights that keep the size of signals from layer to layer.

    With those that training starts from, all depth is the middle of the prompt's range, and no
    error would show.
    """
    for module in network.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            nn.init.normal_(module.weight, std=module.weight[0].numel() ** -0.5)
        elif isinstance(module, nn.ConvTranspose2d):  # as large as its stride: no pixels overlap
            nn.init.normal_(module.weight, std=module.in_channels**-0.5)


def hidden_size(shape: Shape) -> int:
    """Return the channels of a token."""
    if isinstance(shape.backbone, dict):
        return shape.backbone['hidden_size']
    return {'small': 384, 'base': 768, 'large': 1024}[shape.backbone.rpartition('-')[2]]


def folded(
    network: PromptDepthAnythingForDepthEstimation, device: torch.device, precision: Precision
) -> FoldedNetwork:
    """Fold a network that is on the device."""
    with device:
        return fold(network, image_mean=IMAGENET_MEAN, image_std=IMAGENET_STD, precision=precision)


def estimator(
    network: PromptDepthAnythingForDepthEstimation, device: torch.device, precision: Precision
) -> Estimator:
    """Return what the node runs without compiling, for images that are not made smaller.

    What `load_model` compiles beyond graphs takes a minute for each size: see `chosen.py`.
    """
    plain = folded(network, device, precision)
    runs = (
        CompiledNetwork(plain, CudaGraphs(timed_kernels), CudaGraphs())
        if device.type == 'cuda'
        else plain
    )
    return Estimator(runs, device=device, resolution='full', space=plain.space)


def record(estimator: Estimator, run: Callable[[], object]) -> None:
    """Let what compiles do so for the sizes of a run, as the node does after a frame."""
    compiled = _compiled(estimator)
    for each in compiled:
        if each.problem or each.sizes >= SIZES_AT_MOST:  # or these sizes would stay eager
            each.forget()
    run()
    for each in compiled:
        each.compile_missed()
        if each.problem:
            print(each.problem, flush=True)


def remark(estimator: Estimator) -> str:
    """Say what runs in place of what was to run: rows are named by it."""
    is_slow = estimator.device.type == 'cuda' and estimator.device not in PROVED
    said = ['no fused kernels'] if is_slow else []
    for each in _compiled(estimator):
        if each.problem:
            said.append(FAILED.get(each.name, f'{each.name} failed'))
            continue
        said += [reason[:REASON_SHOWN] for reason in each.refused]
    return ', '.join(dict.fromkeys(said))


def _compiled(estimator: Estimator) -> list[CompiledNetwork]:
    both = estimator.network, estimator.anchor
    return [each for each in both if isinstance(each, CompiledNetwork)]


def hugging_face(network: PromptDepthAnythingForDepthEstimation) -> nn.Module:
    """Return the network of transformers with the same weights, in float32 on the CPU."""
    from transformers import PromptDepthAnythingForDepthEstimation as Theirs
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    with tempfile.TemporaryDirectory() as folder:
        network.save_pretrained(folder)
        theirs: nn.Module = Theirs.from_pretrained(folder)
    return theirs.float().eval()
