# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures and depth maps -> the tensors that the network takes, and its depth back to size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import numpy as np
from PIL import Image
from torch import Tensor
from torch.nn import functional

from promptda_ros.network.batch_feature import BatchFeature
from promptda_ros.network.checked import Checked, takes_foreign
from promptda_ros.network.fields import Foreign, is_number, is_whole, keep_known, names_of, require
from promptda_ros.network.files.folder import PROCESSOR_FILE
from promptda_ros.network.foreign import CALL, PROCESSOR
from promptda_ros.network.output import DepthEstimatorOutput
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
    scaled_to_metres,
)

Size = int | Sequence[int] | Mapping[str, int]
SIDES = ('height', 'width')


class CheckedSize(dict[str, int]):
    """Height and width of a processor, checked where one of them is assigned, too."""

    def __setitem__(self, side: str, pixels: int) -> None:
        """Change one side."""
        require(side in SIDES, 'a side of size', side, ' or '.join(SIDES))
        require(is_whole(pixels), f'size[{side!r}]', pixels, 'a whole number above 0')
        super().__setitem__(side, pixels)


@takes_foreign
@dataclass
class PromptDepthAnythingImageProcessor(Checked):
    """How pictures are resized, scaled, normalised and padded, and the unit of the prompt."""

    file_name: ClassVar[str] = PROCESSOR_FILE
    foreign: ClassVar[Foreign] = PROCESSOR
    model_type: ClassVar[str] = ''
    model_input_names: ClassVar[list[str]] = ['pixel_values', 'prompt_depth']
    is_fast: ClassVar[bool] = False  # by Pillow, as the slow one of transformers

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

    def check(self) -> None:
        """Normalise the values; raises ValueError that names a wrong one."""
        for field in fields(self):
            value = getattr(self, field.name)
            value = field.default if value is None else value
            vars(self)[field.name] = tuple(value) if isinstance(value, list) else value
        height, width = _height_and_width(self.size)
        vars(self)['size'] = CheckedSize(height=height, width=width)
        self.require_flags()
        methods = [int(method) for method in Image.Resampling]
        require(self.resample in methods, 'resample', self.resample, f'one of {methods}')
        vars(self)['resample'] = int(self.resample)
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
        data_format: str | None = 'channels_first',
        input_data_format: str | None = None,
        device: str | None = None,
        **foreign: Any,
    ) -> BatchFeature:
        """Turn pictures into pixel_values (B, 3, H, W) and prompts into prompt_depth (B, 1, h, w).

        Options that are None are those of the processor. Prompts come out in metres, float32, at
        their own size. return_tensors: None (lists of arrays), 'np' or 'pt', then on `device`.
        """
        given = locals()  # the options that are fields, by their names
        keep_known(type(self).__name__, foreign, (), CALL)
        asked = {name: given[name] for name in names_of(type(self)) if given[name] is not None}
        chosen = replace(self, **asked)
        pixels = [
            chosen._pixel_values(as_array(picture, input_data_format))  # noqa: SLF001 (of its own class)
            for picture in as_list(images, 3)
        ]
        found = {'pixel_values': pixels}
        if prompt_depth is not None:
            found['prompt_depth'] = [
                scaled_to_metres(as_array(depth, input_data_format), chosen.prompt_scale_to_meter)
                for depth in as_list(prompt_depth, 2)
            ]
            count = len(found['prompt_depth'])
            allowed = f'as many as there are images ({len(pixels)})'
            require(count == len(pixels), 'number of prompts', count, allowed)
        batch = BatchFeature(_laid_out(found, data_format or 'channels_first'), return_tensors)
        return batch if device is None else batch.to(device)

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
        sizes = [(int(height), int(width)) for height, width in target_sizes]
        return [
            {
                'predicted_depth': functional.interpolate(depth[None, None], size, mode='bicubic')[
                    0, 0
                ]
            }
            for depth, size in zip(depths, sizes, strict=True)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values that `from_dict` and transformers read back."""
        values = {name: value for name, value in super().to_dict().items() if value is not None}
        values.pop('model_type')
        return {
            **values,
            'size': dict(values['size']),
            'image_processor_type': type(self).__name__,
        }


def _height_and_width(size: Size) -> tuple[int, int]:
    """Take 384, (384, 512) or {'height': 384, 'width': 512}."""
    allowed = "a whole number, (height, width) or {'height': ..., 'width': ...}"
    if isinstance(size, int):
        sides: tuple[Any, ...] = (size, size)
    elif isinstance(size, Mapping):
        require(set(size) == set(SIDES), 'size', size, allowed)
        sides = (size['height'], size['width'])
    else:
        sides = tuple(size) if isinstance(size, Sequence) else ()
    require(len(sides) == 2 and all(map(is_whole, sides)), 'size', size, allowed)
    return sides[0], sides[1]


def _laid_out(arrays: dict[str, list[Array]], layout: str) -> dict[str, list[Array]]:
    require(layout in LAYOUTS, 'data_format', layout, ' or '.join(LAYOUTS))
    if layout == 'channels_first':
        return arrays
    return {name: [np.moveaxis(one, 0, -1) for one in group] for name, group in arrays.items()}
