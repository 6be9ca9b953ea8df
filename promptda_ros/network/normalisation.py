# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The pixel scaling of a network, read from preprocessor_config.json.

`fold` builds it into the first layer. Steps that the node does not perform are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from promptda_ros.network.config import PromptDepthAnythingConfig
from promptda_ros.network.fields import require
from promptda_ros.network.files.folder import CheckpointError, PROCESSOR_FILE
from promptda_ros.network.image_processor import PromptDepthAnythingImageProcessor
from promptda_ros.network.pixels import IMAGENET_MEAN, IMAGENET_STD, PerChannel

_WHITE = 255
_LARGEST = 1e6  # of mean and deviation, in units of white


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation of pixels from 0 to 1, one number a channel."""

    mean: Sequence[float]
    deviation: Sequence[float]


def read_normalisation(folder: Path, config: PromptDepthAnythingConfig) -> Normalisation:
    """Read preprocessor_config.json; without it the scaling is that of published networks.

    model.resolution replaces `size`, and the encoding of the depth `prompt_scale_to_meter`.

    Raises:
        CheckpointError: it asks for a step that the node does not perform.
    """
    channels = config.dinov2.num_channels
    if not (folder / PROCESSOR_FILE).exists():
        return Normalisation(_spread(IMAGENET_MEAN, channels), _spread(IMAGENET_STD, channels))
    processor = PromptDepthAnythingImageProcessor.from_pretrained(folder)
    try:
        _require_as_the_node_does(processor, config.patch_size)
        scale = _WHITE * processor.rescale_factor if processor.do_rescale else float(_WHITE)
        mean, deviation = processor.image_mean, processor.image_std
        if not processor.do_normalize:
            mean, deviation = 0.0, 1.0
        return Normalisation(
            _spread(mean, channels, scale, name='image_mean'),
            _spread(deviation, channels, scale, name='image_std', least=1 / _LARGEST),
        )
    except ValueError as error:
        raise CheckpointError(folder, f'{folder / PROCESSOR_FILE}: {error}') from None


def _require_as_the_node_does(processor: PromptDepthAnythingImageProcessor, patch_px: int) -> None:
    """Refuse another way to the network's size than the node's: bicubic, to whole patches."""
    node = 'the node resizes every image, by bicubic weights, to whole patches of its own shape'
    bicubic = int(Image.Resampling.BICUBIC)
    require(not processor.do_pad, 'do_pad', processor.do_pad, f'false: {node}')
    if not processor.do_resize:
        return
    require(processor.resample == bicubic, 'resample', processor.resample, f'{bicubic}: {node}')
    kept = processor.keep_aspect_ratio
    require(kept, 'keep_aspect_ratio', kept, f'true: {node}')
    multiple = processor.ensure_multiple_of
    allowed = f'1 or patch_size={patch_px}: {node}'
    require(multiple in (1, patch_px), 'ensure_multiple_of', multiple, allowed)


def _spread(
    value: PerChannel, channels: int, scale: float = 1.0, *, name: str = '', least: float = 0.0
) -> Sequence[float]:
    """Return one number a channel, in units of white."""
    numbers = np.ravel(value) / scale
    allowed = f'one number, or one for each of the {channels} channels of the network'
    require(numbers.size in (1, channels), name, value, allowed)
    sound = bool(((abs(numbers) <= _LARGEST) & (abs(numbers) >= least)).all())
    require(sound, name, value, f'from {least:g} to {_LARGEST:g} times white once it is rescaled')
    found: list[float] = np.broadcast_to(numbers, channels).tolist()
    return found
