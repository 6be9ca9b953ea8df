# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The latest messages of a topic by their stamps, for pairs that are worked on a while later."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from operator import itemgetter
from typing import Generic, TypeVar

from promptda_ros.core.settings.schema import Settings
from promptda_ros.messages.stamps import NANOSECONDS

T = TypeVar('T')

# Older than the latest by more than this is a jump, as when a bag loops; less is disorder.
JUMP_NS = NANOSECONDS
A_WHILE_SEC = 0.5  # in which the worker is busy with the pair before
FASTEST_HZ = 200  # of streams that are kept for as long as pairs need them

_BY_STAMP = itemgetter(0)


def kept_ns_of(settings: Settings) -> int:
    """Return for how long after its stamp a message may be asked for.

    An image waits for its depth, then for its confidence, then for TF; what is read ahead of the
    work on a recording is the longer of these.
    """
    waits_sec = 2 * settings.sync.wait + settings.extrinsics.timeout
    return round((waits_sec + A_WHILE_SEC) * NANOSECONDS)


class Recent(Generic[T]):
    """Keeps the messages of a time span, and no fewer than a given number."""

    def __init__(self, *, fewest: int, kept_ns: int) -> None:
        self._fewest = fewest
        self._most = max(fewest, kept_ns * FASTEST_HZ // NANOSECONDS)
        self._kept_ns = kept_ns
        self.messages: list[tuple[int, T]] = []  # in the order of their stamps

    def clear(self) -> None:
        """Forget all messages."""
        self.messages.clear()

    def keep_if(self, is_wanted: Callable[[T], bool]) -> list[tuple[int, T]]:
        """Forget the messages that are not wanted and return them, for `restore`."""
        gone = [each for each in self.messages if not is_wanted(each[1])]
        self.messages = [each for each in self.messages if is_wanted(each[1])]
        return gone

    def restore(self, messages: list[tuple[int, T]]) -> None:
        """Keep messages again that were forgotten."""
        self.messages = sorted([*messages, *self.messages], key=_BY_STAMP)

    def add(self, stamp_ns: int, message: T) -> None:
        """Keep a message; a jump of the stamps back forgets those before it."""
        if self.messages and self.messages[-1][0] - stamp_ns > JUMP_NS:
            self.clear()
        insort(self.messages, (stamp_ns, message), key=_BY_STAMP)
        while len(self.messages) > self._fewest and self._is_over_limits():
            del self.messages[0]

    def _is_over_limits(self) -> bool:
        span_ns = self.messages[-1][0] - self.messages[0][0]
        return span_ns > self._kept_ns or len(self.messages) > self._most
