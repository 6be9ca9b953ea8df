# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""core.settings <-> ROS parameters: the only place that declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

from promptda_ros.core.peer_text import printable
from promptda_ros.core.settings import unknown_setting
from promptda_ros.core.settings.cameras import CameraSettings
from promptda_ros.core.settings.schema import Settings
from promptda_ros.core.settings.setting import has_value, Setting, SettingError, Value


class Parameters:
    """Declares every setting on a node and keeps their values up to date with live changes.

    `settings` are the common ones, `of_cameras` those that hold for each camera, by its name.
    """

    def __init__(self, node: Node) -> None:
        """Declare and read.

        Raises:
            SettingError: a value given at start is wrong, or `strict_params` finds an unknown one.
        """
        self._node = node
        self._listeners: list[Callable[[Mapping[str, Settings]], None]] = []
        # rclpy ignores what was given but never declared, and offers no public list of it.
        overrides = node._parameter_overrides  # noqa: SLF001
        given = {name: each.value for name, each in overrides.items()}
        given = {name: value for name, value in given.items() if has_value(value)}
        self._current = self._checked = CameraSettings.of(given)
        self._judge_unknown(given.keys() - self._current.known.keys())
        self._declare()
        if hasattr(node, 'add_post_set_parameters_callback'):
            node.add_on_set_parameters_callback(self._check)
            node.add_post_set_parameters_callback(self._take_over)
        else:  # Humble knows no later moment
            node.add_on_set_parameters_callback(self._check_and_take_over)

    @property
    def settings(self) -> Settings:
        """Return the common settings."""
        return self._current.common

    @property
    def of_cameras(self) -> Mapping[str, Settings]:
        """Return the settings that hold for each camera, by its name."""
        return self._current.of_cameras

    def on_change(self, listener: Callable[[Mapping[str, Settings]], None]) -> None:
        """Call the listener with every camera's settings after every accepted live change."""
        self._listeners.append(listener)

    def _declare(self) -> None:
        """Declare with the checked values, so that a dump of them can be given at a start."""
        for name, (camera, setting) in self._current.known.items():
            # A camera's own has no value: the common one holds, also when that changes.
            default = None if camera else setting.default
            declared = _own(name, camera, setting) if camera else setting
            _declare(self._node, declared, self._current.values.get(name, default))

    def _judge_unknown(self, names: set[str]) -> None:
        for name in sorted(names):
            # Those of QoS are judged by what knows the topics.
            if self._node.has_parameter(name) or name.startswith('qos_overrides.'):
                continue
            text = unknown_setting(name, [*self._current.known])
            if self.settings.strict_params:
                raise SettingError(text)
            self._node.get_logger().warning(f'{text} (ignored)')

    def _check(self, parameters: list[Parameter]) -> SetParametersResult:
        given = {each.name: each.value for each in parameters}
        try:
            self._checked = self._current.changed(given)
        except SettingError as error:
            return SetParametersResult(successful=False, reason=printable(str(error)))
        return SetParametersResult(successful=True)

    def _take_over(self, parameters: list[Parameter]) -> None:
        before, self._current = self._current, self._checked
        if self._current.of_cameras == before.of_cameras:
            return
        changes = ', '.join(f'{each.name} = {each.value}' for each in parameters)
        self._node.get_logger().info(f'changed: {changes}')
        for listener in self._listeners:
            listener(self._current.of_cameras)

    def _check_and_take_over(self, parameters: list[Parameter]) -> SetParametersResult:
        result = self._check(parameters)
        if result.successful:
            self._take_over(parameters)
        return result


def _own(name: str, camera: str, setting: Setting) -> Setting:
    meaning = f'As {setting.name}, which holds while this has no value, of {camera} alone.'
    return replace(setting, name=name, meaning=meaning)


def _declare(node: Node, setting: Setting, value: Value | None) -> None:
    # Types are checked by `build`: rclpy would refuse an int for a double (`tolerance: 1`), and
    # would not say which of several parameters has the wrong type.
    descriptor = ParameterDescriptor(
        description=describe_line(setting),
        read_only=not setting.live,
        dynamic_typing=True,
        additional_constraints=_constraints(setting),
    )
    if setting.limits is not None:
        low, high = setting.limits
        if isinstance(setting.default, float):
            span = FloatingPointRange(from_value=float(low), to_value=float(high))
            descriptor.floating_point_range = [span]
        else:
            span = IntegerRange(from_value=int(low), to_value=int(high), step=1)
            descriptor.integer_range = [span]
    node.declare_parameter(setting.name, value, descriptor, ignore_override=True)


def describe_line(setting: Setting) -> str:
    """Return the meaning with its unit."""
    return f'{setting.meaning} [{setting.unit}]' if setting.unit else setting.meaning


def _constraints(setting: Setting) -> str:
    choices = f'one of {", ".join(setting.choices)}' if setting.choices else ''
    read_only = '' if setting.live else 'read-only; restart the node to change it'
    return '; '.join(text for text in (choices, read_only) if text)
