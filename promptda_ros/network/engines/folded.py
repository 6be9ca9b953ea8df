# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The network folded for inference: the same depth by fewer and larger products.

Nothing is left out or approximated: in float32 only rounding differs, by less than 1e-5 of the
depth. What is folded stands at `FoldedEmbeddings`, `FoldedLayer`, `FoldedStage` and
`FoldedFusion`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn, Tensor

from promptda_ros.core.depth_space import DEPTH_SPACES
from promptda_ros.core.runtime.number_modes import tf32_convolutions
from promptda_ros.network.engines.folded_backbone import FoldedBackbone, FoldedEmbeddings, Size
from promptda_ros.network.engines.folded_decoder import FoldedDecoder
from promptda_ros.network.engines.precision import FP32, Precision
from promptda_ros.network.files.folder import find_folder
from promptda_ros.network.normalisation import read_normalisation
from promptda_ros.network.prompt_depth_anything import (
    load_network,
    normalise_prompt,
    PromptDepthAnythingForDepthEstimation,
)


@dataclass(frozen=True)
class EncodedPrompt:
    """What the network makes of a prompt; it serves every image of one size."""

    maps: tuple[Tensor, ...]  # each (B, C, h, w), coarse to fine
    near: Tensor  # (B, 1, 1, 1), in the network's space, as the span
    span: Tensor  # (B, 1, 1, 1)


class FoldedNetwork(nn.Module):
    """A network that can only infer; `fold` makes it."""

    def __init__(
        self,
        network: PromptDepthAnythingForDepthEstimation,
        *,
        gain: Tensor,
        shift: Tensor,
        precision: Precision,
    ) -> None:
        super().__init__()
        self.config = network.config
        self.sha256 = network.sha256  # of the weights it was loaded from
        self.patch_px = network.config.patch_size
        self.space = DEPTH_SPACES[network.config.depth_space]
        self.precision = precision
        self.embeddings = FoldedEmbeddings(network.backbone.embeddings, gain=gain, shift=shift).to(
            torch.promote_types(precision.tokens, torch.float32)
        )
        self.backbone = FoldedBackbone(network.backbone)
        self.backbone.set_precision(precision)
        self.decoder = FoldedDecoder(network.neck, network.head).to(precision.decoder)

    def forward(self, pixels: Tensor, prompt_m: Tensor) -> Tensor:
        """Predict metres (B, H', W') in float32, H' and W' rounded down to whole patches.

        pixels (B, 3, H, W) of any type, 0 to 255. prompt_m (B, 1, h, w) of any size and type.
        """
        return self.predict(pixels, self.encode_prompt(prompt_m, pixels.shape[2:]))

    def encode_prompt(self, prompt_m: Tensor, size: Sequence[int]) -> EncodedPrompt:
        """Work out all that depends on the prompt (B, 1, h, w) alone, for images (H, W)."""
        prompt, near, span = normalise_prompt(prompt_m, self.space)
        with self._convolutions():
            maps = self.decoder.encode_prompt(prompt.to(self.precision.decoder), self._grid(size))
        return EncodedPrompt(tuple(maps), near, span)

    def predict(self, pixels: Tensor, prompt: EncodedPrompt) -> Tensor:
        """Predict metres (B, H', W') from pixels (B, 3, H, W) and a prompt for their size."""
        grid = self._grid(pixels.shape[2:])
        tokens = self.embeddings(pixels, grid).to(self.precision.tokens)
        features = [each.to(self.precision.decoder) for each in self.backbone(tokens)]
        with self._convolutions():
            hidden = self.decoder(features, prompt.maps, grid, self.patch_px)
        depth = self.decoder.head.predict(hidden)  # never in TF32
        return self.space.to_metres(depth * prompt.span + prompt.near).squeeze(1)

    def _convolutions(self) -> AbstractContextManager[None]:
        return tf32_convolutions() if self.precision.decoder_tf32 else nullcontext()

    def _grid(self, size: Sequence[int]) -> Size:
        # While exporting these are no numbers yet, and the exported network is for one size.
        height, width = map(int, size)
        return height // self.patch_px, width // self.patch_px


def load_folded(
    folder: Path | str, *, sha256: str = '', precision: Precision = FP32
) -> FoldedNetwork:
    """Load and fold a folder, or raise CheckpointError; see `load_network` and `fold`.

    How pixels are normalised is read from the folder, see `read_normalisation`.
    """
    network = load_network(folder, sha256=sha256)
    pixels = read_normalisation(find_folder(folder), network.config)
    return fold(network, image_mean=pixels.mean, image_std=pixels.deviation, precision=precision)


@torch.no_grad()
def fold(
    network: PromptDepthAnythingForDepthEstimation,
    *,
    image_mean: Sequence[float],
    image_std: Sequence[float],
    precision: Precision = FP32,
) -> FoldedNetwork:
    """Return a copy of a network that takes pixels as cameras give them.

    image_mean, image_std: of pixels from 0 to 1, one number a channel. precision: of
    the body; pixels are taken in and metres given out in float32.
    """
    mean, deviation = torch.tensor([image_mean, image_std], dtype=torch.float64)
    folded = FoldedNetwork(
        network, gain=1 / (255 * deviation), shift=-mean / deviation, precision=precision
    )
    # Convolutions take a quarter less time so, and tokens become maps without a copy.
    folded.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return folded.eval().requires_grad_(False)
