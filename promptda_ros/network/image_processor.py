# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures and depth maps -> the tensors that the network takes, and its depth back to size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
import torch
from torch import Tensor
from torch.nn import functional

from promptda_ros.network.fields import (
    is_number,
    is_whole,
    keep_known,
    names_of,
    require,
    require_flags,
    to_plain,
)
from promptda_ros.network.folder import (
    CheckpointError,
    find_folder,
    PROCESSOR_FILE,
    read_json,
    write_json,
)
from promptda_ros.network.pixels import (
    Array,
    as_array,
    as_list,
    LAYOUTS,
    normalise,
    output_size,
    pad_to_multiple,
    PerChannel,
    Pictures,
    rescale,
    resize,
    to_metres,
)
from promptda_ros.network.prompt_depth_anything import DepthEstimatorOutput

Size = int | Sequence[int] | Mapping[str, int]

# What transformers writes into preprocessor_config.json beside the fields used here.
_FOREIGN_FIELDS = (
    *('image_processor_type', 'feature_extractor_type', 'processor_class', 'pad_size', 'device'),
    *('crop_size', 'do_center_crop', 'do_convert_rgb', 'default_to_square', 'data_format'),
    *('input_data_format', 'return_tensors', 'disable_grouping', 'image_seq_length'),
)


class BatchFeature(dict[str, Any]):
    """The processed tensors by name, for `network(**inputs)`; also read as attributes."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f'no {name} among {", ".join(self)}') from None

    def to(self, *args: Any, **kwargs: Any) -> BatchFeature:
        """Return the tensors moved or cast as `Tensor.to` does."""
        return BatchFeature({name: value.to(*args, **kwargs) for name, value in self.items()})


@dataclass(frozen=True)
class PromptDepthAnythingImageProcessor:
    """How pictures are resized, scaled, normalised and padded, and the unit of the prompt."""

    do_resize: bool = True
    size: Size = 384
    resample: int = Image.Resampling.BICUBIC
    keep_aspect_ratio: bool = False
    ensure_multiple_of: int = 1
    do_rescale: bool = True
    rescale_factor: float = 1 / 255
    do_normalize: bool = True
    image_mean: PerChannel = (0.5, 0.5, 0.5)
    image_std: PerChannel = (0.5, 0.5, 0.5)
    do_pad: bool = False
    size_divisor: int | None = None
    prompt_scale_to_meter: float = 0.001

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            value = field.default if value is None else value
            value = tuple(value) if isinstance(value, list) else value
            object.__setattr__(self, field.name, value)
        height, width = _height_and_width(self.size)
        object.__setattr__(self, 'size', {'height': height, 'width': width})
        object.__setattr__(self, 'resample', int(self.resample))
        require_flags(self)
        self._check()

    def _check(self) -> None:
        methods = [int(method) for method in Image.Resampling]
        require(self.resample in methods, 'resample', self.resample, f'one of {methods}')
        multiple, divisor = self.ensure_multiple_of, self.size_divisor
        require(is_whole(multiple), 'ensure_multiple_of', multiple, 'a whole number above 0')
        fits = is_whole(divisor) or (divisor is None and not self.do_pad)
        require(fits, 'size_divisor', divisor, f'a whole number with do_pad={self.do_pad}')
        for name in ('rescale_factor', 'prompt_scale_to_meter'):
            value = getattr(self, name)
            require(is_number(value) and value > 0, name, value, 'a number above 0')
        for name, lowest in (('image_mean', -np.inf), ('image_std', 0)):
            value = getattr(self, name)
            numbers = value if isinstance(value, tuple) else (value,)
            sound = all(is_number(number) and number > lowest for number in numbers)
            require(sound, name, value, f'one number or a list of numbers above {lowest}')

    def preprocess(
        self,
        images: Pictures,
        prompt_depth: Pictures | None = None,
        do_resize: bool | None = None,
        size: Size | None = None,
        keep_aspect_ratio: bool | None = None,
        ensure_multiple_of: int | None = None,
        resample: int | None = None,
        do_rescale: bool | None = None,
        rescale_factor: float | None = None,
        do_normalize: bool | None = None,
        image_mean: PerChannel | None = None,
        image_std: PerChannel | None = None,
        do_pad: bool | None = None,
        size_divisor: int | None = None,
        prompt_scale_to_meter: float | None = None,
        return_tensors: str | None = None,
        data_format: str = 'channels_first',
        input_data_format: str | None = None,
    ) -> BatchFeature:
        """Turn pictures into pixel_values (B, 3, H, W) and prompts into prompt_depth (B, 1, h, w).

        Options that are None are those of the processor. Prompts come out in metres, float32, at
        their own size. return_tensors: None (lists of arrays), 'np' or 'pt'.
        """
        asked: dict[str, Any] = {
            'do_resize': do_resize,
            'size': size,
            'keep_aspect_ratio': keep_aspect_ratio,
            'ensure_multiple_of': ensure_multiple_of,
            'resample': resample,
            'do_rescale': do_rescale,
            'rescale_factor': rescale_factor,
            'do_normalize': do_normalize,
            'image_mean': image_mean,
            'image_std': image_std,
            'do_pad': do_pad,
            'size_divisor': size_divisor,
            'prompt_scale_to_meter': prompt_scale_to_meter,
        }
        chosen = replace(
            self, **{name: value for name, value in asked.items() if value is not None}
        )
        pixels = [
            chosen._pixel_values(as_array(picture, input_data_format))
            for picture in as_list(images, 3)
        ]
        if prompt_depth is None:
            return _batch(return_tensors, data_format, pixel_values=pixels)
        prompts = [
            to_metres(as_array(depth, input_data_format), chosen.prompt_scale_to_meter)
            for depth in as_list(prompt_depth, 2)
        ]
        allowed = f'as many as there are images ({len(pixels)})'
        require(len(prompts) == len(pixels), 'number of prompts', len(prompts), allowed)
        return _batch(return_tensors, data_format, pixel_values=pixels, prompt_depth=prompts)

    __call__ = preprocess

    def _pixel_values(self, image: Array) -> Array:
        if self.do_resize:
            size = output_size(
                image.shape[1:],
                _height_and_width(self.size),
                keep_aspect_ratio=self.keep_aspect_ratio,
                multiple=self.ensure_multiple_of,
            )
            image = resize(image, size, self.resample)
        if self.do_rescale:
            image = rescale(image, self.rescale_factor)
        if self.do_normalize:
            image = normalise(image, self.image_mean, self.image_std)
        if self.do_pad and self.size_divisor:
            image = pad_to_multiple(image, self.size_divisor)
        return image

    def post_process_depth_estimation(
        self,
        outputs: DepthEstimatorOutput,
        target_sizes: Tensor | Sequence[tuple[int, int]] | None = None,
    ) -> list[dict[str, Tensor]]:
        """Return one {'predicted_depth': (H, W)} per image, resized to its (height, width).

        The resize is bicubic, as in transformers: it overshoots at edges, so do not use it for
        point clouds.
        """
        depths = outputs.predicted_depth
        if depths is None:
            raise ValueError('outputs.predicted_depth is None, must be (batch, height, width)')
        if target_sizes is None:
            return [{'predicted_depth': depth} for depth in depths]
        allowed = f'as many as there are images in the outputs ({len(depths)})'
        require(len(target_sizes) == len(depths), 'target_sizes', target_sizes, allowed)
        return [
            {'predicted_depth': _to_size(depth, (int(height), int(width)))}
            for depth, (height, width) in zip(depths, target_sizes, strict=True)
        ]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> PromptDepthAnythingImageProcessor:
        """Build from the content of a preprocessor_config.json; unknown fields are refused."""
        return cls(**keep_known(cls.__name__, values, names_of(cls), _FOREIGN_FIELDS))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values that `from_dict` and transformers read back."""
        given = {name: value for name, value in asdict(self).items() if value is not None}
        return to_plain(image_processor_type=type(self).__name__, **given)

    @classmethod
    def from_pretrained(cls, folder: Path | str) -> PromptDepthAnythingImageProcessor:
        """Read preprocessor_config.json of a folder; raises CheckpointError."""
        found = find_folder(folder)
        try:
            return cls.from_dict(read_json(found, PROCESSOR_FILE))
        except (TypeError, ValueError) as error:
            raise CheckpointError(found, f'{found / PROCESSOR_FILE}: {error}') from error

    def save_pretrained(self, folder: Path | str) -> None:
        """Write preprocessor_config.json into a folder."""
        write_json(Path(folder), PROCESSOR_FILE, self.to_dict())


def _height_and_width(size: Size) -> tuple[int, int]:
    """Take 384, (384, 512) or {'height': 384, 'width': 512}."""
    allowed = "a whole number, (height, width) or {'height': ..., 'width': ...}"
    if isinstance(size, int):
        sides: tuple[Any, ...] = (size, size)
    elif isinstance(size, Mapping):
        require(set(size) == {'height', 'width'}, 'size', size, allowed)
        sides = (size['height'], size['width'])
    else:
        sides = tuple(size) if isinstance(size, Sequence) else ()
    require(len(sides) == 2 and all(map(is_whole, sides)), 'size', size, allowed)
    return sides[0], sides[1]


def _batch(kind: str | None, layout: str, **arrays: list[Array]) -> BatchFeature:
    require(layout in LAYOUTS, 'data_format', layout, ' or '.join(LAYOUTS))
    require(kind in (None, 'np', 'pt'), 'return_tensors', kind, "None, 'np' or 'pt'")
    if layout == 'channels_last':
        arrays = {name: [np.moveaxis(a, 0, -1) for a in group] for name, group in arrays.items()}
    if kind is None:
        return BatchFeature(arrays)
    stacked = {name: _stack(name, group) for name, group in arrays.items()}
    if kind == 'np':
        return BatchFeature(stacked)
    return BatchFeature({name: torch.from_numpy(array) for name, array in stacked.items()})


def _stack(name: str, group: list[Array]) -> Array:
    shapes = sorted({array.shape for array in group})
    allowed = 'equal for one batch: resize to one size, or pass the images one by one'
    require(len(shapes) == 1, f'shapes of {name}', shapes, allowed)
    return np.stack(group)


def _to_size(depth: Tensor, size: tuple[int, int]) -> Tensor:
    return functional.interpolate(depth[None, None], size=size, mode='bicubic')[0, 0]
