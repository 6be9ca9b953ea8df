# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where training of a new network starts: near bilinear, with the picture kept whole.

Three facts about the architecture make a start that is far better than noise. The prompt can
travel to the output in one channel if the kernels on its way are identities and the head forms
the logit that its sigmoid undoes. A patch of 14 x 14 pixels survives as tokens if the first layer
is a cosine transform and the finest upsampling its inverse. And what matters in a prompt are its
steps, small against its level: kernels without a mean see them from the first day.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray
import torch
from torch import nn, Tensor

from promptda_ros.network import PromptDepthAnythingConfig, PromptDepthAnythingForDepthEstimation
from promptda_ros.network.dpt import DepthHead, FusionLayer, ReassembleLayer
from promptda_ros.network.fields import require

LUMA_WAVES, CHROMA_WAVES = 8, 4  # waves kept per axis of a patch
SHOWN_LUMA, SHOWN_CHROMA = 6, 3  # of them, those that the finest maps show
LUMA_POINTS = 2  # per axis of a cell of the finest maps
PICTURE_CHANNELS = LUMA_POINTS**2 + 2  # of the finest maps: luma, then two chroma planes
KNOT_LOGITS = 4.4  # the outermost knots, where p is 1.2 % and 98.8 %
KNOT_GAIN = 4.0
KNOTS = 17
FITTED_FROM, FITTED_POINTS = 0.003, 4001
ADDITION = 0.03  # what everything beside the prompt adds to the logit at first
STEP_GAIN = 10 / 3  # lifts steps of a prompt, a hundredth of its range per pixel, to about 0.1
LEVEL_CHANNELS = 4  # of a prompt's features, those that see its level too
CHROMA_OF_RGB = np.array([[0.5, 0.0, -0.5], [-0.25, 0.5, -0.25]])
FEWEST_CHANNELS = (
    SHOWN_LUMA**2 + 2 * SHOWN_CHROMA**2,
    LUMA_WAVES**2 + 2 * CHROMA_WAVES**2,
)


@torch.no_grad()
def start(network: PromptDepthAnythingForDepthEstimation) -> None:
    """Overwrite all weights; the caller seeds torch.

    Raises:
        ValueError: the network is too narrow for the picture or the logit's pieces, gives no
            metres, or has its finest map in another place than the first.
    """
    require_room(network.config)
    for module in network.modules():
        _spread(module)
    _keep_picture(network)
    for layer in _fusion_layers(network):
        _begin_fusion(layer)
    _carry_prompt(network)
    _undo_sigmoid(network.head)


def require_room(config: PromptDepthAnythingConfig) -> None:
    """Refuse the shapes of networks that can't start near bilinear upsampling."""
    shown, kept = FEWEST_CHANNELS
    factors = config.reassemble_factors
    finest = range(sum(factor == max(factors) for factor in factors))
    needs = [
        (f'neck_hidden_sizes[{place}]', config.neck_hidden_sizes[place], shown) for place in finest
    ]
    needs.append(('reassemble_hidden_size', config.reassemble_hidden_size, kept))
    needs.append(('fusion_hidden_size', config.fusion_hidden_size, LEVEL_CHANNELS + 1))
    needs.append(('head_hidden_size', config.head_hidden_size, KNOTS - 1))
    for name, have, need in needs:
        require(have >= need, name, have, f'at least {need} to start near bilinear')
    ordered = max(factors) > 1 and all(factors[place] == max(factors) for place in finest)
    require(ordered, 'reassemble_factors', list(factors), 'led by the largest, which is above 1')
    require(len(factors) > 1, 'reassemble_factors', list(factors), 'at least two')
    kind = config.depth_estimation_type
    require(kind == 'metric', 'depth_estimation_type', kind, 'metric: relative depth has no unit')


def _spread(module: nn.Module) -> None:
    """Draw weights that keep the size of what passes through."""
    if not isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
        return
    fan_in = module.weight[0].numel()
    if isinstance(module, nn.ConvTranspose2d):
        fan_in = module.in_channels
    nn.init.normal_(module.weight, std=fan_in**-0.5)
    if module.bias is not None:
        nn.init.zeros_(module.bias)


def _keep_picture(network: PromptDepthAnythingForDepthEstimation) -> None:
    """Make the first layer a cosine transform and the finest upsamplings its inverse."""
    embed = cast('nn.Conv2d', network.backbone.embeddings.patch_embeddings['projection'])
    finest = _finest(network)
    for layer in finest:
        _upsampling(layer).weight[:, :PICTURE_CHANNELS] = 0
    channel = _transform(embed, 0, LUMA_WAVES, np.full(3, 1 / 3))
    for layer in finest:
        _show(layer, waves=LUMA_WAVES, first=0, shown=SHOWN_LUMA, slot=0, channels=range(4))
    for number, colour in enumerate(CHROMA_OF_RGB):
        for layer in finest:
            slot = SHOWN_LUMA**2 + number * SHOWN_CHROMA**2
            _show(
                layer,
                waves=CHROMA_WAVES,
                first=channel,
                shown=SHOWN_CHROMA,
                slot=slot,
                channels=range(4 + number, 5 + number),
            )
        channel = _transform(embed, channel, CHROMA_WAVES, colour)
    # Constant channels bound the layer norm's gain where a patch is flat.
    spare = embed.weight.shape[0] - channel
    embed.weight[channel:] *= 0.5
    _bias(embed)[channel:] = 1.5 * torch.tensor([1.0, -1.0]).repeat(spare)[:spare]


def _finest(network: PromptDepthAnythingForDepthEstimation) -> list[ReassembleLayer]:
    """Return the layers that make maps of the largest size."""
    factors = network.config.reassemble_factors
    layers = cast('list[ReassembleLayer]', list(network.neck.reassemble_stage.layers))
    return [layer for layer, factor in zip(layers, factors, strict=True) if factor == max(factors)]


def _fusion_layers(network: PromptDepthAnythingForDepthEstimation) -> list[FusionLayer]:
    return cast('list[FusionLayer]', list(network.neck.fusion_stage.layers))


def _upsampling(layer: ReassembleLayer) -> nn.ConvTranspose2d:
    assert isinstance(layer.resize, nn.ConvTranspose2d)
    return layer.resize


def _bias(convolution: nn.Conv2d) -> Tensor:
    assert convolution.bias is not None
    return convolution.bias


def _transform(embed: nn.Conv2d, first: int, waves: int, colour: NDArray[np.float64]) -> int:
    """Let channels from `first` hold the waves of one colour; return the next free channel."""
    side_px = embed.kernel_size[0]
    forward = _products(_cosines(side_px, waves, side_px))  # (waves^2, side, side)
    norm = np.square(forward).mean(axis=(1, 2))
    kernels = (_lift(waves) / norm / side_px**2)[:, None, None] * forward
    embed.weight[first : first + waves**2] = _tensor(kernels[:, None] * colour[:, None, None])
    return first + waves**2


def _show(
    layer: ReassembleLayer, *, waves: int, first: int, shown: int, slot: int, channels: range
) -> None:
    """Turn waves back into a picture with one or 2 x 2 points per cell, in channels of its own."""
    resize = _upsampling(layer)
    cells = resize.kernel_size[0]
    points = round(len(channels) ** 0.5)
    backward = _products(_cosines(cells, waves, cells * points)) / _lift(waves)[:, None, None]
    for wave in (row * waves + column for row in range(shown) for column in range(shown)):
        layer.projection.weight[slot] = 0
        layer.projection.weight[slot, first + wave] = 1
        for offset, channel in enumerate(channels):
            row, column = divmod(offset, points)
            part = backward[wave, row::points, column::points]
            resize.weight[slot, channel] = _tensor(part)
        slot += 1


def _cosines(side: int, count: int, samples: int) -> NDArray[np.float64]:
    """Cosines over one side of a patch, (count, samples), seen at the samples' centres."""
    centres = (np.arange(samples) + 0.5) * side / samples
    return np.cos(np.pi * np.arange(count)[:, None] * centres / side)


def _products(waves: NDArray[np.float64]) -> NDArray[np.float64]:
    """All products of a vertical and a horizontal wave: (count^2, samples, samples)."""
    count, samples = waves.shape
    products: NDArray[np.float64] = np.einsum('iy,jx->ijyx', waves, waves)
    return products.reshape(count**2, samples, samples)


def _lift(waves: int) -> NDArray[np.float64]:
    """Natural pictures have little energy in fine waves: lift them to the same size."""
    return 1.0 + np.add.outer(np.arange(waves), np.arange(waves)).ravel()


def _begin_fusion(layer: FusionLayer) -> None:
    """Begin with small additions, and with prompt features that see steps."""
    layer.residual_layer1.convolution2.weight *= 0.3
    layer.residual_layer2.convolution2.weight *= 0.3
    layer.prompt_depth_layer.convolution3.weight *= 0.3
    first = layer.prompt_depth_layer.convolution1
    kernels = torch.randn_like(first.weight)
    kernels -= kernels.mean(dim=(1, 2, 3), keepdim=True)
    first.weight[LEVEL_CHANNELS:] = STEP_GAIN * kernels[LEVEL_CHANNELS:]


def _carry_prompt(network: PromptDepthAnythingForDepthEstimation) -> None:
    """Reserve channel 0 of the finest map for the prompt; everything else starts beside it."""
    layers = _fusion_layers(network)
    finest = layers[-1]
    cast(nn.Conv2d, network.neck.convs[0]).weight[0] = 0
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


def _undo_sigmoid(head: DepthHead) -> None:
    """Form logit(p) of channel 0 by straight pieces between knots."""
    at, start, bends = _logit_in_pieces()
    pieces = len(at)
    head.conv2.weight[:pieces] = 0
    head.conv2.weight[:pieces, 0, 1, 1] = KNOT_GAIN
    _bias(head.conv2)[:pieces] = _tensor(-KNOT_GAIN * at)
    head.conv3.weight *= ADDITION
    head.conv3.weight[0, :pieces, 0, 0] = _tensor(bends / KNOT_GAIN)
    _bias(head.conv3)[:] = start


def _logit_in_pieces() -> tuple[NDArray[np.float64], float, NDArray[np.float64]]:
    """Fit logit(p) by a start and bends at knots, so that sigmoid of it is nearest to p."""
    at = 1 / (1 + np.exp(-np.linspace(-KNOT_LOGITS, KNOT_LOGITS, KNOTS)))
    at = at[:-1]  # the last knot ends the last piece
    p = np.linspace(FITTED_FROM, 1 - FITTED_FROM, FITTED_POINTS)
    ramps = np.concatenate([np.ones((p.size, 1)), np.maximum(p[:, None] - at, 0)], axis=1)
    slope = p * (1 - p)  # of the sigmoid: what an error of the logit is worth
    logit = np.log(p / (1 - p))
    fitted = np.linalg.lstsq(ramps * slope[:, None], logit * slope, rcond=None)[0]
    return at, float(fitted[0]), np.asarray(fitted[1:], np.float64)


def _tensor(values: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))
