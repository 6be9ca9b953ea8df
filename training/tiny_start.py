# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where training of the tiny network starts: near bilinear, with the picture kept whole.

Two facts about the architecture make a start that is far better than noise. The prompt can travel
to the output in one channel if the kernels on its way are identities and the head forms the logit
that its sigmoid undoes. And a patch of 14 x 14 pixels survives as tokens if the first layer is a
cosine transform and the finest upsampling its inverse.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
import torch
from torch import nn, Tensor

from promptda_ros.network import PromptDepthAnythingForDepthEstimation

LUMA_WAVES, CHROMA_WAVES = 8, 4  # waves kept per axis of a patch
PICTURE_CHANNELS = 6  # of the finest map: luma at 2 x 2 points per cell, two chroma planes
KNOT_LOGITS = 3.9  # the head's logit is exact from sigmoid(-3.9) to sigmoid(3.9)
KNOT_GAIN = 4.0
CHROMA_OF_RGB = np.array([[0.5, 0.0, -0.5], [-0.25, 0.5, -0.25]])


@torch.no_grad()
def start(network: PromptDepthAnythingForDepthEstimation, knots: int) -> None:
    """Overwrite all weights; the caller seeds torch."""
    for module in network.modules():
        _spread(module)
    _transform_patches(network)
    _carry_prompt(network)
    _undo_sigmoid(network.head, knots)


def _spread(module: nn.Module) -> None:
    """Draw weights that keep the size of what passes through."""
    if not isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        return
    fan_in = module.weight[0].numel()
    if isinstance(module, nn.ConvTranspose2d):
        fan_in = module.in_channels
    nn.init.normal_(module.weight, std=fan_in**-0.5)
    if module.bias is not None:
        nn.init.zeros_(module.bias)


def _waves(side_px: int, count: int, samples: int) -> NDArray[np.float64]:
    """Cosines over one side of a patch, (count, samples), seen at the samples' centres."""
    centres = (np.arange(samples) + 0.5) * side_px / samples
    return np.cos(np.pi * np.arange(count)[:, None] * centres / side_px)


def _transform_patches(network: PromptDepthAnythingForDepthEstimation) -> None:
    """Make the first layer a cosine transform and the finest upsampling its inverse."""
    embed = network.backbone.embeddings.patch_embeddings.projection
    finest = network.neck.reassemble_stage.layers[0]
    patch_px, cells = embed.kernel_size[0], finest.resize.kernel_size[0]
    finest.resize.weight[:, :PICTURE_CHANNELS] = 0
    channel = 0
    for count, colours in ((LUMA_WAVES, np.full((1, 3), 1 / 3)), (CHROMA_WAVES, CHROMA_OF_RGB)):
        for number, colour in enumerate(colours):
            forward = _products(_waves(patch_px, count, patch_px))  # (count^2, 14, 14)
            norm = np.square(forward).mean(axis=(1, 2))
            # Natural pictures have little energy in fine waves: lift them to the same size.
            lift = 1 + np.add.outer(np.arange(count), np.arange(count)).ravel()
            kernels = (lift / norm / patch_px**2)[:, None, None] * forward
            last = channel + count**2
            embed.weight[channel:last] = _tensor(kernels[:, None] * colour[:, None, None])
            _show_again(
                finest, channel, lift, cells=cells, number=number if len(colours) > 1 else None
            )
            channel = last
    # Constant channels bound the layer norm's gain where a patch is flat.
    spare = embed.weight.shape[0] - channel
    embed.weight[channel:] *= 0.5
    embed.bias[channel:] = 1.5 * torch.tensor([1.0, -1.0]).repeat(spare)[:spare]


def _show_again(
    layer: nn.Module, first: int, lift: NDArray[np.float64], *, cells: int, number: int | None
) -> None:
    """Show luma (number None) at 2 x 2 points per cell, or a chroma plane, in own channels."""
    count = round(len(lift) ** 0.5)
    kept, points, slot = (6, 2, 0) if number is None else (3, 1, 36 + 9 * number)
    backward = _products(_waves(cells, count, cells * points)) / lift[:, None, None]
    for wave in (row * count + column for row in range(kept) for column in range(kept)):
        layer.projection.weight[slot] = 0
        layer.projection.weight[slot, first + wave] = 1
        for offset in range(points**2):
            row, column = divmod(offset, points)
            target = offset if number is None else 4 + number
            layer.resize.weight[slot, target] = _tensor(
                backward[wave, row::points, column::points]
            )
        slot += 1


def _products(waves: NDArray[np.float64]) -> NDArray[np.float64]:
    """All products of a vertical and a horizontal wave: (count^2, samples, samples)."""
    count, samples = waves.shape
    return np.einsum('iy,jx->ijyx', waves, waves).reshape(count**2, samples, samples)


def _carry_prompt(network: PromptDepthAnythingForDepthEstimation) -> None:
    """Reserve channel 0 of the finest maps for the prompt; everything else starts beside it."""
    layers = network.neck.fusion_stage.layers
    for layer in layers:
        layer.residual_layer1.convolution2.weight *= 0.3
        layer.residual_layer2.convolution2.weight *= 0.3
        layer.prompt_depth_layer.convolution3.weight *= 0.3
    finest = layers[-1]
    network.neck.convs[0].weight[0] = 0
    layers[-2].projection.weight[0] = 0
    for residual in (finest.residual_layer1, finest.residual_layer2):
        residual.convolution2.weight[0] = 0
    prompt = finest.prompt_depth_layer
    for convolution in (prompt.convolution1, prompt.convolution2, prompt.convolution3):
        _pass_channel_0(convolution)
    _pass_channel_0(finest.projection)
    _pass_channel_0(network.head.conv1)


def _pass_channel_0(convolution: nn.Conv2d) -> None:
    middle = convolution.kernel_size[0] // 2
    convolution.weight[0] = 0
    convolution.weight[0, 0, middle, middle] = 1


def _undo_sigmoid(head: nn.Module, knots: int) -> None:
    """Form logit(p) of channel 0 by straight pieces between knots."""
    logits = np.linspace(-KNOT_LOGITS, KNOT_LOGITS, knots)
    at = 1 / (1 + np.exp(-logits))
    slopes = np.diff(logits) / np.diff(at)
    bends = np.diff(slopes, prepend=0)  # the last knot ends the last piece
    head.conv2.weight[: knots - 1] = 0
    head.conv2.weight[: knots - 1, 0, 1, 1] = KNOT_GAIN
    head.conv2.bias[: knots - 1] = _tensor(-KNOT_GAIN * at[:-1])
    head.conv3.weight *= 0.1
    head.conv3.weight[0, : knots - 1, 0, 0] = _tensor(bends / KNOT_GAIN)
    head.conv3.bias[:] = float(logits[0])


def _tensor(values: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))
