# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Recordings of ROS 1, whose messages are converted to those of ROS 2 as they are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack
from functools import cached_property, partial
from pathlib import Path

from rosbags.convert.converter import is_same_wireformat, migrate_bytes
from rosbags.interfaces import Connection, ConnectionExtRosbag1
from rosbags.rosbag1 import Reader
from rosbags.typesys import get_types_from_msg, get_typestore, Stores
from rosbags.typesys.store import Typestore

from promptda_ros.bags.channel import Channel
from promptda_ros.bags.storage.part import Stored
from promptda_ros.bags.storage.qos import LATCHED

RENAMED = {'tf/msg/tfMessage': 'tf2_msgs/msg/TFMessage'}


class Ros1File:
    """An open recording of ROS 1."""

    def __init__(self, path: Path, file: Path, stack: ExitStack) -> None:
        """Open a file; `path` is what its user calls it."""
        self.path = path
        self.cut_off = ''
        self._reader = stack.enter_context(Reader(file))
        span_ns = self._reader.start_time, self._reader.end_time - 1
        self.span_ns = span_ns if self._reader.message_count else None
        self._types = get_typestore(Stores.LATEST)
        self._converters: dict[str, Callable[[bytes], bytes]] = {}
        self._channels = {one.id: self._channel(one) for one in self._reader.connections}

    @property
    def channels(self) -> Collection[Channel]:
        """The topics, in the order of the file."""
        return self._channels.values()

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """The number of messages of each topic."""
        counts: Counter[str] = Counter()
        for one in self._reader.connections:
            counts[one.topic] += one.msgcount
        return counts

    def messages(self, topics: Collection[str], begin_ns: int, end_ns: int) -> Iterator[Stored]:
        """Yield the messages logged from the beginning to before the end, in this order."""
        wanted = [one for one in self._reader.connections if one.topic in topics]
        found = self._reader.messages(wanted, begin_ns, end_ns) if wanted else ()
        for connection, logged_ns, data in found:
            converted = self._converters[connection.msgtype](bytes(data))
            channel = self._channels[connection.id]
            yield Stored(logged_ns, logged_ns, 0, channel, converted)

    def counts_before(self, time_ns: int) -> Mapping[str, int]:
        """Return how many messages of each topic were logged before a time."""
        found = self._reader.messages(stop=time_ns)
        return Counter(connection.topic for connection, _, _ in found)

    def _channel(self, connection: Connection) -> Channel:
        name = RENAMED.get(connection.msgtype, connection.msgtype)
        if connection.msgtype not in self._converters:
            self._converters[connection.msgtype] = self._converter(connection, name)
        is_latched = isinstance(connection.ext, ConnectionExtRosbag1) and connection.ext.latching
        return Channel(
            topic=connection.topic,
            type_name=name,
            definition=self._types.generate_msgdef(name, ros_version=2)[0],
            definition_format='ros2msg',
            type_hash=self._types.hash_rihs01(name),
            qos=LATCHED if is_latched else '',
        )

    def _converter(self, connection: Connection, name: str) -> Callable[[bytes], bytes]:
        theirs, ours = get_typestore(Stores.EMPTY), self._types
        theirs.register(get_types_from_msg(connection.msgdef.data, connection.msgtype))
        if name not in ours.fielddefs:
            _add(theirs, ours, name)
        if is_same_wireformat(theirs, ours, connection.msgtype, name):
            return lambda data: bytes(ours.ros1_to_cdr(data, name))
        migrate = partial(migrate_bytes, theirs, ours, connection.msgtype, name, {})
        return lambda data: bytes(migrate(data, src_is2=False, dst_is2=True))


def _add(theirs: Typestore, ours: Typestore, name: str) -> None:
    """Take over a type that ROS 2 does not have, with the types of ROS 2 in it."""
    definition = theirs.generate_msgdef(name, ros_version=2)[0]
    types = get_types_from_msg(definition, name)
    ours.register({key: fields for key, fields in types.items() if key not in ours.fielddefs})
