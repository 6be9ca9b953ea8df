# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Arguments -> a recipe: presets, parameter files and options, the later ones winning."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
import sys

from promptda_ros import presets
from promptda_ros.bags.processing.recipe import CameraTopics, Recipe
from promptda_ros.core.model_names import EMBEDDED
from promptda_ros.core.names import NODE_TOKEN
from promptda_ros.core.settings import model_setting, unknown_setting
from promptda_ros.core.settings.cameras import CameraSettings
from promptda_ros.core.settings.setting import has_value, SettingError
from promptda_ros.params_file import values_of
from promptda_ros.tools.arguments import UsageError

NODE = '/promptda'
OF_EVERY_NODE = ('use_sim_time', 'qos_overrides.', 'start_type_description_service')


@dataclass(frozen=True)
class Request:
    """The cameras that are asked for."""

    given: Mapping[str, object]  # parameters by full name
    settings: CameraSettings
    topics: Mapping[str, CameraTopics]  # by camera


def recipe_of(arguments: argparse.Namespace, warn: Callable[[str], object]) -> Recipe:
    """Return the recipe that the arguments ask for; `warn` hears of unknown parameters in files.

    Raises:
        SettingError: a parameter, a file or a preset is wrong.
        UsageError: a topic is of a camera that is not there.
    """
    request = request_of(arguments, warn)
    return Recipe.of(
        request.given,
        request.topics,
        outputs=arguments.outputs,
        prefix=prefix_of(arguments.prefix),
        copy=arguments.copy,
        include=arguments.include_topic,
        exclude=arguments.exclude_topic,
        storage=arguments.storage,
        compress=arguments.compress,
        start_sec=arguments.start,
        end_sec=arguments.end,
        every=arguments.every,
        to=arguments.to,
        task=arguments.task,
    )


def request_of(arguments: argparse.Namespace, warn: Callable[[str], object]) -> Request:
    """Return the cameras that the arguments ask for, as `recipe_of` does.

    Raises:
        SettingError: a parameter, a file or a preset is wrong.
        UsageError: a topic is of a camera that is not there.
    """
    preset = presets.load(arguments.camera) if arguments.camera else presets.Preset()
    given = {**preset.parameters, **_of_files(arguments.params_file, arguments, warn)}
    given |= dict(arguments.settings) | _of_options(arguments)
    settings = CameraSettings.of(given)
    for name in dict(arguments.settings):
        if name not in settings.known:
            raise SettingError(unknown_setting(name, [*settings.known]))
    cameras = settings.common.cameras
    topics = {name: _topics_of(name, cameras, arguments, preset.topics) for name in cameras}
    return Request(given, settings, topics)


def _of_files(
    paths: list[Path], arguments: argparse.Namespace, warn: Callable[[str], object]
) -> dict[str, object]:
    """Return the parameters of the files, unknown ones as the node takes them."""
    given: dict[str, object] = {}
    for path in paths:
        given |= values_of(path, NODE)
    given = {name: value for name, value in given.items() if has_value(value)}
    settings = CameraSettings.of(given | _of_options(arguments))
    for name in sorted(given.keys() - settings.known.keys()):
        if name.startswith(OF_EVERY_NODE):
            continue
        text = unknown_setting(name, [*settings.known])
        if settings.common.strict_params:
            raise SettingError(text)
        warn(f'{text} (ignored)')
    return given


def _of_options(arguments: argparse.Namespace) -> dict[str, object]:
    """Return the parameters that have options of their own here."""
    given: dict[str, object] = {}
    if arguments.cameras:
        given['cameras'] = arguments.cameras
    if arguments.model:
        # The other of name and path would contradict it, where a file has that.
        given |= {'model.name': EMBEDDED, 'model.path': ''}
        setting = model_setting(arguments.model)
        is_folder = setting == 'model.path'  # in full, for other processes and machines
        model = Path(arguments.model).expanduser().resolve() if is_folder else arguments.model
        given[setting] = str(model)
    if arguments.device:
        given['device'] = arguments.device
    if arguments.resolution:
        given['model.resolution'] = arguments.resolution
    return given


def _topics_of(
    camera: str,
    cameras: tuple[str, ...],
    arguments: argparse.Namespace,
    of_preset: Mapping[str, str],
) -> CameraTopics:
    """Return the topics of a camera; with a name they lie below it, as the launch file has it."""
    chosen: dict[str, str] = {}
    for role in presets.TOPICS:
        # What is meant for this camera alone comes last.
        for name, topic in sorted(getattr(arguments, role), key=lambda each: bool(each[0])):
            if name and name not in cameras:
                raise UsageError(
                    f'--{role.replace("_", "-")} {name}={topic}: no camera has that name; name '
                    f'all cameras with --cameras{_named(cameras)}'
                )
            if name in ('', camera):
                chosen[role] = full_topic(topic, '' if name else camera)
    topics = {role: full_topic(topic, camera) for role, topic in of_preset.items()}
    for picture, calibration in (('image', 'camera_info'), ('depth', 'depth_camera_info')):
        if picture in chosen:
            topics.pop(calibration, None)  # it belongs to another picture
    return CameraTopics(**{**topics, **chosen})


def _named(cameras: tuple[str, ...]) -> str:
    names = ', '.join(filter(None, cameras))
    return f' ({names} are known)' if names else ''


def print_warning(text: str) -> None:
    """Say what is no reason to stop."""
    print(f'warning: {text}', file=sys.stderr)


def full_topic(topic: str, camera: str) -> str:
    """Return the whole name of a topic, below the name of its camera."""
    return '/' + '/'.join(filter(None, (camera, topic.lstrip('/'))))


def prefix_of(text: str) -> str:
    """Return a namespace that begins with a slash and ends without.

    Raises:
        UsageError: it can't be part of a topic.
    """
    tokens = text.strip('/').split('/')
    for token in tokens:
        if not NODE_TOKEN.fullmatch(token):
            raise UsageError(
                f"--prefix {text}: '{token}' can't be part of a topic: a letter or an underscore, "
                'then letters, digits and underscores'
            )
    return '/' + '/'.join(tokens)
