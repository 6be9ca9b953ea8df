# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is timed: the node's estimator, and the network of transformers in several ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmarks.gpu_suite import networks
from benchmarks.gpu_suite.networks import Size
from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import ByteImage, FloatImage, Frame
from promptda_ros.core.settings.depth import OutputSettings, PromptSettings
from promptda_ros.network.pixels import IMAGENET_MEAN, IMAGENET_STD

PROMPT_SIZE = (192, 256)
Work = Callable[[], Tensor]  # metres (B, h, w) on the device


@dataclass(frozen=True)
class Batch:
    """Random inputs of one size."""

    images: list[ByteImage]  # each (h, w, 3)
    prompts_m: list[FloatImage]


def random_batch(random: np.random.Generator, count: int, size: Size) -> Batch:
    """Make images of noise and prompts that slope from some depth to another."""
    images = [random.integers(0, 256, (*size, 3), dtype=np.uint8) for _ in range(count)]
    prompts_m = []
    for _ in range(count):
        near, far = random.uniform(0.3, 1.5), random.uniform(2.0, 3.9)
        slope = np.linspace(near, far, np.prod(PROMPT_SIZE), dtype=np.float32)
        prompts_m.append(slope.reshape(PROMPT_SIZE))
    return Batch(images, prompts_m)


def ours(estimator: Estimator, batch: Batch) -> Work:
    """Return the network's part of what the node does with a batch."""
    alone = OutputSettings(anchor='off')
    prepared = [
        estimator.prepare(Frame(1, 'camera', image, prompt_m), PromptSettings(), alone)
        for image, prompt_m in zip(batch.images, batch.prompts_m, strict=True)
    ]

    def run() -> Tensor:
        return _together(estimator.infer(prepared))

    networks.record(estimator, run)
    return run


def theirs(network: torch.nn.Module, batch: Batch) -> Work:
    """Return a run of a network that takes normalised pixels, as that of transformers does."""
    parameter = next(network.parameters())
    pixels = torch.from_numpy(np.stack(batch.images)).permute(0, 3, 1, 2).float() / 255
    mean, deviation = torch.tensor([IMAGENET_MEAN, IMAGENET_STD])[:, :, None, None]
    pixels = ((pixels - mean) / deviation).to(parameter)
    prompts = torch.from_numpy(np.stack(batch.prompts_m))[:, None].to(parameter)

    @torch.inference_mode()
    def run() -> Tensor:
        output = network(pixel_values=pixels, prompt_depth=prompts)
        depth_m: Tensor = output.predicted_depth
        return depth_m

    return run


def _together(depths_m: list[Tensor]) -> Tensor:
    return depths_m[0][None] if len(depths_m) == 1 else torch.stack(depths_m)
