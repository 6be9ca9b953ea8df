# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The bond by which the lifecycle manager of nav2 notices that a node has ended or hangs."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from rclpy.node import Node

BOND_TOPIC = 'bond'  # relative, as that of the manager, so that both are in one namespace
HEARTBEAT_SEC = 0.25
TIMEOUT_SEC = 4.0  # those of nav2's own nodes
NO_BOND = (
    'bondpy is not installed, so that a lifecycle manager does not notice if this node ends or '
    'hangs, and one with a bond_timeout above 0 gives up on it: set bond_timeout: 0.0 of the '
    'manager, or sudo apt install ros-$ROS_DISTRO-bondpy'
)


def has_bond() -> bool:
    """Return whether bondpy is installed."""
    return find_spec('bondpy') is not None


def bond_of(node: Node, *, is_managed: bool) -> ManagerBond | None:
    """Return the bond of a node that a manager starts, if there can be one."""
    if not is_managed:
        return None
    if not has_bond():
        node.get_logger().warning(NO_BOND)
        return None
    return ManagerBond(node)


class ManagerBond:
    """A bond to the manager, from when the node is active until it is not."""

    def __init__(self, node: Node) -> None:
        from bondpy import bondpy  # only where it is needed: not every machine has it

        self._node = node
        self._bond: Any = bondpy.Bond(node, BOND_TOPIC, node.get_name())
        self._bond.heartbeat_period = HEARTBEAT_SEC
        self._bond.heartbeat_timeout = TIMEOUT_SEC
        self._bond.start()

    def close(self) -> None:
        """Tell the manager that the node goes, and take the topic back from the executor."""
        self._bond.shutdown()
        self._node.destroy_subscription(self._bond.sub)
        self._node.destroy_publisher(self._bond.pub)
