# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Everything that decides what is made of a recording; needs neither ROS nor torch."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
import hashlib
import json
from types import MappingProxyType
from typing import Any

from promptda_ros.core.settings import describe
from promptda_ros.core.settings.cameras import CameraSettings, known_settings
from promptda_ros.core.settings.schema import Settings
from promptda_ros.core.settings.setting import SettingError, Value
from promptda_ros.model_folders import weights_digest

# A word of --outputs -> the name of the product
OUTPUTS = {
    'depth': 'depth/image_rect',
    'mm': 'depth/image_mm',
    'compressed': 'depth/image_mm/compressedDepth',
    'points': 'points',
    'dense': 'points_dense',
    'normals': 'points_normals',
    'validity': 'depth/validity',
    'uncertainty': 'depth/uncertainty',
    'preview': 'depth/preview',
}
ALWAYS = 'depth/camera_info'
# Parameters that a recording has no use for: how a node starts, subscribes and captures.
OF_A_NODE = ('autostart', 'strict_params', 'qos', 'capture', 'watchdog')
# What a user calls a choice
OPTIONS = {
    'model_sha256': 'the sha256 of the weights',
    'outputs': '--outputs',
    'prefix': '--prefix',
    'copy': '--copy',
    'include': '--include-topic',
    'exclude': '--exclude-topic',
    'storage': '--storage',
    'compress': '--compress',
    'start_sec': '--start',
    'end_sec': '--end',
    'every': '--every',
    'to': '--to',
    'task': '--task',
}
# Which weights these lead to is what counts.
LEADS_TO_WEIGHTS = ('model.name', 'model.path', 'model.sha256')
NAMED_DIFFERENCES = 3


@dataclass(frozen=True)
class CameraTopics:
    """The topics of one camera; an empty one is found in the recording, where only one fits."""

    image: str = ''
    depth: str = ''
    camera_info: str = ''
    depth_camera_info: str = ''
    confidence: str = ''
    mask: str = ''

    @property
    def beside(self) -> set[str]:
        """Return the topics whose messages are kept beside the pairs."""
        few = (self.camera_info, self.depth_camera_info, self.confidence, self.mask)
        return {topic for topic in few if topic}


@dataclass(frozen=True)
class Recipe:
    """What is made of a recording: equal recipes make equal results of equal recordings."""

    topics: Mapping[str, CameraTopics]  # by the name of the camera, '' where there is one
    parameters: Mapping[str, Value]  # every effective parameter by its full name
    model_sha256: str
    outputs: tuple[str, ...] = ('compressed',)
    prefix: str = '/promptda'
    copy: str = 'all'
    include: str = ''  # regular expression of topics to copy; empty: all
    exclude: str = ''  # of those not to copy; empty: none
    storage: str = 'mcap'
    compress: str = 'zstd'
    start_sec: float | None = None  # from the beginning of the recording
    end_sec: float | None = None
    every: int = 1
    to: str = 'bag'  # or lerobot
    task: str = ''  # of an episode

    @classmethod
    def of(
        cls,
        given: Mapping[str, object],
        topics: Mapping[str, CameraTopics] = MappingProxyType({}),
        outputs: Collection[str] = ('compressed',),
        **choices: Any,
    ) -> Recipe:
        """Build a recipe from parameters by full name; what is not given has its default.

        Raises:
            SettingError: a parameter is wrong, or `topics` are of a camera that is not there.
        """
        settings = CameraSettings.of(given)
        for camera in topics:
            if camera not in settings.of_cameras:
                raise SettingError(f"topics are given for camera '{camera}', which is not there")
        return cls(
            topics={camera: topics.get(camera, CameraTopics()) for camera in settings.of_cameras},
            parameters=dict(_effective(settings)),
            model_sha256=weights_digest(settings.common.model),
            outputs=tuple(word for word in OUTPUTS if word in outputs),
            **choices,
        )

    @property
    def settings(self) -> Settings:
        """Return the settings where a camera has none of its own."""
        return CameraSettings.of(self.parameters).common

    @property
    def of_cameras(self) -> Mapping[str, Settings]:
        """Return the settings of each camera."""
        return CameraSettings.of(self.parameters).of_cameras

    @property
    def products(self) -> tuple[str, ...]:
        """Return the names of the products to write."""
        return (ALWAYS, *(OUTPUTS[word] for word in self.outputs))

    @property
    def digest(self) -> str:
        """Return the sha256 of what is compared."""
        return hashlib.sha256(json.dumps(_compared(self)).encode()).hexdigest()

    def difference(self, other: Recipe) -> str:
        """Say where the other recipe has something else; empty: nowhere that matters."""
        if self == other:
            return ''
        mine, theirs = _compared(self), _compared(other)
        differing = [name for name in {**mine, **theirs} if mine.get(name) != theirs.get(name)]
        said = [
            f'{name} was {_text(mine.get(name))} and is {_text(theirs.get(name))} now'
            for name in differing[:NAMED_DIFFERENCES]
        ]
        more = len(differing) - len(said)
        return '; '.join(said) + (f', and {more} more differ' if more else '')

    def to_json(self) -> dict[str, Any]:
        """Return plain values for a JSON file."""
        return asdict(self)

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> Recipe:
        """Return the recipe of a JSON file; parameters that are not known any more are kept."""
        own = known_fields(cls, values)
        topics = {camera: CameraTopics(**each) for camera, each in own['topics'].items()}
        parameters = {name: _plain(value) for name, value in own['parameters'].items()}
        outputs = tuple(own['outputs'])
        return cls(**{**own, 'topics': topics, 'parameters': parameters, 'outputs': outputs})


def known_fields(kind: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a JSON file has of the fields of a dataclass; other versions have more."""
    known = {each.name for each in fields(kind)}
    return {name: value for name, value in values.items() if name in known}


def _effective(settings: CameraSettings) -> Iterator[tuple[str, Value]]:
    """Yield every parameter of all cameras, then those that a camera has of its own."""
    for name, (camera, setting) in known_settings(settings.common.cameras).items():
        if name.partition('.')[0] in OF_A_NODE:
            continue
        if not camera:
            yield name, settings.values.get(name, setting.default)
        elif name in settings.values and settings.values[name] is not None:
            yield name, settings.values[name]


def _compared(recipe: Recipe) -> dict[str, Any]:
    """Return what decides the result, by the name that a user would give it, in one order."""
    plain = json.loads(json.dumps(recipe.to_json()))  # tuples and lists are the same
    topics, parameters = plain['topics'], plain['parameters']
    parameters['device'] = parameters['device'].partition(':')[0]  # any GPU will do
    options = {option: plain[name] for name, option in OPTIONS.items()}
    named = {
        f'{camera}.{role} topic'.lstrip('.'): topic
        for camera, roles in topics.items()
        for role, topic in roles.items()
    }
    defaults = {each.name: json.loads(json.dumps(each.default)) for each in describe()}
    of_result = {
        name: value
        for name, value in {**defaults, **parameters}.items()
        if name not in LEADS_TO_WEIGHTS and name.partition('.')[0] not in OF_A_NODE
    }
    return options | dict(sorted((named | of_result).items()))


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ','.join(map(str, value))
    return 'not given' if value in (None, '') else str(value)
