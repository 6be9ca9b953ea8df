# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Counters and reasons -> log lines and /diagnostics (REP 107)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
import math
import threading
import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from promptda_ros.core.peer_text import printable

LOG_PERIOD_SEC = 5.0
LEVELS = {
    'ok': DiagnosticStatus.OK,
    'warn': DiagnosticStatus.WARN,
    'error': DiagnosticStatus.ERROR,
}


class Drops:
    """Counts dropped frames by reason and logs each reason at most every five seconds."""

    def __init__(self, log: Callable[[str], object], *, what: str) -> None:
        self._log = log
        self._what = what
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._logged: dict[str, tuple[float, int]] = {}  # reason -> when, and the count then
        self._last: tuple[float, str] = (-math.inf, '')

    def add(self, reason: str, text: str = '') -> bool:
        """Say why one was dropped, unless the reason was said just now, and count it.

        Returns whether it was said. Whoever sees the count finds the line in the log.
        """
        with self._lock:
            line = self._line(reason, printable(text), now_sec=time.monotonic()) if text else None
        if line is not None:
            self._log(line)
        with self._lock:
            self._counts[reason] += 1
        return line is not None

    def recent_text(self, *, within_sec: float) -> str:
        """Return why the last frame was dropped, '' if that was longer ago."""
        with self._lock:
            when_sec, text = self._last
        return text if time.monotonic() - when_sec <= within_sec else ''

    def snapshot(self) -> dict[str, int]:
        """Return the counters by reason."""
        with self._lock:
            return dict(self._counts)

    def _line(self, reason: str, text: str, *, now_sec: float) -> str | None:
        self._last = (now_sec, text)
        count = self._counts[reason] + 1
        when_sec, before = self._logged.get(reason, (-math.inf, 0))
        if now_sec - when_sec < LOG_PERIOD_SEC:
            return None
        self._logged[reason] = (now_sec, count)
        more = f' ({count - before} in the last {now_sec - when_sec:.0f} s)' if before else ''
        return f'{self._what}: {text}{more}'


@dataclass(frozen=True)
class Status:
    """One diagnostic status: a part of the node, its level, text and values."""

    part: str
    level: str  # ok, warn or error
    message: str
    values: Mapping[str, object] = field(default_factory=dict)


class Diagnostics:
    """Publishes statuses on /diagnostics."""

    def __init__(self, node: Node, *, hardware_id: str) -> None:
        self._node = node
        self._hardware_id = hardware_id
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 10)

    def publish(self, statuses: list[Status]) -> None:
        """Publish all statuses as one message."""
        message = DiagnosticArray()
        message.header.stamp = self._node.get_clock().now().to_msg()
        message.status = [self._status(status) for status in statuses]
        self._publisher.publish(message)

    def close(self) -> None:
        """Destroy the publisher."""
        self._node.destroy_publisher(self._publisher)

    def _status(self, status: Status) -> DiagnosticStatus:
        return DiagnosticStatus(
            level=LEVELS[status.level],
            name=f'{self._node.get_fully_qualified_name().lstrip("/")}: {status.part}',
            message=printable(status.message),
            hardware_id=self._hardware_id,
            values=[KeyValue(key=key, value=_text(value)) for key, value in status.values.items()],
        )


def _text(value: object) -> str:
    return f'{value:.6g}' if isinstance(value, float) else printable(str(value))
