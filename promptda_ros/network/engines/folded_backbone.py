# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The backbone folded for inference: raw pixels in, fewer and larger products on the way."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import nn, Tensor
from torch.nn import functional

from promptda_ros.network.dinov2 import Dinov2, Embeddings, Layer, Mlp, SwiGlu
from promptda_ros.network.engines.precision import Precision

Size = tuple[int, int]  # height, width

KEPT_TABLES = 8  # position tables, one for every input size; a camera has one


class FoldedEmbeddings(nn.Module):
    """Patches as tokens, in float32; all that is added to them stands in one table."""

    def __init__(self, embeddings: Embeddings, *, gain: Tensor, shift: Tensor) -> None:
        super().__init__()
        projection: Any = embeddings.patch_embeddings['projection']
        weight, bias = projection.weight, projection.bias
        assert bias is not None
        self.patch_px = projection.kernel_size
        # weight * (pixels * gain + shift) + bias = (weight * gain) * pixels + offset
        self.weight = keep(weight * gain[:, None, None])
        self.offset = keep(bias + (weight * shift[:, None, None]).sum((1, 2, 3)))
        self.unfolded = deepcopy(embeddings)
        self._tables: dict[tuple[Size, torch.device], Tensor] = {}

    def forward(self, pixels: Tensor, grid: Size) -> Tensor:
        """Turn pixels (B, 3, H, W), 0 to 255, into tokens (B, 1 + h * w, C), the class first."""
        pixels = pixels.to(self.weight.dtype)
        patches = functional.conv2d(pixels, self.weight, stride=self.patch_px)
        tokens = patches.flatten(2).transpose(1, 2)
        return functional.pad(tokens, (0, 0, 1, 0)) + self.table(grid)

    def table(self, grid: Size) -> Tensor:
        """Return what is added to a row of zeros and (h, w) patches, (1, 1 + h * w, C)."""
        key = (grid, self.weight.device)
        if key not in self._tables:
            table = self._make_table(grid)
            if len(self._tables) == KEPT_TABLES:
                return table  # none is let go of: a CUDA graph may go on reading it
            self._tables[key] = table
        return self._tables[key]

    def _make_table(self, grid: Size) -> Tensor:
        table = self.unfolded.positions(*grid).clone()
        table[:, :1] += self.unfolded.cls_token
        table[:, 1:] += self.offset
        return table


class FoldedBackbone(nn.Module):
    """Runs the layers up to the last that is asked for, and keeps no other tokens."""

    def __init__(self, backbone: Dinov2) -> None:
        super().__init__()
        config = backbone.config
        self.asked = tuple(config.out_indices or ())
        layers: list[Any] = list(backbone.encoder.layer)[: max(self.asked)]
        self.layers = nn.ModuleList(FoldedLayer(layer) for layer in layers)
        self.norm = deepcopy(backbone.layernorm) if config.apply_layernorm else nn.Identity()

    def set_precision(self, precision: Precision) -> None:
        """Convert products and norms to their formats."""
        self.to(precision.products)
        self.norm.to(precision.tokens)
        layers: Any = self.layers
        for layer in layers:
            layer.norm1.to(precision.tokens)
            layer.norm2.to(precision.tokens)

    def forward(self, tokens: Tensor) -> list[Tensor]:
        """Return the patches (B, h * w, C) of every asked layer from tokens (B, 1 + h * w, C)."""
        features = [self.norm(tokens[:, 1:])] if 0 in self.asked else []
        for number, layer in enumerate(self.layers, start=1):
            tokens = layer(tokens)
            if number in self.asked:
                features.append(self.norm(tokens[:, 1:]))
        return features


class FoldedLayer(nn.Module):
    """One transformer layer of four products, where there were six and two scales."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.heads = layer.attention.heads
        parts: Any = layer.attention.attention
        self.norm1 = deepcopy(layer.norm1)
        self.query_key_value = _stacked([parts[name] for name in ('query', 'key', 'value')])
        output: Any = layer.attention.output['dense']
        self.output = _scaled(output, layer.layer_scale1.lambda1)
        self.norm2 = deepcopy(layer.norm2)
        self.mlp = _scaled_mlp(layer.mlp, layer.layer_scale2.lambda1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the next tokens (B, N, C)."""
        dtype = self.output.weight.dtype  # of the products; tokens may be more precise
        parts = self.query_key_value(self.norm1(tokens).to(dtype))
        parts = parts.unflatten(-1, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # each (B, heads, N, C / heads)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        tokens = tokens + self.output(mixed.transpose(1, 2).flatten(2))
        following: Tensor = tokens + self.mlp(self.norm2(tokens).to(dtype))
        return following


def _stacked(linears: list[nn.Linear]) -> nn.Linear:
    """Put the outputs of linear maps of one input behind one another."""
    weights: list[Tensor] = [linear.weight for linear in linears]
    biases: list[Tensor] = [linear.bias for linear in linears if linear.bias is not None]
    return linear_map(torch.cat(weights), torch.cat(biases) if biases else None)


def _scaled(linear: nn.Linear, factors: Tensor) -> nn.Linear:
    """Scale every output of a linear map by a factor of its own."""
    return linear_map(linear.weight * factors[:, None], linear.bias * factors)


def _scaled_mlp(mlp: nn.Module, factors: Tensor) -> nn.Module:
    scaled = deepcopy(mlp)
    if isinstance(scaled, SwiGlu):
        scaled.weights_out = _scaled(scaled.weights_out, factors)
    if isinstance(scaled, Mlp):
        scaled.fc2 = _scaled(scaled.fc2, factors)
    return scaled


def linear_map(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    """Make a linear map of weights (out, in) and a bias (out)."""
    with torch.device('meta'):
        linear = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    linear.weight = keep(weight)
    if bias is not None:
        linear.bias = keep(bias)
    return linear


def keep(value: Tensor) -> nn.Parameter:
    """Make a tensor part of a module."""
    return nn.Parameter(value.detach(), requires_grad=False)
