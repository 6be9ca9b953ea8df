# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Carries a recording from the thread that reads, past the one that works, to the one that writes.

The writer gets everything in the order of the log, each result in the place that was kept for it.
No more than a few frames are held: the reader waits for the others, the worker for the writer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
import threading
from typing import Any

from promptda_ros.bags.channel import RawMessage
from promptda_ros.bags.planning.plan import PlannedPair
from promptda_ros.core.frame_outputs import FrameOutputs

PAIRS_AHEAD = 3  # read before they are worked on
RESULTS_BEHIND = 3  # worked on before they are written
ITEMS_AHEAD = 200  # small messages that come beside the pairs
BYTES_BEHIND = 64 * 1024 * 1024  # originals that nobody has written yet


class Aborted(Exception):
    """Another of the threads has failed: this one has nothing left to do."""


@dataclass(eq=False)
class Place:
    """Where the result of a pair belongs among the originals."""

    camera: str
    logged_ns: int  # of the image
    pair: PlannedPair | None = None  # once it is worked on
    result: FrameOutputs | None = None  # None: the pair was dropped
    is_begun: bool = False
    is_done: bool = False


class Conveyor:
    """Bounded, in order, between three threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._work: deque[tuple[Any, Place | None]] = deque()
        self._order: deque[RawMessage | Place] = deque()
        self._pairs = self._results = self._bytes = 0
        self._is_read = self._is_aborted = False

    # For the reader

    def original(self, raw: RawMessage) -> None:
        """Pass on a message that is to be copied."""
        with self._changed:
            # A place whose pair is still to be read holds up the writer: then only reading helps.
            self._wait(lambda: self._bytes < BYTES_BEHIND or self._waits_for_reader())
            self._bytes += len(raw.data)
            self._order.append(raw)
            self._changed.notify_all()

    def keep_place(self, place: Place) -> None:
        """Keep the place for a result."""
        with self._changed:
            self._order.append(place)

    def work(self, item: Any, place: Place | None = None) -> None:
        """Pass on what the worker needs; with its place, if it is a pair."""
        with self._changed:
            if place is None:
                self._wait(lambda: len(self._work) < ITEMS_AHEAD)
            else:
                self._wait(lambda: self._pairs < PAIRS_AHEAD)
                self._pairs += 1
                place.is_begun = True
            self._work.append((item, place))
            self._changed.notify_all()

    def end(self) -> None:
        """Say that all is read."""
        with self._changed:
            self._is_read = True
            self._changed.notify_all()

    # For the worker

    def works(self) -> Iterator[tuple[Any, Place | None]]:
        """Yield what was read for the worker, until all is read."""
        while True:
            with self._changed:
                self._wait(lambda: self._work or self._is_read)
                if not self._work:
                    return
                entry = self._work.popleft()
                self._changed.notify_all()
            yield entry

    def done(self, place: Place) -> None:
        """Say that the place has its result, or that there is none."""
        with self._changed:
            place.is_done = True
            self._pairs -= 1
            self._results += 1
            self._changed.notify_all()
            self._wait(lambda: self._results < RESULTS_BEHIND or not self._is_writable())

    # For the writer

    def outputs(self) -> Iterator[RawMessage | Place]:
        """Yield originals and places with their results, in order, until all is worked on."""
        while True:
            with self._changed:
                self._wait(lambda: self._is_writable() or self._is_finished())
                if not self._order:
                    return
                entry = self._order.popleft()
                if isinstance(entry, Place):
                    self._results -= 1
                else:
                    self._bytes -= len(entry.data)
                self._changed.notify_all()
            yield entry

    # For all of them

    def abort(self) -> None:
        """Let the others end."""
        with self._changed:
            self._is_aborted = True
            self._changed.notify_all()

    def _wait(self, condition: Callable[[], object]) -> None:
        self._changed.wait_for(lambda: self._is_aborted or condition())
        if self._is_aborted:
            raise Aborted

    def _is_writable(self) -> bool:
        head = self._order[0] if self._order else None
        return head is not None and (not isinstance(head, Place) or head.is_done)

    def _waits_for_reader(self) -> bool:
        head = self._order[0] if self._order else None
        return isinstance(head, Place) and not head.is_begun

    def _is_finished(self) -> bool:
        return self._is_read and not self._order
