# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Settings of one camera among several: those of all, overlaid with those under its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from promptda_ros.core.names import check_camera
from promptda_ros.core.settings import describe, with_values
from promptda_ros.core.settings.schema import Settings
from promptda_ros.core.settings.setting import has_value, Setting, SettingError, Value

# Groups of which each camera may have values of its own; the others belong to the node.
GROUPS = ('input', 'qos', 'sync', 'prompt', 'extrinsics', 'output', 'workspace', 'trust')


@dataclass(frozen=True)
class CameraSettings:
    """The settings of every camera of a node: the common ones, overlaid with its own."""

    common: Settings  # where a camera has none of its own
    of_cameras: Mapping[str, Settings]  # by the camera's name
    values: Mapping[str, Value]  # what was given, by full name
    known: Mapping[str, tuple[str, Setting]]  # by full name: camera or ''

    @classmethod
    def of(cls, given: Mapping[str, object]) -> CameraSettings:
        """Build checked settings from values by full name; names that are unknown are left out.

        Raises:
            SettingError: a value or a camera's name is wrong, or two values contradict each other.
        """
        common = Settings()
        known = known_settings(())
        if 'cameras' in given:
            cameras = known['cameras'][1].check(given['cameras'])
            common = with_values(common, {'cameras': cameras})
        check_cameras(common.cameras)
        default = cls(
            common, dict.fromkeys(common.cameras, common), {}, known_settings(common.cameras)
        )
        return default.changed(given)

    def changed(self, given: Mapping[str, object]) -> CameraSettings:
        """Return the settings with some values changed; a word for nothing takes one away.

        Raises:
            SettingError: a value is wrong, or two contradict each other.
        """
        values, touched = dict(self.values), dict[str, Setting]()
        for name in filter(self.known.__contains__, given):
            camera, setting = self.known[name]
            touched[setting.name] = setting
            values.pop(name, None)
            # None is no word for nothing: nobody can delete a parameter.
            if given[name] is None or has_value(given[name]):
                with _named(camera):
                    values[name] = setting.check(given[name])
        common = {name: values.get(name, each.default) for name, each in touched.items()}
        names = {(camera, setting.name): name for name, (camera, setting) in self.known.items()}
        of_cameras = {}
        for camera, settings in self.of_cameras.items():
            own = {
                name: values.get(names.get((camera, name), ''), value)
                for name, value in common.items()
            }
            with _named('' if own == common else camera):
                of_cameras[camera] = with_values(settings, own)
        return replace(
            self, common=with_values(self.common, common), of_cameras=of_cameras, values=values
        )


def known_settings(cameras: Sequence[str]) -> dict[str, tuple[str, Setting]]:
    """Return what belongs to every full name: a camera, '' for all of them, and the setting.

    Those of one camera begin with its name: left.sync.tolerance.
    """
    known = {setting.name: ('', setting) for setting in describe()}
    own = [setting for _, setting in known.values() if setting.name.partition('.')[0] in GROUPS]
    for camera in filter(None, cameras):
        known |= {f'{camera}.{setting.name}': (camera, setting) for setting in own}
    return known


@contextmanager
def _named(camera: str) -> Iterator[None]:
    """Name the camera whose value is wrong."""
    try:
        yield
    except SettingError as error:
        raise SettingError(f'camera {camera}: {error}' if camera else str(error)) from None


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
