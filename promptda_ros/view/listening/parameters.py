# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The parameters of a running node, read and set through its services."""

from __future__ import annotations

from collections.abc import Mapping
import threading
from typing import Any

from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.msg import ParameterEvent
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.node import Node
from rclpy.parameter import Parameter, parameter_value_to_python
from rclpy.qos import qos_profile_parameter_events

from promptda_ros.core.settings.cameras import CameraSettings, known_settings
from promptda_ros.core.settings.schema import Settings
from promptda_ros.core.settings.setting import Value

ANSWER_SEC = 3.0


class NodeParameters:
    """What holds for one camera of a node; its callbacks run on the executor."""

    def __init__(self, node: Node, target: str, camera: str) -> None:
        self._node = node
        self._target = target
        self._camera = camera
        self._known = known_settings((camera,))
        self._given: dict[str, object] = {}
        self._settings: CameraSettings | None = None
        self._get = node.create_client(GetParameters, f'{target}/get_parameters')
        self._set = node.create_client(SetParameters, f'{target}/set_parameters')
        self._is_asked = False
        node.create_subscription(
            ParameterEvent, '/parameter_events', self._on_event, qos_profile_parameter_events
        )

    @property
    def settings(self) -> Settings | None:
        """Return the settings of the camera, None until the node has told them."""
        return None if self._settings is None else self._settings.of_cameras[self._camera]

    def values(self) -> Mapping[str, Value]:
        """Return the values that hold for the camera by name; empty until they are known."""
        found = self._settings
        if found is None:
            return {}
        own = f'{self._camera}.'
        common = {
            name: found.values.get(name, setting.default)
            for name, (camera, setting) in self._known.items()
            if not camera
        }
        return {name: found.values.get(own + name, value) for name, value in common.items()}

    def set(self, name: str, value: Value) -> str:
        """Set a parameter, of the camera alone if it has a name; return why it was refused."""
        full = f'{self._camera}.{name}' if self._camera else name
        given = list(value) if isinstance(value, tuple) else value
        request = SetParameters.Request(
            parameters=[Parameter(full, value=given).to_parameter_msg()]
        )
        answer = wait_for(self._set, request, ANSWER_SEC)
        if answer is None:
            return (
                f'{self._target} does not answer, so that {full} stays as it was; check that the '
                'node runs: ros2 node list'
            )
        (result,) = answer.results
        return '' if result.successful else str(result.reason)

    def ask(self) -> None:
        """Ask for everything once; to be called until the settings are known."""
        if self._is_asked or not self._get.service_is_ready():
            return
        self._is_asked = True
        names = [*self._known]
        future = self._get.call_async(GetParameters.Request(names=names))
        future.add_done_callback(lambda answered: self._take(names, answered.result()))

    def forget(self) -> None:
        """Be ready to ask again, as when the node has started anew."""
        self._is_asked = False

    def _take(self, names: list[str], answer: Any) -> None:
        values = [parameter_value_to_python(each) for each in answer.values]
        self._given = dict(zip(names, values, strict=False))
        self._build()

    def _on_event(self, event: ParameterEvent) -> None:
        if event.node != self._target or self._settings is None:
            return
        changed: list[ParameterMessage] = [*event.new_parameters, *event.changed_parameters]
        for each in changed:
            self._given[each.name] = parameter_value_to_python(each.value)
        self._build()

    def _build(self) -> None:
        given = {name: value for name, value in self._given.items() if value is not None}
        self._settings = CameraSettings.of({**given, 'cameras': (self._camera,)})


def wait_for(client: Any, request: Any, timeout_sec: float) -> Any:
    """Call a service from another thread than the executor's; None if there is no answer."""
    if not client.service_is_ready():
        return None
    future, is_done = client.call_async(request), threading.Event()
    future.add_done_callback(lambda _: is_done.set())
    return future.result() if is_done.wait(timeout_sec) else None
