# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the ROS graph tells is wrong with the node as a whole: its name, its clock."""

from __future__ import annotations

from collections.abc import Iterable
import time
from typing import Any

from rclpy.node import Node

from promptda_ros.core.peer_text import shorten
from promptda_ros.core.runtime.lasting import Lasting
from promptda_ros.core.runtime.log import SayOnce

# A node that ended leaves its name behind for a while, a clock may start after the node.
LASTING_SEC = 5.0


def nodes_of(endpoints: Iterable[Any]) -> list[str]:
    """List the nodes of publishers or subscriptions, one entry for each of these."""
    return sorted(
        shorten(f'{each.node_namespace.rstrip("/")}/{each.node_name}') for each in endpoints
    )


class GraphWatch:
    """Warns of a second node of this name and of a simulated clock that nobody publishes."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lasting = Lasting(LASTING_SEC)
        self._say_once = SayOnce(node.get_logger().warning)

    def tick(self) -> None:
        """Look at the graph once."""
        now_sec = time.monotonic()
        if self._lasting.has_lasted('name', self._count_nodes() > 1, now_sec):
            self._say_once(
                'name',
                f'another node is named {self._node.get_fully_qualified_name()}: services and '
                'parameters reach either of the two, and outputs of both mix; end the other one, '
                'or start this one with name:=... or namespace:=...',
            )
        if self._lasting.has_lasted('clock', self._lacks_clock(), now_sec):
            self._say_once(
                'clock',
                'use_sim_time is true but /clock has no publisher: time stands still, so that '
                'ages and transforms may be wrong (images are still paired); start the '
                'simulator, play the recording with --clock, or set use_sim_time:=false',
            )

    def _count_nodes(self) -> int:
        ours = (self._node.get_name(), self._node.get_namespace())
        return list(self._node.get_node_names_and_namespaces()).count(ours)

    def _lacks_clock(self) -> bool:
        is_simulated = self._node.get_parameter('use_sim_time').value
        return bool(is_simulated) and self._node.count_publishers('/clock') == 0
