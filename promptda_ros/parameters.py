# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""core.settings <-> ROS parameters: the only place that declares."""

from __future__ import annotations

from collections.abc import Callable

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

from promptda_ros.core.setting import Setting, SettingError
from promptda_ros.core.settings import build, describe, Settings, unknown_setting


class Parameters:
    """Declares every setting on a node and keeps `settings` up to date with live changes."""

    def __init__(self, node: Node) -> None:
        """Declare and read.

        Raises:
            SettingError: a value given at start is wrong, or `strict_params` finds an unknown one.
        """
        self._node = node
        self._listeners: list[Callable[[Settings], None]] = []
        settings = {setting.name: setting for setting in describe()}
        # rclpy ignores what was given but never declared, and offers no public list of it.
        given: dict[str, Parameter] = node._parameter_overrides
        values = {name: given[name].value for name in settings.keys() & given.keys()}
        self.settings = build(values)
        self._judge_unknown(set(given) - settings.keys())
        for setting in settings.values():
            _declare(node, setting)
        if hasattr(node, 'add_post_set_parameters_callback'):
            node.add_on_set_parameters_callback(self._check)
            node.add_post_set_parameters_callback(self._take_over)
        else:  # Humble knows no later moment
            node.add_on_set_parameters_callback(self._check_and_take_over)

    def on_change(self, listener: Callable[[Settings], None]) -> None:
        """Call the listener with the new settings after every accepted live change."""
        self._listeners.append(listener)

    def _judge_unknown(self, names: set[str]) -> None:
        for name in sorted(names):
            if self._node.has_parameter(name) or name.startswith('qos_overrides.'):
                continue
            if self.settings.strict_params:
                raise SettingError(unknown_setting(name))
            self._node.get_logger().warning(f'{unknown_setting(name)} (ignored)')

    def _check(self, parameters: list[Parameter]) -> SetParametersResult:
        try:
            self._with(parameters)
        except SettingError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _take_over(self, parameters: list[Parameter]) -> None:
        settings = self._with(parameters)
        if settings == self.settings:
            return
        self.settings = settings
        changes = ', '.join(f'{each.name} = {each.value}' for each in parameters)
        self._node.get_logger().info(f'changed: {changes}')
        for listener in self._listeners:
            listener(settings)

    def _check_and_take_over(self, parameters: list[Parameter]) -> SetParametersResult:
        result = self._check(parameters)
        if result.successful:
            self._take_over(parameters)
        return result

    def _with(self, parameters: list[Parameter]) -> Settings:
        known = {setting.name for setting in describe()}
        current = {name: self._node.get_parameter(name).value for name in known}
        changed = {each.name: each.value for each in parameters if each.name in known}
        return build({**current, **changed})


def _declare(node: Node, setting: Setting) -> None:
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
    node.declare_parameter(setting.name, setting.default, descriptor)


def describe_line(setting: Setting) -> str:
    """Return the meaning with its unit."""
    return f'{setting.meaning} [{setting.unit}]' if setting.unit else setting.meaning


def _constraints(setting: Setting) -> str:
    choices = f'one of {", ".join(setting.choices)}' if setting.choices else ''
    read_only = '' if setting.live else 'read-only; restart the node to change it'
    return '; '.join(text for text in (choices, read_only) if text)
