# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of any kind as channels-first arrays, and what is done to their pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from promptda_ros.network.fields import require

# Mean and standard deviation of the pictures, 0 to 1, that the backbone was trained on.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
Array = NDArray[Any]
Picture = Image.Image | Array | Tensor
Pictures = Picture | Sequence[Picture]
PerChannel = float | Sequence[float]

LAYOUTS = ('channels_first', 'channels_last')
_CHANNEL_COUNTS = (1, 3, 4)


def as_list(pictures: Pictures, dimensions: int) -> list[Picture]:
    """Return single pictures from one picture, a list of them, or arrays with one axis more."""
    if isinstance(pictures, Image.Image):
        return [pictures]
    if isinstance(pictures, (list, tuple)):
        return [single for picture in pictures for single in as_list(picture, dimensions)]
    if not isinstance(pictures, (np.ndarray, Tensor)):
        raise ValueError(f'a picture is a {type(pictures).__name__}, must be PIL, numpy or torch')
    if pictures.ndim == dimensions + 1:
        return list(pictures)
    shape = tuple(pictures.shape)
    require(pictures.ndim in (2, dimensions), 'shape of a picture', shape, f'of {dimensions} axes')
    return [pictures]


def as_array(picture: Picture, layout: str | None) -> Array:
    """Return a picture as (channels, height, width) with its values as they are."""
    if isinstance(picture, Image.Image):
        array, layout = np.asarray(picture), 'channels_last'
    else:
        array = picture.numpy(force=True) if isinstance(picture, Tensor) else picture
    if array.ndim == 2:
        return array[None]
    layout = _guess_layout(array) if layout is None else layout
    require(layout in LAYOUTS, 'input_data_format', layout, f'{" or ".join(LAYOUTS)} for 3 axes')
    return array if layout == 'channels_first' else np.moveaxis(array, -1, 0)


def resize(image: Array, size: tuple[int, int], resample: int) -> Array:
    """Resize (C, h, w) to (C, *size) with Pillow, in steps of 1/255 as Pillow keeps colours."""
    fractions = image.dtype != np.uint8 and not np.array_equal(image, np.trunc(image))
    low, high = (image.min(), image.max()) if image.size else (0, 0)
    allowed = 'inside [0, 1], or whole numbers inside [0, 255]'
    require(low >= 0 and high <= (1 if fractions else 255), 'image range', (low, high), allowed)
    levels = (rescale(image, 255) if fractions else image).astype(np.uint8)
    channels_last = np.moveaxis(levels, 0, -1)
    picture = Image.fromarray(channels_last[..., 0] if len(levels) == 1 else channels_last)
    resized = np.asarray(picture.resize(size[::-1], resample=Image.Resampling(resample)))
    channels_first = resized[None] if resized.ndim == 2 else np.moveaxis(resized, -1, 0)
    return rescale(channels_first, 1 / 255) if fractions else channels_first


def rescale(image: Array, factor: float) -> Array:
    """Multiply in float64 and return float32."""
    scaled: Array = (image.astype(np.float64) * factor).astype(np.float32)
    return scaled


def normalise(image: Array, mean: PerChannel, deviation: PerChannel) -> Array:
    """Subtract the mean and divide by the standard deviation of each channel of (C, h, w)."""
    if not np.issubdtype(image.dtype, np.floating):
        image = image.astype(np.float32)
    return (image - _per_channel(mean, image, 'image_mean')) / _per_channel(
        deviation, image, 'image_std'
    )


def pad_to_multiple(image: Array, divisor: int) -> Array:
    """Add zeros around (C, h, w) until both sides are multiples; the odd one goes last."""
    missing = [-side % divisor for side in image.shape[1:]]
    return np.pad(image, [(0, 0), *((total // 2, total - total // 2) for total in missing)])


def output_size(
    given: tuple[int, ...], wanted: tuple[int, int], *, keep_aspect_ratio: bool, multiple: int
) -> tuple[int, int]:
    """Return (height, width) near the wanted size; with aspect kept, of the smaller change."""
    scales = [target / side for target, side in zip(wanted, given, strict=True)]
    if keep_aspect_ratio:
        height_wins = abs(1 - scales[0]) <= abs(1 - scales[1])
        scales = [scales[0] if height_wins else scales[1]] * 2
    height, width = (
        round(scale * side / multiple) * multiple
        for scale, side in zip(scales, given, strict=True)
    )
    allowed = f'big enough to give a multiple of {multiple} above 0 from {given}'
    require(height > 0 and width > 0, 'size', wanted, allowed)
    return height, width


def scaled_to_metres(depth: Array, scale: float) -> Array:
    """Return depth (1, h, w) times the scale, in float32."""
    require(len(depth) == 1, 'channels of a prompt', len(depth), '1')
    exact = np.result_type(depth.dtype, np.float32)
    if not np.issubdtype(depth.dtype, np.floating):
        exact = np.dtype(np.float64)
    metres: Array = (depth.astype(exact) * scale).astype(np.float32)
    return metres


def _guess_layout(array: Array) -> str:
    if array.shape[0] in _CHANNEL_COUNTS:
        return 'channels_first'
    allowed = f'with {_CHANNEL_COUNTS} channels in the first or last axis'
    require(array.shape[-1] in _CHANNEL_COUNTS, 'shape of a picture', array.shape, allowed)
    return 'channels_last'


def _per_channel(value: PerChannel, image: Array, name: str) -> Array:
    values = np.atleast_1d(np.asarray(value, dtype=image.dtype))
    allowed = f'one number, or one for each of the {len(image)} channels of the image'
    require(values.size in (1, len(image)), name, value, allowed)
    return values.reshape(-1, 1, 1)
