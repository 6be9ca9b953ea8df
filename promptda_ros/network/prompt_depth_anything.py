# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Prompt Depth Anything: an image and a coarse depth prompt in, dense depth out.

Interface of transformers, architecture of "Prompting Depth Anything for 4K Resolution Accurate
Metric Depth Estimation" (arXiv 2412.14015).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn, Tensor

from promptda_ros.core.depth_space import DEPTH_SPACES, DepthSpace, METRES
from promptda_ros.network.config import PromptDepthAnythingConfig
from promptda_ros.network.dinov2 import Dinov2, Embeddings
from promptda_ros.network.dpt import DepthHead, Neck
from promptda_ros.network.output import DepthEstimatorOutput
from promptda_ros.network.pretrained import PretrainedNetwork

GRADIENT_WEIGHT = 0.5  # of the edge term in the training loss, section 3.4 of the paper


class PromptDepthAnythingForDepthEstimation(PretrainedNetwork):
    """The whole network. Made from a config its weights are random: load them or train them."""

    def __init__(self, config: PromptDepthAnythingConfig) -> None:
        super().__init__(config)
        self.backbone = Dinov2(config.dinov2)
        self.neck = Neck(config)
        self.head = DepthHead(config)
        self.init_weights()

    @torch.no_grad()
    def init_weights(self) -> None:
        """Draw every weight from a truncated normal; biases stay 0, norms and scales as built."""
        config = self.config
        for name, module in self.named_modules():
            inside = config.dinov2 if name.startswith('backbone') else config
            deviation = inside.initializer_range
            if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.trunc_normal_(module.weight, std=deviation)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            if isinstance(module, Embeddings):
                nn.init.trunc_normal_(module.cls_token, std=deviation)
                nn.init.trunc_normal_(module.position_embeddings, std=deviation)

    def forward(
        self,
        pixel_values: Tensor,
        prompt_depth: Tensor | None = None,
        labels: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> DepthEstimatorOutput | tuple[Any, ...]:
        """Predict depth (B, H', W') with H', W' rounded down to whole patches.

        pixel_values (B, 3, H, W), normalised. prompt_depth (B, 1, h, w) of any size and precision;
        where it is None the output is relative. labels (B, H', W'), NaN where unknown, ask for the
        loss. A body in half precision still gives float32 depth. Prompt, depth and loss are in
        metres, whatever config.depth_space is.
        """
        config = self.config
        grid = _patch_grid(pixel_values, config)
        tokens = self.backbone(
            pixel_values,
            keep_attentions=_chosen(output_attentions, config.output_attentions),
            keep_states=_chosen(output_hidden_states, config.output_hidden_states),
        )
        if prompt_depth is None:
            depth = self._decode(tokens.features, grid, None)
        else:
            space = DEPTH_SPACES[config.depth_space]
            prompt, near, span = normalise_prompt(prompt_depth, space)
            depth = space.to_metres(self._decode(tokens.features, grid, prompt) * span + near)
        depth = depth.squeeze(1)
        output = DepthEstimatorOutput(
            loss=None if labels is None else depth_loss(depth, labels),
            predicted_depth=depth,
            hidden_states=tokens.hidden_states,
            attentions=tokens.attentions,
        )
        return output if _chosen(return_dict, config.return_dict) else output.to_tuple()

    def _decode(
        self, features: tuple[Tensor, ...], grid: tuple[int, int], prompt: Tensor | None
    ) -> Tensor:
        if prompt is not None:
            prompt = prompt.to(features[0].dtype)
        side = self.config.patch_size
        depth: Tensor = self.head(
            self.neck(features, grid, prompt), (grid[0] * side, grid[1] * side)
        )
        return depth


def load_network(folder: Path | str, *, sha256: str = '') -> PromptDepthAnythingForDepthEstimation:
    """Load a folder in float32, ready for inference, or raise CheckpointError.

    `sha256`, where given, is compared with the bytes of the weights before they are parsed.
    """
    kind = PromptDepthAnythingForDepthEstimation
    network: PromptDepthAnythingForDepthEstimation = kind.from_pretrained(folder, sha256=sha256)
    return network


def normalise_prompt(
    prompt_depth: Tensor, space: DepthSpace = METRES
) -> tuple[Tensor, Tensor, Tensor]:
    """Scale each prompt (B, 1, h, w) to 0..1; return it with its minimum and span (B, 1, 1, 1).

    All of it in the network's space, in float32 or better. Only pixels that are finite there set
    the range. NaN becomes the minimum, infinity the nearer bound. A constant prompt becomes 0 with
    span 0. A prompt without a finite pixel stays NaN: no scale.
    """
    if prompt_depth.ndim != 4 or prompt_depth.shape[1] != 1:
        shape = tuple(prompt_depth.shape)
        raise ValueError(f'prompt_depth has shape {shape}, must be (batch, 1, height, width)')
    precise = prompt_depth.to(torch.promote_types(prompt_depth.dtype, torch.float32))
    prompt, image = space.from_metres(precise), (1, 2, 3)
    if torch.onnx.is_in_onnx_export():  # exported networks take prompts without holes
        near, far = prompt.amin(image, keepdim=True), prompt.amax(image, keepdim=True)
    else:
        unknown = ~prompt.isfinite()
        near = prompt.masked_fill(unknown, torch.inf).amin(image, keepdim=True)
        far = prompt.masked_fill(unknown, -torch.inf).amax(image, keepdim=True)
        prompt = torch.where(prompt.isnan(), near, prompt.clamp(near, far))
    span = far - near
    return (prompt - near) / torch.where(span > 0, span, torch.ones_like(span)), near, span


def depth_loss(depth: Tensor, labels: Tensor) -> Tensor:
    """Return the training loss of the paper, L1 + 0.5 x gradient, over labels that are finite."""
    if labels.shape != depth.shape:
        raise ValueError(
            f'labels have shape {tuple(labels.shape)}, must be that of the predicted depth '
            f'{tuple(depth.shape)}'
        )
    known = labels.isfinite()
    error = depth - torch.where(known, labels, depth)
    loss = _mean(error.abs(), known)
    for axis in (-2, -1):
        length = error.shape[axis] - 1
        both = known.narrow(axis, 0, length) & known.narrow(axis, 1, length)
        loss = loss + GRADIENT_WEIGHT * _mean(error.diff(dim=axis).abs(), both)
    return loss


def _mean(values: Tensor, known: Tensor) -> Tensor:
    return (values * known).sum() / known.sum().clamp(min=1)


def _chosen(asked: bool | None, default: bool) -> bool:
    return default if asked is None else asked


def _patch_grid(pixel_values: Tensor, config: PromptDepthAnythingConfig) -> tuple[int, int]:
    channels, side = config.dinov2.num_channels, config.patch_size
    shape = tuple(pixel_values.shape)
    if len(shape) != 4 or shape[1] != channels or min(shape[2:]) < side:
        raise ValueError(
            f'pixel_values has shape {shape}, must be (batch, {channels}, height, width) '
            f'with sides of at least {side} pixels'
        )
    return shape[2] // side, shape[3] // side
