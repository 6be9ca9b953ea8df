# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What every file of a recording offers, and how several are read in the order of logging."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from heapq import heappop, heappush, heapreplace
from pathlib import Path
from typing import NamedTuple, Protocol

from promptda_ros.bags.channel import Channel

BEGINNING_NS, END_OF_TIME_NS = -(2**63), 2**64  # SQLite has signed times


class Stored(NamedTuple):
    """A message as a file holds it."""

    logged_ns: int
    published_ns: int
    sequence: int
    channel: Channel
    data: bytes


class Part(Protocol):
    """One file of a recording."""

    path: Path
    cut_off: str  # one sentence; empty if the file is whole
    span_ns: tuple[int, int] | None  # when the first and the last message were logged

    @property
    def channels(self) -> Collection[Channel]:
        """The topics, in the order of the file."""

    @property
    def counts(self) -> Mapping[str, int]:
        """The number of messages of each topic."""

    def messages(self, topics: Collection[str], begin_ns: int, end_ns: int) -> Iterator[Stored]:
        """Yield the messages logged from the beginning to before the end, in this order."""

    def counts_before(self, time_ns: int) -> Mapping[str, int]:
        """Return how many messages of each topic were logged before a time."""


class Run(NamedTuple):
    """Messages in the order of logging, of which none is older than the beginning."""

    begin_ns: int
    place: int  # in the recording, which decides between messages of the same time
    open: Callable[[], Iterator[Stored]]


def in_log_order(runs: Iterable[Run]) -> Iterator[Stored]:
    """Merge runs, themselves in the order of their beginnings.

    A run is opened when the log has come to its beginning, so that only those that overlap are
    in memory at once.
    """
    waiting = iter(runs)
    upcoming = next(waiting, None)
    heads: list[tuple[int, int, Stored, Iterator[Stored]]] = []  # the next message of each run
    while heads or upcoming:
        while upcoming and (not heads or upcoming.begin_ns <= heads[0][0]):
            messages = upcoming.open()
            if first := next(messages, None):
                heappush(heads, (first.logged_ns, upcoming.place, first, messages))
            upcoming = next(waiting, None)
        if not heads:
            continue
        _, place, stored, messages = heads[0]
        yield stored
        if following := next(messages, None):
            heapreplace(heads, (following.logged_ns, place, following, messages))
        else:
            heappop(heads)
