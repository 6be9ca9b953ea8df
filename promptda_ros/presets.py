# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a known camera differs in from the defaults: config/presets/*.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from promptda_ros.core.errors import suggest
from promptda_ros.core.settings import build
from promptda_ros.core.settings.setting import SettingError, Value
from promptda_ros.core.yaml_file import read_yaml, YamlFileError
from promptda_ros.share import share_folder

TOPICS = ('image', 'depth', 'camera_info', 'depth_camera_info', 'confidence', 'mask')
SECTIONS = ('topics', 'parameters')


@dataclass(frozen=True)
class Preset:
    """The topics of a camera driver, and parameters by their dotted names."""

    topics: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Value] = field(default_factory=dict)


def names() -> list[str]:
    """List the presets of the package."""
    return sorted(path.stem for path in _folder().glob('*.yaml'))


def load(name: str) -> Preset:
    """Load a preset of the package.

    Raises:
        SettingError: there is none of that name.
    """
    path = _folder() / f'{name}.yaml'
    if not path.is_file():
        raise SettingError(f'no preset {name!r}; {suggest(name, names())}')
    return read(path)


def read(path: Path) -> Preset:
    """Read a file with the sections `topics` and `parameters`.

    Raises:
        SettingError: the file has something else in it, or a value that is no good.
    """
    try:
        sections = _mapping(read_yaml(path) or {}, 'the file')
        _refuse_unknown(sections, SECTIONS, 'section')
        topics = _mapping(sections.get('topics', {}), 'topics')
        _refuse_unknown(topics, TOPICS, 'topic')
        parameters = _flatten(_mapping(sections.get('parameters', {}), 'parameters'))
        build(parameters)
        for name, topic in topics.items():
            _require_topic(name, topic)
    except YamlFileError as error:
        raise SettingError(str(error)) from None
    except SettingError as error:
        raise SettingError(f'{path}: {error}') from None
    return Preset(topics=topics, parameters=parameters)


def _folder() -> Path:
    return share_folder() / 'config' / 'presets'


def _mapping(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SettingError(f'{what} is not a list of names with values')
    return value


def _require_topic(name: str, topic: object) -> None:
    if not isinstance(topic, str) or not topic:
        raise SettingError(f'topic {name} is {topic!r}, not the name of a topic')


def _refuse_unknown(given: Mapping[str, Any], known: tuple[str, ...], what: str) -> None:
    for name in given:
        if name not in known:
            raise SettingError(f'unknown {what} {name!r}; {suggest(name, list(known))}')


def _flatten(groups: Mapping[str, Any], prefix: str = '') -> dict[str, Value]:
    """Return values by dotted name; YAML may be nested or dotted itself."""
    flat: dict[str, Value] = {}
    for name, value in groups.items():
        if isinstance(value, dict):
            flat.update(_flatten(value, f'{prefix}{name}.'))
        else:
            flat[f'{prefix}{name}'] = value
    return flat
