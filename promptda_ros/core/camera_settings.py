# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Settings of one camera among several: those of all, overlaid with those under its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from promptda_ros.core.names import check_camera
from promptda_ros.core.setting import Setting, SettingError
from promptda_ros.core.settings import build, describe, Settings

# Groups of which each camera may have values of its own; the others belong to the node.
GROUPS = ('input', 'qos', 'sync', 'prompt', 'extrinsics', 'output', 'workspace', 'trust')


def own_settings() -> tuple[Setting, ...]:
    """List the settings of which a camera may have values of its own."""
    return tuple(each for each in describe() if each.name.partition('.')[0] in GROUPS)


def own_name(camera: str, setting: str) -> str:
    """Return the name of a setting of one camera: left.sync.tolerance."""
    return f'{camera}.{setting}'


def known_names(cameras: Sequence[str]) -> list[str]:
    """List the names of all settings, those of each camera among them."""
    common = [setting.name for setting in describe()]
    named = [camera for camera in cameras if camera]
    return common + [own_name(camera, each.name) for camera in named for each in own_settings()]


def build_common(values: Mapping[str, object]) -> Settings:
    """Build the checked settings that hold where a camera has none of its own.

    Raises:
        SettingError: a value is wrong, or two contradict each other.
    """
    return build(_common(values))


def build_cameras(values: Mapping[str, object]) -> dict[str, Settings]:
    """Build the checked settings of every camera, by its name, from values by dotted name.

    Raises:
        SettingError: a value or a camera's name is wrong, or two values contradict each other.
    """
    common = _common(values)
    cameras = build(common).cameras
    check_cameras(cameras)
    return {camera: _build_camera(camera, common, values) for camera in cameras}


def _common(values: Mapping[str, object]) -> dict[str, object]:
    names = {setting.name for setting in describe()}
    return {name: value for name, value in values.items() if name in names}


def _build_camera(
    camera: str, common: Mapping[str, object], values: Mapping[str, object]
) -> Settings:
    names = {each.name: own_name(camera, each.name) for each in own_settings()}
    own = {setting: values[name] for setting, name in names.items() if name in values}
    try:
        return build({**common, **own})
    except SettingError as error:
        raise SettingError(f'camera {camera}: {error}' if own else str(error)) from None


def check_cameras(cameras: Sequence[str]) -> None:
    """Refuse cameras that can't be told apart or named in ROS.

    Raises:
        SettingError: with the name that is wrong.
    """
    if len(cameras) == 1 and cameras[0] == '':
        return
    if not cameras:
        raise SettingError("parameter cameras: no camera is named; [''] is one without a name")
    for camera in cameras:
        check_camera(camera)
        if hasattr(Settings(), camera):
            raise SettingError(
                f"parameter cameras: '{camera}' is the name of parameters already; name the "
                'camera differently'
            )
    if len(set(cameras)) < len(cameras):
        raise SettingError(f'parameter cameras: {", ".join(cameras)} name one camera twice')
