# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The shape of a Prompt Depth Anything network, as `config.json` states it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, InitVar
from typing import Any, ClassVar

from promptda_ros.core.depth_space import DEPTH_SPACES
from promptda_ros.network.checked import Checked, takes_foreign
from promptda_ros.network.dinov2_config import Dinov2Config, PUBLISHED
from promptda_ros.network.fields import Foreign, is_factor, is_whole, LARGEST_FACTOR, require
from promptda_ros.network.files.folder import CONFIG_FILE
from promptda_ros.network.foreign import CONFIG

DEPTH_TYPES = ('relative', 'metric')
_MOST_CHANNELS = 16384


@takes_foreign
@dataclass
class PromptDepthAnythingConfig(Checked):
    """The whole network; defaults are those of the small relative-depth network.

    The backbone is given by `backbone_config`, or by the name of a published DINOv2 in `backbone`
    with changes in `backbone_kwargs`. Either way its shape is what is kept.
    """

    file_name: ClassVar[str] = CONFIG_FILE
    foreign: ClassVar[Foreign] = CONFIG
    model_type: ClassVar[str] = 'prompt_depth_anything'
    sub_configs: ClassVar[dict[str, type[Checked]]] = {'backbone_config': Dinov2Config}

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
    # Of prompt and output inside; not known to transformers, which would take both as metres.
    depth_space: str = 'metres'
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
        why = (
            'timm backbones give maps where the neck takes tokens; use backbone_config of a dinov2'
        )
        _refuse('use_timm_backbone', use_timm_backbone, why)
        why = 'a config never fetches weights; load a whole network with from_pretrained(folder)'
        _refuse('use_pretrained_backbone', use_pretrained_backbone, why)
        self.backbone_config = _choose_backbone(self.backbone_config, backbone, backbone_kwargs)

    def check(self) -> None:
        """Normalise the values; raises ValueError that names a wrong one."""
        vars(self)['backbone_config'] = _choose_backbone(self.backbone_config, None, None)
        self.dinov2.check()
        self.require_flags()
        self.require_list('reassemble_factors')
        self.require_list('neck_hidden_sizes')
        self._check_values()
        self._check_agreement()

    def _check_values(self) -> None:
        widths = ('reassemble_hidden_size', 'head_hidden_size', 'fusion_hidden_size')
        self.require_whole('patch_size', *widths, at_most=_MOST_CHANNELS)
        allowed = 'above 1: the head halves it'
        self.require_field('fusion_hidden_size', self.fusion_hidden_size > 1, allowed)
        self.require_number('initializer_range', at_least=0)
        self.require_choice('depth_estimation_type', DEPTH_TYPES)
        self.require_choice('depth_space', tuple(DEPTH_SPACES))
        if self.max_depth is not None:
            self.require_number('max_depth', at_least=0)
        sizes, factors = self.neck_hidden_sizes, self.reassemble_factors
        sound = all(is_whole(size) and size <= _MOST_CHANNELS for size in sizes)
        allowed = f'whole and above 0, {_MOST_CHANNELS} at most'
        self.require_field('neck_hidden_sizes', sound, allowed)
        allowed = f'whole numbers up to {LARGEST_FACTOR}, or fractions between 0 and 1'
        self.require_field('reassemble_factors', all(map(is_factor, factors)), allowed)

    def _check_agreement(self) -> None:
        dinov2, stages = self.dinov2, len(self.neck_hidden_sizes)
        allowed = f'equal to backbone_config.patch_size={dinov2.patch_size}'
        self.require_field('patch_size', self.patch_size == dinov2.patch_size, allowed)
        agree = self.reassemble_hidden_size == dinov2.hidden_size
        allowed = f'equal to backbone_config.hidden_size={dinov2.hidden_size}'
        self.require_field('reassemble_hidden_size', agree, allowed)
        agree = len(self.reassemble_factors) >= stages  # more are left over, as in theirs
        allowed = f'as many as neck_hidden_sizes={self.neck_hidden_sizes}'
        self.require_field('reassemble_factors', agree, allowed)
        allowed = f'as many as backbone_config.out_indices={dinov2.out_indices}'
        self.require_field('neck_hidden_sizes', stages == len(dinov2.out_features), allowed)
        bounded = self.depth_space == 'metres' or self.depth_estimation_type == 'metric'
        allowed = "metres where depth_estimation_type is 'relative', which has no bound"
        self.require_field('depth_space', bounded, allowed)
        inside = self.head_in_index in range(-stages, stages)
        self.require_field('head_in_index', inside, f'from {-stages} to {stages - 1}')
        reshaped, label = dinov2.reshape_hidden_states, 'backbone_config.reshape_hidden_states'
        require(not reshaped, label, reshaped, 'False: the neck takes tokens, not maps')

    @property
    def dinov2(self) -> Dinov2Config:
        """The checked form of `backbone_config`."""
        assert isinstance(self.backbone_config, Dinov2Config)
        return self.backbone_config

    @property
    def use_return_dict(self) -> bool:
        """Return return_dict under the name that transformers has for it."""
        return self.return_dict

    @property
    def num_labels(self) -> int:
        """The number of labels, 2 by default as in transformers; nothing uses it."""
        return len(self.id2label or _labels(2))

    @num_labels.setter
    def num_labels(self, count: int) -> None:
        self.id2label = _labels(count)
        self.label2id = {label: number for number, label in self.id2label.items()}


def _labels(count: int) -> dict[int, str]:
    return {number: f'LABEL_{number}' for number in range(count)}


def _refuse(name: str, asked: bool, why: str) -> None:
    require(not asked, f'PromptDepthAnythingConfig.{name}', asked, f'False: {why}')


def _choose_backbone(
    given: Dinov2Config | Mapping[str, Any] | None,
    name: str | None,
    changes: Mapping[str, Any] | None,
) -> Dinov2Config:
    if given is None:
        return _named_backbone(name, changes)
    allowed = 'left out where backbone_config is given'
    require(name is None, 'PromptDepthAnythingConfig.backbone', name, allowed)
    require(not changes, 'PromptDepthAnythingConfig.backbone_kwargs', changes, allowed)
    return given if isinstance(given, Dinov2Config) else Dinov2Config.from_dict(given)


def _named_backbone(name: str | None, changes: Mapping[str, Any] | None) -> Dinov2Config:
    if name is None:
        allowed = 'left out where backbone is; put the shape into backbone_config instead'
        require(not changes, 'PromptDepthAnythingConfig.backbone_kwargs', changes, allowed)
        name = 'facebook/dinov2-small'
        changes = {'out_indices': (9, 10, 11, 12), 'reshape_hidden_states': False}
    allowed = f'one of {", ".join(PUBLISHED)}; for any other shape use backbone_config'
    require(name in PUBLISHED, 'PromptDepthAnythingConfig.backbone', name, allowed)
    return Dinov2Config.from_dict({**PUBLISHED[name], **(changes or {})})
