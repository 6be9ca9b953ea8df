# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The shape of a Prompt Depth Anything network, as `config.json` states it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, InitVar
import json
from pathlib import Path
from typing import Any

from promptda_ros.network.fields import (
    is_number,
    is_whole,
    keep_known,
    require,
    require_choice,
    require_number,
    require_whole,
)

CONFIG_FILE = 'config.json'
ACTIVATIONS = ('gelu', 'relu', 'silu')
DEPTH_TYPES = ('relative', 'metric')
# Original checkpoints were trained with the position table scaled by (patches + 0.1) / side; the
# published Hugging Face folders are run with the table resized to the number of patches.
POSITION_INTERPOLATIONS = ('hugging_face', 'original')

DINOV2_SIZES: dict[str, dict[str, Any]] = {
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
TABLE_SIDE_PX = 518  # of every published DINOv2: a position table of 37 x 37 patches of 14 pixels


@dataclass(frozen=True)
class Dinov2Config:
    """The vision transformer that looks at the image; defaults are those of DINOv2 base."""

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

    def __post_init__(self) -> None:
        for name in ('image_size', 'patch_size'):
            object.__setattr__(self, name, _side_of_square(getattr(self, name)))
        require_whole(self, 'hidden_size', 'num_hidden_layers', 'num_attention_heads')
        require_whole(self, 'mlp_ratio', 'num_channels', 'image_size', 'patch_size')
        dropouts = ('hidden_dropout_prob', 'attention_probs_dropout_prob', 'drop_path_rate')
        require_number(self, *dropouts, above=-1e-9, below=1)
        require_number(self, 'initializer_range', 'layer_norm_eps', above=0)
        require_number(self, 'layerscale_value')
        require_choice(self, 'hidden_act', ACTIVATIONS)
        require_choice(self, 'position_interpolation', POSITION_INTERPOLATIONS)
        require(
            self.hidden_size % self.num_attention_heads == 0,
            'Dinov2Config.hidden_size',
            self.hidden_size,
            f'a multiple of num_attention_heads={self.num_attention_heads}',
        )
        require(
            self.image_size >= self.patch_size,
            'Dinov2Config.image_size',
            self.image_size,
            f'at least patch_size={self.patch_size}',
        )
        object.__setattr__(self, 'out_indices', self._checked_out_indices())

    def _checked_out_indices(self) -> tuple[int, ...]:
        depth = self.num_hidden_layers
        given = (depth,) if self.out_indices is None else tuple(self.out_indices)
        inside = all(type(index) is int and -depth - 1 <= index <= depth for index in given)
        positive = tuple(index % (depth + 1) for index in given) if inside else ()
        ascending = len(positive) > 0 and list(positive) == sorted(set(positive))
        allowed = f'ascending layer numbers from 0 to num_hidden_layers={depth}'
        require(ascending, 'Dinov2Config.out_indices', given, allowed)
        return positive

    @property
    def out_features(self) -> list[str]:
        """The stages of `out_indices` by the names that transformers gives them."""
        return [f'stage{index}' if index else 'stem' for index in self.out_indices or ()]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Dinov2Config:
        """Build from the `backbone_config` of a config.json."""
        values = dict(values)
        _require_model_type(cls.__name__, values, 'dinov2')
        features = values.pop('out_features', None)
        if features is not None and values.get('out_indices') is None:
            values['out_indices'] = [_stage_number(name) for name in features]
        known = keep_known(cls.__name__, values, _names(cls), _RUNTIME_FIELDS)
        config = cls(**known)
        agree = features is None or list(features) == config.out_features
        allowed = f'the stages of out_indices={config.out_indices}, or left out'
        require(agree, 'Dinov2Config.out_features', features, allowed)
        return config

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values that `from_dict` and transformers read back."""
        return _as_json(model_type='dinov2', out_features=self.out_features, **asdict(self))


@dataclass(frozen=True)
class PromptDepthAnythingConfig:
    """The whole network; defaults are those of the small relative-depth network."""

    backbone_config: Dinov2Config | Mapping[str, Any] | None = None
    backbone: InitVar[str | None] = None
    use_pretrained_backbone: InitVar[bool] = False
    use_timm_backbone: InitVar[bool] = False
    backbone_kwargs: InitVar[Mapping[str, Any] | None] = None
    patch_size: int = 14
    initializer_range: float = 0.02
    reassemble_hidden_size: int = 384
    reassemble_factors: Sequence[float] = (4, 2, 1, 0.5)
    neck_hidden_sizes: Sequence[int] = (48, 96, 192, 384)
    fusion_hidden_size: int = 64
    head_in_index: int = -1  # kept for the file format: as in theirs, the head reads the last map
    head_hidden_size: int = 32
    depth_estimation_type: str = 'relative'
    max_depth: float | None = None  # kept for the file format: the prompt sets the scale
    output_attentions: bool = False
    output_hidden_states: bool = False
    return_dict: bool = True

    def __post_init__(
        self,
        backbone: str | None,
        use_pretrained_backbone: bool,
        use_timm_backbone: bool,
        backbone_kwargs: Mapping[str, Any] | None,
    ) -> None:
        _refuse_foreign_weights(
            pretrained=use_pretrained_backbone, timm=use_timm_backbone, backbone=backbone
        )
        chosen = _choose_backbone(self.backbone_config, backbone, backbone_kwargs)
        object.__setattr__(self, 'backbone_config', chosen)
        for name in ('reassemble_factors', 'neck_hidden_sizes'):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        self._check_values()
        self._check_agreement()

    def _check_values(self) -> None:
        require_whole(self, 'patch_size', 'reassemble_hidden_size', 'head_hidden_size')
        require_number(self, 'initializer_range', above=0)
        require_choice(self, 'depth_estimation_type', DEPTH_TYPES)
        if self.max_depth is not None:
            require_number(self, 'max_depth', above=0)
        width, sizes, factors = (
            self.fusion_hidden_size,
            self.neck_hidden_sizes,
            self.reassemble_factors,
        )
        enough = is_whole(width) and width > 1
        self._require(enough, 'fusion_hidden_size', 'a whole number above 1')
        self._require(all(map(is_whole, sizes)), 'neck_hidden_sizes', 'whole numbers above 0')
        allowed = 'whole numbers, or fractions between 0 and 1'
        self._require(all(map(_is_factor, factors)), 'reassemble_factors', allowed)

    def _check_agreement(self) -> None:
        backbone, stages = self.dinov2, len(self.neck_hidden_sizes)
        for name, theirs in (
            ('patch_size', 'patch_size'),
            ('reassemble_hidden_size', 'hidden_size'),
        ):
            value = getattr(backbone, theirs)
            allowed = f'equal to backbone_config.{theirs}={value}'
            self._require(getattr(self, name) == value, name, allowed)
        allowed = f'as many as neck_hidden_sizes={self.neck_hidden_sizes}'
        self._require(len(self.reassemble_factors) == stages, 'reassemble_factors', allowed)
        allowed = f'as many as backbone_config.out_indices={backbone.out_indices}'
        self._require(stages == len(backbone.out_features), 'neck_hidden_sizes', allowed)
        index = self.head_in_index
        inside = type(index) is int and -stages <= index < stages
        self._require(inside, 'head_in_index', f'from {-stages} to {stages - 1}')
        allowed = 'False: the neck takes tokens, not maps'
        reshaped = backbone.reshape_hidden_states
        require(not reshaped, 'backbone_config.reshape_hidden_states', reshaped, allowed)

    def _require(self, condition: bool, name: str, allowed: str) -> None:
        label = f'PromptDepthAnythingConfig.{name}'
        require(condition, label, getattr(self, name), allowed)

    @property
    def dinov2(self) -> Dinov2Config:
        """The checked form of `backbone_config`."""
        assert isinstance(self.backbone_config, Dinov2Config)
        return self.backbone_config

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> PromptDepthAnythingConfig:
        """Build from the content of a config.json; unknown fields are refused."""
        _require_model_type(cls.__name__, values, 'prompt_depth_anything')
        return cls(**keep_known(cls.__name__, values, _names(cls) | _BACKBONE_CHOICES))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values that `from_dict` and transformers read back."""
        own = {name: getattr(self, name) for name in _names(type(self))}
        own['backbone_config'] = self.dinov2.to_dict()
        return _as_json(model_type='prompt_depth_anything', **own)

    @classmethod
    def from_json_string(cls, text: str) -> PromptDepthAnythingConfig:
        """Build from the text of a config.json."""
        return cls.from_dict(json.loads(text))

    def to_json_string(self) -> str:
        """Return the text of a config.json."""
        return json.dumps(self.to_dict(), indent=2, sort_keys=True) + '\n'

    @classmethod
    def from_pretrained(cls, folder: Path | str) -> PromptDepthAnythingConfig:
        """Read `config.json` of a folder."""
        return cls.from_json_string((Path(folder) / CONFIG_FILE).read_text(encoding='utf-8'))

    def save_pretrained(self, folder: Path | str) -> None:
        """Write `config.json` into a folder."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / CONFIG_FILE).write_text(self.to_json_string(), encoding='utf-8')


_BACKBONE_CHOICES = frozenset(
    ('backbone', 'use_pretrained_backbone', 'use_timm_backbone', 'backbone_kwargs')
)
# transformers repeats these in backbone_config; the ones of the whole network count.
_RUNTIME_FIELDS = frozenset(('output_attentions', 'output_hidden_states', 'return_dict'))


def _refuse_foreign_weights(*, pretrained: bool, timm: bool, backbone: str | None) -> None:
    require(
        not timm,
        'PromptDepthAnythingConfig.use_timm_backbone',
        timm,
        f'False: timm backbones (asked for: {backbone}) give maps, the neck takes tokens; '
        'use backbone_config with model_type dinov2',
    )
    require(
        not pretrained,
        'PromptDepthAnythingConfig.use_pretrained_backbone',
        pretrained,
        'False: a config never fetches weights; '
        'load a whole network with PromptDepthAnythingForDepthEstimation.from_pretrained(folder)',
    )


def _choose_backbone(
    given: Dinov2Config | Mapping[str, Any] | None,
    name: str | None,
    overrides: Mapping[str, Any] | None,
) -> Dinov2Config:
    if given is None:
        return _named_backbone(name, overrides)
    for label, value in (('backbone', name), ('backbone_kwargs', overrides)):
        field = f'PromptDepthAnythingConfig.{label}'
        require(not value, field, value, 'left out where backbone_config is given')
    return given if isinstance(given, Dinov2Config) else Dinov2Config.from_dict(given)


def _named_backbone(name: str | None, overrides: Mapping[str, Any] | None) -> Dinov2Config:
    if name is None:
        allowed = 'left out where backbone is not given; use backbone_config instead'
        require(not overrides, 'PromptDepthAnythingConfig.backbone_kwargs', overrides, allowed)
        return Dinov2Config(
            **DINOV2_SIZES['small'],
            image_size=TABLE_SIDE_PX,
            out_indices=(9, 10, 11, 12),
            reshape_hidden_states=False,
        )
    known = {f'facebook/dinov2-{size}': size for size in DINOV2_SIZES}
    allowed = 'one of ' + ', '.join(known) + '; for any other shape use backbone_config'
    require(name in known, 'PromptDepthAnythingConfig.backbone', name, allowed)
    size = {**DINOV2_SIZES[known[name]], 'image_size': TABLE_SIDE_PX}
    return Dinov2Config.from_dict({**size, **(overrides or {})})


def _require_model_type(owner: str, values: Mapping[str, Any], expected: str) -> None:
    value = values.get('model_type', expected)
    require(value == expected, f'{owner}.model_type', value, expected)


def _names(config_class: type[Any]) -> set[str]:
    return {field.name for field in fields(config_class)}


def _as_json(**values: Any) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in values.items()
    }


def _side_of_square(value: Any) -> Any:
    """Take [518, 518] for 518; the position table and the head only know squares."""
    if isinstance(value, Sequence) and len(value) == 2 and value[0] == value[1]:
        return value[0]
    return value


def _stage_number(name: str) -> int:
    number = name.removeprefix('stage')
    known = name == 'stem' or (name.startswith('stage') and number.isdecimal())
    require(known, 'Dinov2Config.out_features', name, 'stem, stage1, stage2, ...')
    return 0 if name == 'stem' else int(number)


def _is_factor(value: object) -> bool:
    if not is_number(value):
        return False
    number = float(value)  # type: ignore[arg-type]
    return 0 < number < 1 or (number >= 1 and number.is_integer())
