# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""DINOv2: the vision transformer that turns an image into tokens (arXiv 2304.07193).

Attribute names are the keys of the published weights, so that no key is ever renamed.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn, Tensor
from torch.nn import functional

from promptda_ros.network.dinov2_config import ACTIVATIONS, Dinov2Config

_ORIGINAL_OFFSET = 0.1  # patches added to each side by the original position interpolation


@dataclass(frozen=True)
class Dinov2Output:
    """Tokens of the asked layers, and what a caller asked to see of the way there."""

    features: tuple[Tensor, ...]  # each (B, 1 + h * w, C), the class token first
    hidden_states: tuple[Tensor, ...] | None  # each (B, 1 + h * w, C): embeddings, then layers
    attentions: tuple[Tensor, ...] | None  # each (B, heads, 1 + h * w, 1 + h * w)


class Dinov2(nn.Module):
    """The backbone: embeddings, a stack of layers, one norm shared by all outputs."""

    def __init__(self, config: Dinov2Config) -> None:
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.encoder = Encoder(config)
        self.layernorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(
        self, pixel_values: Tensor, *, keep_attentions: bool = False, keep_states: bool = False
    ) -> Dinov2Output:
        """Run the image (B, 3, H, W) through all layers."""
        tokens = self.embeddings(pixel_values)
        states, attentions = self.encoder(tokens, keep_attentions=keep_attentions)
        features = tuple(states[index] for index in self.config.out_indices or ())
        if self.config.apply_layernorm:
            features = tuple(self.layernorm(tokens) for tokens in features)
        return Dinov2Output(
            features=features,
            hidden_states=states if keep_states else None,
            attentions=attentions if keep_attentions else None,
        )


class Embeddings(nn.Module):
    """Patches of the image as tokens, a class token before them, positions added."""

    def __init__(self, config: Dinov2Config) -> None:
        super().__init__()
        self.config = config
        channels = config.hidden_size
        self.table_side = config.image_size // config.patch_size
        self.cls_token = nn.Parameter(torch.zeros(1, 1, channels))
        if config.use_mask_token:  # no part in depth, but published weights hold it
            self.mask_token = nn.Parameter(torch.zeros(1, channels))
        self.position_embeddings = nn.Parameter(torch.zeros(1, 1 + self.table_side**2, channels))
        # One convolution whose stride is its kernel: each patch becomes one token.
        patch = nn.Conv2d(config.num_channels, channels, config.patch_size, config.patch_size)
        self.patch_embeddings = nn.ModuleDict({'projection': patch})
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, pixel_values: Tensor) -> Tensor:
        """Turn (B, 3, H, W) into (B, 1 + h * w, C) with h, w = H, W // patch_size."""
        projection = self.patch_embeddings['projection']
        patches = projection(pixel_values.to(self.cls_token.dtype))  # (B, C, h, w)
        height, width = patches.shape[-2:]
        tokens = patches.flatten(2).transpose(1, 2)
        class_token = self.cls_token.expand(tokens.shape[0], -1, -1)
        positions = self.positions(height, width)
        embedded: Tensor = self.dropout(torch.cat((class_token, tokens), dim=1) + positions)
        return embedded

    def positions(self, height: int, width: int) -> Tensor:
        """Return the position table for h x w patches, (1, 1 + h * w, C)."""
        side = self.table_side
        if self.config.position_interpolation == 'original' and height == width == side:
            return self.position_embeddings
        class_position, table = self.position_embeddings[:, :1], self.position_embeddings[:, 1:]
        table = table.reshape(1, side, side, -1).permute(0, 3, 1, 2)
        # Bicubic weights in half precision would shift the table, so it is resized in float32.
        resized = self._resize(table.float(), height, width).to(table.dtype)
        return torch.cat((class_position, resized.flatten(2).transpose(1, 2)), dim=1)

    def _resize(self, table: Tensor, height: int, width: int) -> Tensor:
        if self.config.position_interpolation == 'hugging_face':
            return functional.interpolate(table, size=(height, width), mode='bicubic')
        side = table.shape[-1]
        scale = ((height + _ORIGINAL_OFFSET) / side, (width + _ORIGINAL_OFFSET) / side)
        return functional.interpolate(table, scale_factor=scale, mode='bicubic')


class Encoder(nn.Module):
    """The stack of layers."""

    def __init__(self, config: Dinov2Config) -> None:
        super().__init__()
        self.layer = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))

    def forward(
        self, tokens: Tensor, *, keep_attentions: bool
    ) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """Return the tokens (B, N, C) before and after every layer, and every kept attention."""
        states, attentions = [tokens], []
        for layer in self.layer:
            tokens, weights = layer(tokens, keep_attention=keep_attentions)
            states.append(tokens)
            attentions.append(weights)
        return tuple(states), tuple(attentions)


class Layer(nn.Module):
    """One transformer layer: attention, then the feed-forward part, each added to its input."""

    def __init__(self, config: Dinov2Config) -> None:
        super().__init__()
        channels = config.hidden_size
        self.norm1 = nn.LayerNorm(channels, eps=config.layer_norm_eps)
        self.attention = Attention(config)
        self.layer_scale1 = LayerScale(config)
        self.norm2 = nn.LayerNorm(channels, eps=config.layer_norm_eps)
        self.mlp: nn.Module = SwiGlu(config) if config.use_swiglu_ffn else Mlp(config)
        self.layer_scale2 = LayerScale(config)
        self.drop_path = DropPath(config.drop_path_rate)

    def forward(self, tokens: Tensor, *, keep_attention: bool) -> tuple[Tensor, Tensor | None]:
        """Return the next tokens (B, N, C) and, where kept, the attention (B, heads, N, N)."""
        attended, weights = self.attention(self.norm1(tokens), keep_attention=keep_attention)
        tokens = tokens + self.drop_path(self.layer_scale1(attended))
        tokens = tokens + self.drop_path(self.layer_scale2(self.mlp(self.norm2(tokens))))
        return tokens, weights


class Attention(nn.Module):
    """Multi-head self-attention."""

    def __init__(self, config: Dinov2Config) -> None:
        super().__init__()
        self.heads = config.num_attention_heads
        self.dropout = config.attention_probs_dropout_prob
        channels = config.hidden_size
        self.attention = nn.ModuleDict(
            {
                name: nn.Linear(channels, channels, bias=config.qkv_bias)
                for name in ('query', 'key', 'value')
            }
        )
        self.output = nn.ModuleDict({'dense': nn.Linear(channels, channels)})

    def forward(self, tokens: Tensor, *, keep_attention: bool) -> tuple[Tensor, Tensor | None]:
        """Mix tokens (B, N, C); the weights (B, heads, N, N) come back only where kept."""
        query, key, value = (
            self.attention[name](tokens).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for name in ('query', 'key', 'value')
        )  # each (B, heads, N, C / heads)
        dropout = self.dropout if self.training else 0.0
        weights = None
        if keep_attention:
            weights = (query @ key.mT * key.shape[-1] ** -0.5).softmax(dim=-1)
            weights = functional.dropout(weights, dropout)
            mixed = weights @ value
        else:
            mixed = functional.scaled_dot_product_attention(query, key, value, dropout_p=dropout)
        return self.output['dense'](mixed.transpose(1, 2).flatten(2)), weights


class Mlp(nn.Module):
    """Two linear maps with an activation between."""

    def __init__(self, config: Dinov2Config) -> None:
        super().__init__()
        hidden_size = config.hidden_size * config.mlp_ratio
        self.activation = ACTIVATIONS[config.hidden_act]
        self.fc1 = nn.Linear(config.hidden_size, hidden_size)
        self.fc2 = nn.Linear(hidden_size, config.hidden_size)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, N, C) to (B, N, C)."""
        mapped: Tensor = self.fc2(self.activation(self.fc1(tokens)))
        return mapped


class SwiGlu(nn.Module):
    """The gated feed-forward part of DINOv2 giant (arXiv 2002.05202)."""

    def __init__(self, config: Dinov2Config) -> None:
        super().__init__()
        # Two thirds of the plain hidden size, rounded up to a multiple of 8.
        hidden_size = (config.hidden_size * config.mlp_ratio * 2 // 3 + 7) // 8 * 8
        self.weights_in = nn.Linear(config.hidden_size, 2 * hidden_size)
        self.weights_out = nn.Linear(hidden_size, config.hidden_size)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, N, C) to (B, N, C)."""
        gate, value = self.weights_in(tokens).chunk(2, dim=-1)
        mapped: Tensor = self.weights_out(functional.silu(gate) * value)
        return mapped


class LayerScale(nn.Module):
    """One learnt factor per channel."""

    def __init__(self, config: Dinov2Config) -> None:
        super().__init__()
        self.lambda1 = nn.Parameter(
            torch.full((config.hidden_size,), float(config.layerscale_value))
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """Scale tokens (B, N, C)."""
        return tokens * self.lambda1


class DropPath(nn.Module):
    """In training, leaves a whole branch out for some images of the batch."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, branch: Tensor) -> Tensor:
        """Zero some of the B branches (B, N, C) and scale up the others."""
        if self.rate == 0 or not self.training:
            return branch
        kept = torch.rand(branch.shape[0], 1, 1, device=branch.device) >= self.rate
        return branch * kept / (1 - self.rate)
