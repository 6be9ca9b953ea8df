# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the node says that it may have on the graph is what it has there."""

from __future__ import annotations

from rclpy.action import get_action_names_and_types

from promptda_ros.camera.transports import TRANSPORTS
from promptda_ros.tools.print_policy import as_policy
from test.policies import rules

ALL = (
    *('-p', 'input.mask:=remove', '-p', 'input.min_confidence:=0.5', '-p', 'use_sim_time:=true'),
    *('-r', 'image:=/eye/image', '-r', '__ns:=/robot1', '-r', '__node:=depth'),
)


def test_the_policy_names_every_topic_service_and_action_of_the_node(make_rig):
    """Of a node that does everything at once: what differs is what it may do besides."""
    rig = make_rig(*ALL)
    rig.node.start()
    policy = as_policy('/robot1/depth', rig.node.interface, enclave='/')
    allowed = rules(policy)
    node = 'depth', '/robot1'
    graph = {
        ('topics', 'publish'): rig.peer.get_publisher_names_and_types_by_node,
        ('topics', 'subscribe'): rig.peer.get_subscriber_names_and_types_by_node,
        ('services', 'reply'): rig.peer.get_service_names_and_types_by_node,
    }
    assert allowed.keys() == graph.keys()
    for rule, names_and_types in graph.items():
        rig.spin_until(
            lambda rule=rule, ask=names_and_types: (
                {name for name, _ in ask(*node)} >= allowed[rule] - may_be_missing()
            )
        )
        assert {name for name, _ in names_and_types(*node)} <= allowed[rule]
    assert rig.peer.get_client_names_and_types_by_node(*node) == []
    assert get_action_names_and_types(rig.peer) == []


def may_be_missing() -> set[str]:
    """Return what a node has only after a change, or only where tf2_ros is installed."""
    others = {
        f'{base}{transport.suffix}'
        for role, base in (('image', '/eye/image'), ('depth', '/robot1/depth'))
        for transport in TRANSPORTS[role]
        if transport.suffix
    }
    of_distribution = {'/robot1/depth/get_type_description'}
    return others | {'/tf', '/tf_static'} | of_distribution
