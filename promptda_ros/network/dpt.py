# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The depth decoder: tokens of four layers and the prompt, fused from coarse to fine.

After the dense prediction transformer (arXiv 2103.13413), with a prompt added at every scale
(arXiv 2412.14015). Attribute names are the keys of the published weights.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn, Tensor
from torch.nn import functional

from promptda_ros.network.config import PromptDepthAnythingConfig


class Neck(nn.Module):
    """Tokens of every asked layer -> one fused feature map."""

    def __init__(self, config: PromptDepthAnythingConfig) -> None:
        super().__init__()
        self.reassemble_stage = ReassembleStage(config)
        width = config.fusion_hidden_size
        self.convs = nn.ModuleList(
            nn.Conv2d(channels, width, 3, padding=1, bias=False)
            for channels in config.neck_hidden_sizes
        )
        self.fusion_stage = FusionStage(config)

    def forward(
        self, features: Sequence[Tensor], grid: tuple[int, int], prompt: Tensor | None
    ) -> Tensor:
        """Fuse tokens (B, 1 + h * w, C) on an (h, w) grid and a prompt (B, 1, H, W) or none."""
        maps = self.reassemble_stage(features, grid)
        maps = [conv(feature_map) for conv, feature_map in zip(self.convs, maps, strict=True)]
        fused: Tensor = self.fusion_stage(maps, prompt)
        return fused


class ReassembleStage(nn.Module):
    """Tokens of each layer -> maps of different sizes."""

    def __init__(self, config: PromptDepthAnythingConfig) -> None:
        super().__init__()
        width = config.reassemble_hidden_size
        self.layers = nn.ModuleList(
            ReassembleLayer(width, channels, factor)
            for channels, factor in zip(
                config.neck_hidden_sizes, config.reassemble_factors, strict=False
            )
        )

    def forward(self, features: Sequence[Tensor], grid: tuple[int, int]) -> list[Tensor]:
        """Lay tokens (B, 1 + h * w, C) out as maps, without the class token."""
        return [
            layer(_lay_out(tokens[:, 1:], grid))
            for layer, tokens in zip(self.layers, features, strict=True)
        ]


class ReassembleLayer(nn.Sequential):
    """One layer's map, projected and scaled up or down by a fixed factor.

    Turns (B, in_channels, h, w) into (B, channels, h * factor, w * factor).
    """

    def __init__(self, in_channels: int, channels: int, factor: float) -> None:
        super().__init__()
        self.projection = nn.Conv2d(in_channels, channels, 1)
        self.resize = _resize_layer(channels, factor)


class FusionStage(nn.Module):
    """Fuses the maps one by one, the coarsest first."""

    def __init__(self, config: PromptDepthAnythingConfig) -> None:
        super().__init__()
        width = config.fusion_hidden_size
        self.layers = nn.ModuleList(FusionLayer(width) for _ in config.neck_hidden_sizes)

    def forward(self, maps: Sequence[Tensor], prompt: Tensor | None) -> Tensor:
        """Fuse maps (fine to coarse) into one of twice the finest size."""
        coarse_to_fine = maps[::-1]
        height, width = maps[0].shape[2:]
        sizes = [finer.shape[2:] for finer in coarse_to_fine[1:]] + [(2 * height, 2 * width)]
        fused: Tensor = self.layers[0](coarse_to_fine[0], None, sizes[0], prompt)
        for layer, finer, size in zip(self.layers[1:], coarse_to_fine[1:], sizes[1:], strict=True):
            fused = layer(fused, finer, size, prompt)
        return fused


class FusionLayer(nn.Module):
    """Adds a finer map and the prompt to what is fused so far, then scales up."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.projection = nn.Conv2d(width, width, 1)
        self.residual_layer1 = ResidualLayer(width)
        self.residual_layer2 = ResidualLayer(width)
        self.prompt_depth_layer = PromptLayer(width)

    def forward(
        self, fused: Tensor, finer: Tensor | None, size: Sequence[int], prompt: Tensor | None
    ) -> Tensor:
        """Return (B, C, *size) from two maps (B, C, h, w) and a prompt (B, 1, H, W), or none."""
        if finer is not None:
            fused = fused + self.residual_layer1(finer)
        fused = self.residual_layer2(fused)
        if prompt is not None:
            seen = _resize(prompt, fused.shape[2:], align_corners=False)
            fused = fused + self.prompt_depth_layer(seen)
        projected: Tensor = self.projection(_resize(fused, size, align_corners=True))
        return projected


class ResidualLayer(nn.Module):
    """Two convolutions, each after a ReLU, added to their input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convolution1 = nn.Conv2d(width, width, 3, padding=1)
        self.convolution2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, feature_map: Tensor) -> Tensor:
        """Map (B, C, h, w) to (B, C, h, w)."""
        hidden = self.convolution1(functional.relu(feature_map))
        refined: Tensor = self.convolution2(functional.relu(hidden, inplace=True)) + feature_map
        return refined


class PromptLayer(nn.Sequential):
    """Three convolutions that turn the prompt (B, 1, h, w) into features (B, C, h, w)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convolution1 = nn.Conv2d(1, width, 3, padding=1)
        self.relu1 = nn.ReLU(inplace=True)
        self.convolution2 = nn.Conv2d(width, width, 3, padding=1)
        self.relu2 = nn.ReLU(inplace=True)
        self.convolution3 = nn.Conv2d(width, width, 3, padding=1)


class DepthHead(nn.Module):
    """Fused features -> one number per pixel: 0 to 1 where metric, 0 and up where relative."""

    def __init__(self, config: PromptDepthAnythingConfig) -> None:
        super().__init__()
        width = config.fusion_hidden_size
        self.conv1 = nn.Conv2d(width, width // 2, 3, padding=1)
        self.conv2 = nn.Conv2d(width // 2, config.head_hidden_size, 3, padding=1)
        self.conv3 = nn.Conv2d(config.head_hidden_size, 1, 1)
        self.activation = torch.sigmoid if config.depth_estimation_type == 'metric' else torch.relu

    def forward(self, fused: Tensor, size: tuple[int, int]) -> Tensor:
        """Return (B, 1, *size) from fused features (B, C, h, w), in float32 or better."""
        return self.predict(self.hidden(fused, size))

    def hidden(self, fused: Tensor, size: tuple[int, int]) -> Tensor:
        """Return the features (B, C, *size) of every pixel."""
        hidden = _resize(self.conv1(fused), size, align_corners=True)
        return functional.relu(self.conv2(hidden), inplace=True)

    def predict(self, hidden: Tensor) -> Tensor:
        """Return (B, 1, h, w) from the features (B, C, h, w) of every pixel, in float32 or better.

        Half precision here would step metres: 2 mm in float16, 16 mm in bfloat16 at 2 m.
        """
        weight, bias = self.conv3.weight, self.conv3.bias
        precise = torch.promote_types(hidden.dtype, torch.float32)
        assert bias is not None
        # Autocast, which training uses, would cast it down again.
        with torch.autocast(hidden.device.type, enabled=False):
            number = functional.conv2d(hidden.to(precise), weight.to(precise), bias.to(precise))
            return self.activation(number)


def _lay_out(tokens: Tensor, grid: tuple[int, int]) -> Tensor:
    batch, _, channels = tokens.shape
    return tokens.transpose(1, 2).reshape(batch, channels, *grid).contiguous()


def _resize_layer(channels: int, factor: float) -> nn.Module:
    if factor == 1:
        return nn.Identity()
    if factor > 1:
        return nn.ConvTranspose2d(channels, channels, int(factor), stride=int(factor))
    return nn.Conv2d(channels, channels, 3, stride=int(1 / factor), padding=1)


def _resize(feature_map: Tensor, size: Sequence[int], *, align_corners: bool) -> Tensor:
    return functional.interpolate(
        feature_map, size=list(size), mode='bilinear', align_corners=align_corners
    )
