# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which processes of this machine are on a topic, and their environments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import os
from pathlib import Path
from typing import Any

from rclpy.node import Node

from promptda_ros.dds_environment import uses_fast_dds
from promptda_ros.doctor.machine.transport import Process
from promptda_ros.node.graph import nodes_of

PROC = Path('/proc')
# Fast DDS begins the identity of what a process publishes with its vendor, the machine, and the
# lower half of the number of the process.
MACHINE, NUMBER = slice(0, 4), slice(4, 6)
EVERYONE = '/rosout'  # a topic on which every node publishes


class Processes:
    """Finds processes by what they publish and subscribe to."""

    def __init__(self, node: Node) -> None:
        self._node = node
        own = [
            each
            for each in node.get_publishers_info_by_topic(EVERYONE)
            if (each.node_name, each.node_namespace) == (node.get_name(), node.get_namespace())
        ]
        self._machine = bytes(own[0].endpoint_gid[MACHINE]) if own else b''

    def of_topics(self, topics: Sequence[str]) -> list[Process]:
        """Return the processes on these topics but our own."""
        if not uses_fast_dds(os.environ):
            return []
        found: dict[str, Process] = {}
        for topic in topics:
            for endpoint in (
                *self._node.get_publishers_info_by_topic(topic),
                *self._node.get_subscriptions_info_by_topic(topic),
            ):
                if endpoint.node_name != self._node.get_name():
                    (name,) = nodes_of([endpoint])
                    found.setdefault(name, Process(name, self._environ(endpoint)))
        return [*found.values()]

    def _environ(self, endpoint: Any) -> Mapping[str, str] | None:
        identity = bytes(endpoint.endpoint_gid)
        if not self._machine or identity[MACHINE] != self._machine:
            return None
        number = int.from_bytes(identity[NUMBER], 'little')
        environs = [each for each in map(_read, _numbered(number)) if each is not None]
        return environs[0] if len(environs) == 1 else None


def _numbered(number: int) -> Iterator[Path]:
    """Yield the processes with this lower half of their number."""
    for folder in PROC.iterdir():
        if folder.name.isdecimal() and int(folder.name) & 0xFFFF == number:
            yield folder


def _read(folder: Path) -> Mapping[str, str] | None:
    try:
        text = (folder / 'environ').read_bytes().decode(errors='replace')
    except OSError:  # another user's, or it has ended
        return None
    return dict(each.split('=', 1) for each in text.split('\0') if '=' in each)
