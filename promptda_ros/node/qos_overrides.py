# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The parameters qos_overrides.TOPIC.publisher.POLICY, for everything a node makes.

rclpy itself honours them only for publishers and subscriptions that are made with options of
theirs, and reads the policy of a subscription only once, while ours adapt to their publishers.
"""

from __future__ import annotations

from collections.abc import Mapping
import copy
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    LivelinessPolicy,
    QoSProfile,
    ReliabilityPolicy,
)
from rclpy.subscription import Subscription

from promptda_ros.core.settings import hint_of
from promptda_ros.core.settings.setting import has_value, SettingError
from promptda_ros.node.interface import Interface

PREFIX = 'qos_overrides.'
PUBLISHER, SUBSCRIPTION = 'publisher', 'subscription'
CHOICES = {
    'reliability': ReliabilityPolicy,
    'durability': DurabilityPolicy,
    'history': HistoryPolicy,
    'liveliness': LivelinessPolicy,
}
DURATIONS = 'deadline', 'lifespan', 'liveliness_lease_duration'
POLICIES = (*CHOICES, 'depth', *DURATIONS, 'avoid_ros_namespace_conventions')


class QosOverridable:
    """Makes publishers and subscriptions as the parameters of the node ask for; goes before Node.

    Also those that libraries make on the node, such as the listener of TF.
    """

    def create_publisher(
        self, msg_type: Any, topic: str, qos_profile: QoSProfile | int, **more: Any
    ) -> Publisher:
        """Make a publisher with the policies asked for.

        Raises:
            SettingError: a policy can't have the value given.
        """
        qos = override(self, PUBLISHER, topic, qos_profile)
        return super().create_publisher(msg_type, topic, qos, **more)  # type: ignore[misc]

    def create_subscription(
        self, msg_type: Any, topic: str, callback: Any, qos_profile: QoSProfile | int, **more: Any
    ) -> Subscription:
        """Make a subscription with the policies asked for.

        Raises:
            SettingError: a policy can't have the value given.
        """
        qos = override(self, SUBSCRIPTION, topic, qos_profile)
        return super().create_subscription(  # type: ignore[misc]
            msg_type, topic, callback, qos, **more
        )


def override(node: Any, entity: str, topic: str, qos: QoSProfile | int) -> QoSProfile:
    """Return a profile with the policies that the parameters ask for.

    Raises:
        SettingError: a policy can't have the value given.
    """
    found = QoSProfile(depth=qos) if isinstance(qos, int) else copy.copy(qos)
    start = f'{PREFIX}{node.resolve_topic_name(topic)}.{entity}.'
    for name, value in _given(node).items():
        if name.startswith(start):
            policy = name.removeprefix(start)
            setattr(found, policy, _read(name, entity, policy, value))
    return found


def declare_overrides(node: Node, interface: Interface, *, is_strict: bool) -> None:
    """Declare what is given at start, and check that it has an effect.

    Raises:
        SettingError: it can't have one, or `is_strict` and it is of another node's topic.
    """
    for name, value in sorted(_given(node).items()):
        topic, entity, policy = _parts(name)
        if topic in interface.ros_publishers and entity == PUBLISHER:
            raise SettingError(
                f'parameter {name}: ROS makes the publisher of {topic} before it reads '
                'parameters, so that its QoS stays as it is; leave this parameter out'
            )
        own = interface.publishers if entity == PUBLISHER else interface.subscriptions
        if topic in own:
            _read(name, entity, policy, value)
        elif is_strict:
            raise SettingError(_unknown(name, topic, entity, own))
        else:
            node.get_logger().warning(f'{_unknown(name, topic, entity, own)} (ignored)')
        descriptor = ParameterDescriptor(
            description=f'{policy} of the {entity} of {topic}', read_only=True, dynamic_typing=True
        )
        node.declare_parameter(name, value, descriptor, ignore_override=True)


def _given(node: Any) -> Mapping[str, object]:
    overrides = node._parameter_overrides  # noqa: SLF001 (no public list)
    return {
        name: each.value
        for name, each in overrides.items()
        if name.startswith(PREFIX) and has_value(each.value)
    }


def _parts(name: str) -> tuple[str, str, str]:
    """Return topic, entity and policy."""
    parts = name.removeprefix(PREFIX).rsplit('.', 2)
    if len(parts) < 3 or not parts[0].startswith('/') or parts[1] not in (PUBLISHER, SUBSCRIPTION):
        raise SettingError(
            f'parameter {name}: a policy is named {PREFIX}/TOPIC.{PUBLISHER}.POLICY or '
            f'{PREFIX}/TOPIC.{SUBSCRIPTION}.POLICY, with the topic in full'
        )
    return parts[0], parts[1], parts[2]


def _read(name: str, entity: str, policy: str, value: object) -> object:
    """Return a policy's value as rclpy has it."""
    if policy not in POLICIES or (policy == 'lifespan' and entity == SUBSCRIPTION):
        names = [each for each in POLICIES if entity == PUBLISHER or each != 'lifespan']
        raise SettingError(f'parameter {name}: {policy!r} is not one of {", ".join(names)}')
    if policy in CHOICES:
        return _choice(name, CHOICES[policy], value)
    if policy == 'avoid_ros_namespace_conventions':
        if not isinstance(value, bool):
            raise SettingError(f'parameter {name}: {value!r} is not a bool')
        return value
    lowest, unit = (0, ' ns') if policy in DURATIONS else (1, '')
    if isinstance(value, bool) or not isinstance(value, int):
        raise SettingError(f'parameter {name}: {value!r} is not a whole number{unit and " of ns"}')
    if value < lowest:
        raise SettingError(f'parameter {name}: {value}{unit} is less than {lowest}{unit}')
    return Duration(nanoseconds=value) if policy in DURATIONS else value


def _choice(name: str, kind: Any, value: object) -> object:
    choices = {each.name.lower(): each for each in kind if each.name != 'UNKNOWN'}
    if value not in choices:
        raise SettingError(f'parameter {name}: {value!r} is not one of {", ".join(choices)}')
    return choices[value]


def _unknown(name: str, topic: str, entity: str, own: tuple[str, ...]) -> str:
    """Say that the node does not have a topic, with the nearest that it has."""
    hint = hint_of(topic, own) or '; promptda print_policy prints the topics that it has'
    return f'parameter {name}: this node has no {entity} of {topic}{hint}'
