# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A recording of headers alone, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
import struct
from types import SimpleNamespace
from typing import Any

from promptda_ros.bags.channel import Channel, RawMessage

KINDS = {
    '/image': 'sensor_msgs/msg/Image',
    '/depth': 'sensor_msgs/msg/Image',
    '/camera_info': 'sensor_msgs/msg/CameraInfo',
    '/tf': 'tf2_msgs/msg/TFMessage',
    '/tf_static': 'tf2_msgs/msg/TFMessage',
}
MS = 1_000_000


def header(stamp_ns: int, frame_id: str = 'camera') -> bytes:
    """Return the bytes with which a message begins."""
    sec, nanosec = divmod(stamp_ns, 1_000_000_000)
    name = frame_id.encode() + b'\0'
    return b'\0\1\0\0' + struct.pack('<iII', sec, nanosec, len(name)) + name


class Log:
    """Offers what is asked of a bag; entries are topic, time of logging and stamp, in ms."""

    path = Path('log')
    types = KINDS

    def __init__(self, entries: Sequence[tuple[str, int, int]]) -> None:
        counts: Counter[str] = Counter()
        self._messages = []
        for topic, logged_ms, stamp_ms in sorted(entries, key=lambda entry: entry[1]):
            channel, data = Channel(topic, KINDS[topic]), header(stamp_ms * MS)
            logged_ns = logged_ms * MS
            message = RawMessage(channel, counts[topic], logged_ns, logged_ns, data)
            self._messages.append(message)
            counts[topic] += 1

    @property
    def span_ns(self) -> tuple[int, int]:
        """Return the times of the first and the last message."""
        return self._messages[0].logged_ns, self._messages[-1].logged_ns

    def raw(
        self,
        topics: Collection[str] | None = None,
        *,
        begin_ns: int = 0,
        end_ns: int = 2**63,
    ) -> Iterator[RawMessage]:
        """Yield messages."""
        for each in self._messages:
            is_wanted = topics is None or each.channel.topic in topics
            if is_wanted and begin_ns <= each.logged_ns < end_ns:
                yield each

    def decode(self, raw: RawMessage) -> Any:
        """Return a message; here nobody asks for one."""
        raise NotImplementedError

    def messages(self, topics: Collection[str]) -> Iterator[Any]:
        """Yield decoded messages; none are."""
        yield from (SimpleNamespace(message=None) for _ in self.raw(topics) if False)
