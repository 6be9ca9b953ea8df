# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The decoder folded for inference: what is linear happens once, and where maps are small.

Maps are (B, C, H, W) with the channels last in memory, which is how tokens lie there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import nn, Tensor
from torch.nn import functional

from promptda_ros.network.dpt import DepthHead, FusionLayer, Neck, ReassembleLayer
from promptda_ros.network.engines.folded_backbone import keep, linear_map, Size

# The channel of ones comes with zeros around it: counts divisible by 8 suit every processor.
ONES = 8


class FoldedDecoder(nn.Module):
    """Tokens of every asked layer and the maps of a prompt -> depth in the prompt's range."""

    def __init__(self, neck: Neck, head: DepthHead) -> None:
        super().__init__()
        stages: Iterable[Any] = zip(neck.reassemble_stage.layers, neck.convs, strict=True)
        fusions: Iterable[Any] = neck.fusion_stage.layers
        self.stages: Any = nn.ModuleList(FoldedStage(layer, conv) for layer, conv in stages)
        # The first one to run takes the coarsest map, which is the last one.
        self.fusions: Any = nn.ModuleList(FoldedFusion(layer) for layer in fusions)
        self.head = deepcopy(head)

    def encode_prompt(self, prompt: Tensor, grid: Size) -> list[Tensor]:
        """Turn a prompt (B, 1, H, W) into one map for every fusion, coarse to fine."""
        pairs = zip(self.fusions, self._sizes(grid), strict=True)
        return [fusion.encode_prompt(prompt, size) for fusion, size in pairs]

    def forward(
        self, features: Sequence[Tensor], encoded: Sequence[Tensor], grid: Size, patch_px: int
    ) -> Tensor:
        """Return features (B, C, h * patch_px, w * patch_px); the head predicts from them."""
        pairs = zip(self.stages, features, strict=True)
        maps = [stage(tokens, grid) for stage, tokens in pairs][::-1]
        sizes = self._sizes(grid)
        height, width = sizes[-1]
        targets = [*sizes[1:], (2 * height, 2 * width)]
        fused = None
        for fusion, own, prompt, target in zip(self.fusions, maps, encoded, targets, strict=True):
            fused = fusion(fused, own, prompt, target)
        assert fused is not None
        return self.head.hidden(fused, (grid[0] * patch_px, grid[1] * patch_px))

    def _sizes(self, grid: Size) -> list[Size]:
        """Return the sizes of the maps, coarse to fine."""
        return [stage.size(grid) for stage in self.stages][::-1]


class FoldedStage(nn.Module):
    """One layer's tokens -> its map; a scaling up and the convolution after it are one."""

    def __init__(self, layer: ReassembleLayer, convolution: nn.Conv2d) -> None:
        super().__init__()
        projection, resize = layer.projection, layer.resize
        weight, bias = projection.weight.flatten(1), projection.bias
        assert bias is not None
        if isinstance(resize, nn.ConvTranspose2d):
            weight, bias = functional.pad(weight, (0, 0, 0, ONES)), functional.pad(bias, (0, ONES))
            bias[-ONES] = 1
            self.convolution: nn.Module = _merged(resize, convolution)
        else:
            self.convolution = nn.Sequential(deepcopy(resize), deepcopy(convolution))
        self.projection = linear_map(weight, bias)
        self.up = resize.stride[0] if isinstance(resize, nn.ConvTranspose2d) else 1
        self.down = resize.stride[0] if isinstance(resize, nn.Conv2d) else 1

    def forward(self, tokens: Tensor, grid: Size) -> Tensor:
        """Lay tokens (B, h * w, C) out as a map (B, channels, *self.size((h, w)))."""
        projected = self.projection(tokens).transpose(1, 2).unflatten(2, grid)
        laid_out: Tensor = self.convolution(projected)
        return laid_out

    def size(self, grid: Size) -> Size:
        """Return height and width of the map for an (h, w) grid of tokens."""
        height, width = ((side * self.up - 1) // self.down + 1 for side in grid)
        return height, width


class FoldedFusion(nn.Module):
    """Adds a map and the prompt to what is fused so far, then scales up."""

    def __init__(self, layer: FusionLayer) -> None:
        super().__init__()
        self.own = deepcopy(layer.residual_layer1)
        self.sum = deepcopy(layer.residual_layer2)
        self.prompt = deepcopy(layer.prompt_depth_layer)
        self.projection = deepcopy(layer.projection)

    def encode_prompt(self, prompt: Tensor, size: Size) -> Tensor:
        """Turn a prompt (B, 1, H, W) into what is added to a map of this size."""
        resized = functional.interpolate(prompt, size, mode='bilinear')
        features: Tensor = self.prompt(resized)
        return features

    def forward(
        self, coarser: Tensor | None, own: Tensor, encoded: Tensor, target: Size
    ) -> Tensor:
        """Return (B, C, *target) from three maps (B, C, h, w), the first of coarser layers."""
        fused = own if coarser is None else coarser + self.own(own)
        fused = self.sum(fused) + encoded
        # A 1x1 convolution and bilinear weights, which sum to one, commute: fewer pixels first.
        return functional.interpolate(
            self.projection(fused), target, mode='bilinear', align_corners=True
        )


def _merged(larger: nn.ConvTranspose2d, convolution: nn.Conv2d) -> nn.ConvTranspose2d:
    """Merge a scaling up by whole steps and the 3x3 convolution after it.

    A pixel of the small map reaches the pixels of its own block and those next to it. The bias
    between the two acts as one more input, a map of ones, since it ends where the map ends.
    """
    assert larger.bias is not None
    side = larger.stride[0]
    constant = larger.bias[None, :, None, None].expand(1, -1, side, side)
    zeros = constant.new_zeros(ONES - 1, *constant.shape[1:])
    blocks = torch.cat((larger.weight, constant, zeros))  # (C + ONES, middle, side, side)
    weight = functional.conv2d(blocks, convolution.weight, padding=2)
    channels, width = weight.shape[:2]
    with torch.device('meta'):
        merged = nn.ConvTranspose2d(channels, width, side + 2, side, padding=1, bias=False)
    merged.weight = keep(weight)
    return merged
