# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every topic and service that a node may have, in full: whatever is changed while it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rclpy.node import Node

from promptda_ros.camera.transports import AUTO, TRANSPORTS
from promptda_ros.core.settings.schema import Settings
from promptda_ros.node.bond import BOND_TOPIC
from promptda_ros.node.capture import CAPTURED
from promptda_ros.node.diagnostics import DIAGNOSTICS
from promptda_ros.node.outputs import OLD_OUTPUTS, OUTPUTS
from promptda_ros.node.transports import topic_of

# What every node with a life cycle has; ROS makes these before it reads any parameter.
ROS_PUBLISHERS = ('/rosout', '/parameter_events', '~/transition_event')
ROS_SERVICES = (
    *(f'~/{verb}_parameters' for verb in ('describe', 'get', 'list', 'set')),
    *('~/get_parameter_types', '~/set_parameters_atomically', '~/get_type_description'),
    *('~/change_state', '~/get_state'),
    *('~/get_available_states', '~/get_available_transitions', '~/get_transition_graph'),
)
CALIBRATIONS = 'camera_info', 'depth_camera_info'
SHARED_INPUTS = '/tf', '/tf_static', '/clock'


@dataclass(frozen=True)
class Interface:
    """Full names of topics and services."""

    publishers: tuple[str, ...]
    subscriptions: tuple[str, ...]
    services: tuple[str, ...]
    ros_publishers: tuple[str, ...]  # which parameters come too late for


def interface_of(node: Node, of_cameras: Mapping[str, Settings]) -> Interface:
    """Return what a node with these cameras may have, after its remappings."""
    prefixes = {f'{name}/' if name else '': own for name, own in of_cameras.items()}
    outputs = [*OUTPUTS, *OLD_OUTPUTS, *(f'capture/{name}' for name in CAPTURED)]
    publishers = [f'~/{prefix}{output}' for prefix in prefixes for output in outputs]
    bond = [] if next(iter(of_cameras.values())).autostart else [BOND_TOPIC]
    inputs = [topic for prefix, own in prefixes.items() for topic in _inputs(node, prefix, own)]
    services = [*ROS_SERVICES, *(f'~/{prefix}capture' for prefix in prefixes)]
    return Interface(
        publishers=_topics(node, DIAGNOSTICS, *publishers, *bond),
        subscriptions=_topics(node, *inputs, *SHARED_INPUTS, *bond),
        services=tuple(node.resolve_service_name(name) for name in services),
        ros_publishers=_topics(node, *ROS_PUBLISHERS),
    )


def _inputs(node: Node, prefix: str, settings: Settings) -> Iterator[str]:
    """Yield the topics that a camera may subscribe to."""
    wanted = {
        'image': settings.input.image_transport,
        'depth': settings.input.depth_transport,
    }
    for role, transports in TRANSPORTS.items():
        for transport in transports:
            if wanted.get(role, AUTO) in (AUTO, transport.name):
                yield topic_of(node, prefix + role, transport)
    yield from (prefix + role for role in CALIBRATIONS)


def _topics(node: Node, *names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(node.resolve_topic_name(name) for name in names))
