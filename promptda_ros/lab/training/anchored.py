# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is trained: a network, the anchor behind one that stays as it is, or both together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from pathlib import Path

import numpy as np
import torch
from torch import nn, Tensor
import torch.nn.functional as F

from promptda_ros.core.prompt.sensor_range import reduced_size
from promptda_ros.core.runtime.resolution import PIXELS_OF_RESOLUTION, scale_to
from promptda_ros.core.settings.depth import PromptSettings
from promptda_ros.lab.training.examples import Batch
from promptda_ros.lab.training.recipe import Recipe
from promptda_ros.network import PromptDepthAnythingConfig, PromptDepthAnythingForDepthEstimation
from promptda_ros.network.anchor import Anchor
from promptda_ros.network.files.anchor_file import save_anchor
from promptda_ros.network.pixels import IMAGENET_MEAN, IMAGENET_STD

# Of an image of 640x480 the node shows the network about half the size on a CPU.
NETWORK_SCALE = 0.525
OWN_SIZE_SHARE = 0.15  # of the steps, in which the network sees parts of pictures at their own
# Of the steps that train both, those in which the anchor has no network to ask: it would lean on
# one that changes.
ALONE_SHARE = 0.2
DRAWS = 7  # of the random numbers of a step, those of its turn


@dataclass(frozen=True)
class Turn:
    """How one step uses the network beside its anchor."""

    trains_network: bool
    asks_network: bool  # for the anchor
    own_size: bool  # the network sees parts of pictures at their own size

    @classmethod
    def of(cls, recipe: Recipe, step: int) -> Turn:
        """Draw the turn of a step; the step alone decides."""
        chances = np.random.default_rng((recipe.seed, step, DRAWS)).random(3)
        is_fixed = recipe.network_share == 0
        return cls(
            trains_network=bool(chances[0] < recipe.network_share),
            asks_network=is_fixed or bool(chances[1] >= ALONE_SHARE),
            own_size=bool(chances[2] < OWN_SIZE_SHARE),
        )


@dataclass(frozen=True)
class AnchorAnswer:
    """Depth, and what it is judged by, at its own size."""

    depth_m: Tensor  # (B, h, w)
    prompt_m: Tensor  # (B, 1, any, any)
    truth_m: Tensor  # (B, h, w), NaN unknown


class Anchored(nn.Module):
    """An anchor behind a network whose weights are frozen."""

    def __init__(self, anchor: Anchor, network: PromptDepthAnythingForDepthEstimation) -> None:
        super().__init__()
        self.anchor = anchor.train()
        # In a tuple it is no part of this module: it is neither trained nor saved beside it.
        self._beside = (network.eval().requires_grad_(False),)

    @property
    def network(self) -> PromptDepthAnythingForDepthEstimation:
        """The network behind which the anchor stands."""
        return self._beside[0]

    @property
    def config(self) -> PromptDepthAnythingConfig:
        """The shape of the network."""
        return self.network.config

    def forward(self, batch: Batch, network_m: Tensor | None) -> Tensor:
        """Predict metres (B, H, W); network_m (B, h, w), the network's answer if it was asked."""
        mean, deviation = (
            torch.tensor(each, device=batch.pixels.device)[:, None, None]
            for each in (IMAGENET_MEAN, IMAGENET_STD)
        )
        depth_m: Tensor = self.anchor(
            255 * (batch.pixels * deviation + mean),
            batch.prompt_m,
            batch.measured,
            None if network_m is None else network_m[:, None],
        )
        return depth_m[:, 0]

    def ask_network(self, batch: Batch, scale: float) -> AnchorAnswer:
        """Run the network at a scale of the images, in whole patches."""
        patch_px = self.config.patch_size
        patches = (max(1, round(side * scale / patch_px)) for side in batch.pixels.shape[2:])
        size = [count * patch_px for count in patches]
        prompt_m = _at_most(batch.prompt_m, PromptSettings().max_long_side)
        output = self.network(
            pixel_values=F.interpolate(batch.pixels, size, mode='bilinear', antialias=True),
            prompt_depth=prompt_m,
        )
        truth_m = F.interpolate(batch.truth_m[:, None], size, mode='nearest-exact')[:, 0]
        return AnchorAnswer(output.predicted_depth, prompt_m, truth_m)

    def save_pretrained(self, folder: Path) -> None:
        """Write a folder that the node loads: the network, and the anchor."""
        self.network.save_pretrained(folder)
        save_anchor(self.anchor, folder)


class Both(Anchored):
    """An anchor and its network, each trained by its own loss."""

    def __init__(self, anchor: Anchor, network: PromptDepthAnythingForDepthEstimation) -> None:
        super().__init__(anchor, network)
        self.trained = network.requires_grad_(True)


@singledispatch
def predict(network: nn.Module, _batch: Batch) -> Tensor:
    """Return metres (B, H, W) in the network's number format."""
    raise TypeError(f'{type(network).__name__} is nothing that is trained here')


@predict.register
def _(network: PromptDepthAnythingForDepthEstimation, batch: Batch) -> Tensor:
    output = network(pixel_values=batch.pixels, prompt_depth=batch.prompt_m)
    depth_m: Tensor = output.predicted_depth
    return depth_m


@predict.register
def _(network: Anchored, batch: Batch) -> Tensor:
    depth_m: Tensor = network(batch, network.ask_network(batch, _usual_scale(batch)).depth_m)
    return depth_m


@singledispatch
def answers(network: nn.Module, batch: Batch, _turn: Turn) -> list[AnchorAnswer]:
    """Return everything that one step trains by."""
    return [AnchorAnswer(predict(network, batch), batch.prompt_m, batch.truth_m)]


@answers.register
def _(network: Anchored, batch: Batch, turn: Turn) -> list[AnchorAnswer]:
    trained: list[AnchorAnswer] = []
    network_m = None
    if turn.trains_network or turn.asks_network:
        scale = 1.0 if turn.own_size and not _is_whole(batch) else NETWORK_SCALE
        with torch.set_grad_enabled(turn.trains_network):
            answer = network.ask_network(batch, scale)
        trained = [answer] if turn.trains_network else []
        network_m = answer.depth_m.detach() if turn.asks_network else None
    return [AnchorAnswer(network(batch, network_m), batch.prompt_m, batch.truth_m), *trained]


def _usual_scale(batch: Batch) -> float:
    """Return the scale at which the node shows pictures of this size to the network on a CPU."""
    height, width = batch.pixels.shape[2:]
    return scale_to(PIXELS_OF_RESOLUTION['low'], height, width)


def _is_whole(batch: Batch) -> bool:
    """Return whether pictures are too large for the network of a CPU."""
    return _usual_scale(batch) < 1


def _at_most(prompt_m: Tensor, long_side: int) -> Tensor:
    """Reduce prompts (B, 1, h, w) to what a network is shown."""
    size = prompt_m.shape[2:]
    if max(size) <= long_side:
        return prompt_m
    return F.interpolate(prompt_m, reduced_size(size, long_side), mode='area')
