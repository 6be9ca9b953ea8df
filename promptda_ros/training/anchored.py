# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is trained: Prompt Depth Anything, or the anchor behind one that stays as it is."""

from __future__ import annotations

from functools import singledispatch
from pathlib import Path

import torch
from torch import nn, Tensor
import torch.nn.functional as F

from promptda_ros.network import (
    PromptDepthAnythingConfig,
    PromptDepthAnythingForDepthEstimation,
)
from promptda_ros.network.anchor import Anchor
from promptda_ros.network.anchor_file import save_anchor
from promptda_ros.network.pixels import IMAGENET_MEAN, IMAGENET_STD
from promptda_ros.training.examples import Batch

# Of an image of 640x480 the node shows the network about half the size on a CPU.
NETWORK_SCALE = 0.525


class Anchored(nn.Module):
    """An anchor, whose weights these are, behind a network whose weights these are not."""

    def __init__(self, anchor: Anchor, network: PromptDepthAnythingForDepthEstimation) -> None:
        super().__init__()
        self.anchor = anchor
        # In a tuple it is no part of this module: it is neither trained nor saved beside it.
        self._frozen = (network.eval().requires_grad_(False),)

    @property
    def network(self) -> PromptDepthAnythingForDepthEstimation:
        """The network that stays as it is."""
        return self._frozen[0]

    @property
    def config(self) -> PromptDepthAnythingConfig:
        """The shape of the network."""
        return self.network.config

    def forward(self, pixels: Tensor, prompt_m: Tensor, measured: Tensor) -> Tensor:
        """Predict metres (B, 1, H, W) of normalised pixels (B, 3, H, W)."""
        mean, deviation = (
            torch.tensor(each, device=pixels.device)[:, None, None]
            for each in (IMAGENET_MEAN, IMAGENET_STD)
        )
        network_m = self._network_m(pixels, prompt_m)
        depth_m: Tensor = self.anchor(
            255 * (pixels * deviation + mean), prompt_m, measured, network_m
        )
        return depth_m

    @torch.no_grad()
    def _network_m(self, pixels: Tensor, prompt_m: Tensor) -> Tensor:
        patch_px = self.network.config.patch_size
        patches = (max(1, round(side * NETWORK_SCALE / patch_px)) for side in pixels.shape[2:])
        size = [count * patch_px for count in patches]
        smaller = F.interpolate(pixels, size, mode='bilinear', antialias=True)
        output = self.network(pixel_values=smaller, prompt_depth=prompt_m)
        depth_m: Tensor = output.predicted_depth[:, None]
        return depth_m

    def save_pretrained(self, folder: Path) -> None:
        """Write a folder that the node loads: the network as it is, and the anchor."""
        self.network.save_pretrained(folder)
        save_anchor(self.anchor, folder)


@singledispatch
def predict(network: nn.Module, batch: Batch) -> Tensor:
    """Return metres (B, H, W) in the network's number format."""
    raise TypeError(f'{type(network).__name__} is nothing that is trained here')


@predict.register
def _(network: PromptDepthAnythingForDepthEstimation, batch: Batch) -> Tensor:
    output = network(pixel_values=batch.pixels, prompt_depth=batch.prompt_m)
    depth_m: Tensor = output.predicted_depth
    return depth_m


@predict.register
def _(network: Anchored, batch: Batch) -> Tensor:
    depth_m: Tensor = network(batch.pixels, batch.prompt_m, batch.measured)
    return depth_m[:, 0]
