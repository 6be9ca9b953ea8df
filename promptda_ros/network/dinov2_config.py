# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The shape of a DINOv2 backbone, as the `backbone_config` of a config.json states it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import re
from typing import Any, ClassVar

from torch.nn import functional

from promptda_ros.network.checked import Checked, takes_foreign
from promptda_ros.network.fields import Foreign, require
from promptda_ros.network.files.folder import CONFIG_FILE
from promptda_ros.network.foreign import BACKBONE

ACTIVATIONS = {each.__name__: each for each in (functional.gelu, functional.relu, functional.silu)}
# Original checkpoints were trained with the position table scaled by (patches + 0.1) / side; the
# published Hugging Face folders are run with the table resized to the number of patches.
POSITION_INTERPOLATIONS = ('hugging_face', 'original')

_TABLE_SIDE_PX = 518  # of every published DINOv2: a position table of 37 x 37 patches
_SIZES: dict[str, dict[str, Any]] = {
    'small': {'hidden_size': 384, 'num_attention_heads': 6, 'num_hidden_layers': 12},
    'base': {'hidden_size': 768, 'num_attention_heads': 12, 'num_hidden_layers': 12},
    'large': {'hidden_size': 1024, 'num_attention_heads': 16, 'num_hidden_layers': 24},
    'giant': {
        'hidden_size': 1536,
        'num_attention_heads': 24,
        'num_hidden_layers': 40,
        'use_swiglu_ffn': True,
    },
}
PUBLISHED: dict[str, dict[str, Any]] = {
    f'facebook/dinov2-{size}': {'image_size': _TABLE_SIDE_PX, **shape}
    for size, shape in _SIZES.items()
}
# Ten times a giant. Beyond it a file is damaged, and building what it asks for takes forever.
_MOST_LAYERS, _LARGEST_SIZE, _LARGEST_SIDE_PX = 400, 16384, 8192


@takes_foreign
@dataclass
class Dinov2Config(Checked):
    """The vision transformer that looks at the image; defaults are those of DINOv2 base.

    The layers that it gives may also be named, by `out_features`.
    """

    file_name: ClassVar[str] = CONFIG_FILE
    foreign: ClassVar[Foreign] = BACKBONE
    model_type: ClassVar[str] = 'dinov2'

    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    mlp_ratio: int = 4
    hidden_act: str = 'gelu'
    hidden_dropout_prob: float = 0.0
    attention_probs_dropout_prob: float = 0.0
    initializer_range: float = 0.02
    layer_norm_eps: float = 1e-6
    image_size: int = 224
    patch_size: int = 14
    num_channels: int = 3
    qkv_bias: bool = True
    layerscale_value: float = 1.0
    drop_path_rate: float = 0.0
    use_swiglu_ffn: bool = False
    out_indices: Sequence[int] | None = None  # 0 = embeddings, n = output of the n-th layer
    apply_layernorm: bool = True
    reshape_hidden_states: bool = True
    use_mask_token: bool = True
    position_interpolation: str = 'hugging_face'

    def check(self) -> None:
        """Normalise the values; raises ValueError that names a wrong one."""
        self.require_flags()
        for name in ('image_size', 'patch_size'):
            vars(self)[name] = _side_of_square(getattr(self, name))
        self.require_whole('num_hidden_layers', at_most=_MOST_LAYERS)
        self.require_whole('hidden_size', 'num_attention_heads', at_most=_LARGEST_SIZE)
        self.require_whole('mlp_ratio', 'num_channels', at_most=_MOST_LAYERS)
        self.require_whole('image_size', 'patch_size', at_most=_LARGEST_SIDE_PX)
        self.require_number('hidden_dropout_prob', 'drop_path_rate', at_least=0, below=1)
        self.require_number('attention_probs_dropout_prob', at_least=0, below=1)
        self.require_number('initializer_range', 'layer_norm_eps', at_least=0)
        self.require_number('layerscale_value')
        self.require_choice('hidden_act', tuple(ACTIVATIONS))
        self.require_choice('position_interpolation', POSITION_INTERPOLATIONS)
        heads, patch = self.num_attention_heads, self.patch_size
        allowed = f'a multiple of num_attention_heads={heads}'
        self.require_field('hidden_size', self.hidden_size % heads == 0, allowed)
        self.require_field('image_size', self.image_size >= patch, f'at least patch_size={patch}')
        self._check_out_indices()

    def _check_out_indices(self) -> None:
        """Count from the front, as transformers does; without any take the last layer."""
        depth = self.num_hidden_layers
        if self.out_indices is None:
            vars(self)['out_indices'] = (depth,)
        self.require_list('out_indices')
        given = self.out_indices or ()
        inside = all(type(index) is int and -depth - 1 <= index <= depth for index in given)
        positive = tuple(index % (depth + 1) for index in given) if inside else ()
        ascending = len(positive) > 0 and list(positive) == sorted(set(positive))
        allowed = f'ascending layer numbers from 0 to num_hidden_layers={depth}'
        self.require_field('out_indices', ascending, allowed)
        vars(self)['out_indices'] = positive

    @property
    def out_features(self) -> list[str]:
        """The stages of `out_indices` by the names that transformers gives them."""
        return [f'stage{index}' if index else 'stem' for index in self.out_indices or ()]

    @out_features.setter
    def out_features(self, names: Sequence[str]) -> None:
        vars(self)['out_indices'] = _stage_numbers(names)

    @classmethod
    def translated(cls, words: dict[str, Any]) -> dict[str, Any]:
        """Turn names of stages into the numbers of layers."""
        shape = dict(words)
        features = shape.pop('out_features', None)
        if features is None:
            return shape
        named = _stage_numbers(features)
        if shape.get('out_indices') is None:
            return {**shape, 'out_indices': named}
        numbers = cls(**shape).out_indices
        allowed = f'the stages of out_indices={numbers}, or left out'
        require(tuple(named) == numbers, 'Dinov2Config.out_features', features, allowed)
        return shape

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values that `from_dict` and transformers read back."""
        return {**super().to_dict(), 'out_features': self.out_features}


def _side_of_square(value: Any) -> Any:
    """Take [518, 518] for 518: the position table and the head only know squares."""
    if isinstance(value, (list, tuple)) and len(value) == 2 and value[0] == value[1]:
        return value[0]
    return value


def _stage_numbers(names: Any) -> list[int]:
    known = isinstance(names, (list, tuple)) and all(
        name == 'stem' or re.fullmatch('stage[0-9]+', str(name)) for name in names
    )
    require(known, 'Dinov2Config.out_features', names, 'a list of stem, stage1, stage2, ...')
    return [0 if name == 'stem' else int(name.removeprefix('stage')) for name in names]
