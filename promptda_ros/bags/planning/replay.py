# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The messages of a recording again, and each pair of the plan at its time.

A pair comes when the log has gone on for a while after it: then all that was logged late and
belongs to it has come before, and nothing needs to be waited for. It comes earlier where cameras
are about to forget, because stamps jump back.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from promptda_ros.bags.bag import Bag
from promptda_ros.bags.channel import RawMessage
from promptda_ros.bags.planning.plan import KEPT, Plan, PlannedPair, STATIC_TOPIC
from promptda_ros.bags.planning.waiting import Waiting
from promptda_ros.bags.processing.recipe import CameraTopics
from promptda_ros.core.geometry.pose_history import KEPT_NS
from promptda_ros.core.pairing.pairing import NANOSECONDS
from promptda_ros.core.settings.schema import Settings

TF_TOPIC = '/tf'
TF_KEPT_NS = KEPT_NS + NANOSECONDS  # by log; a stamp is a little older
LATE_NS = 2 * NANOSECONDS  # between stamp and log


@dataclass(frozen=True)
class Part:
    """A range of the pairs of a plan."""

    first: int
    last: int  # the first that is not part of it


@dataclass(frozen=True)
class Due:
    """A pair whose time has come."""

    number: int
    pair: PlannedPair
    image: RawMessage
    depth: RawMessage


def look_ahead_ns(settings: Mapping[str, Settings]) -> int:
    """Return how long the log goes on before a pair is worked on: what the node would wait."""
    waits_sec = (max(each.sync.wait, each.extrinsics.timeout) for each in settings.values())
    return round(max(waits_sec) * NANOSECONDS)


class Replay:
    """Reads what a part of a plan needs; all of the recording if all is wanted."""

    def __init__(
        self,
        bag: Bag,
        plan: Plan,
        part: Part,
        topics: Mapping[str, CameraTopics],
        *,
        look_ahead_ns: int,
        wants_all: bool,
    ) -> None:
        self._bag = bag
        self._plan = plan
        self._part = part
        self._look_ahead_ns = look_ahead_ns
        # As camera.recent keeps what comes beside the pairs
        self._kept_ns = max(TF_KEPT_NS, 3 * look_ahead_ns + LATE_NS)
        self._wants_all = wants_all
        self._beside = {topic for each in topics.values() for topic in each.beside}
        self._pictures = {topic for each in topics.values() for topic in (each.image, each.depth)}
        self._waiting = Waiting(self._pairs(), topics)
        self._next = part.first
        self._jumps = 0  # passed

    def __iter__(self) -> Iterator[RawMessage | Due]:
        """Yield messages in the order of the log, and pairs when they are due.

        First come those of before that the cameras would still keep.
        """
        begin_ns = self._begin_ns()
        if begin_ns > 0:
            yield from self._before(begin_ns)
        needed = {*self._pictures, *self._beside, TF_TOPIC, STATIC_TOPIC}
        for raw in self._bag.raw(None if self._wants_all else needed, begin_ns=begin_ns):
            yield from self._due(raw.logged_ns)
            if self._forgets_until(raw.logged_ns):
                yield from self._known(raw.logged_ns)
            if self._next == self._part.last and self._is_over(raw.logged_ns):
                return
            self._waiting.take(raw)
            yield raw
        yield from self._due(None)

    def images_in(self, raw: RawMessage) -> list[str]:
        """List the cameras that have a pair with this message as its image."""
        return self._waiting.images_in(raw)

    def _pairs(self) -> Iterator[PlannedPair]:
        numbers = range(self._part.first, self._part.last)
        return (self._plan.pairs[number] for number in numbers)

    def _begin_ns(self) -> int:
        """Return from when the recording is read: the beginning, or the first that is needed."""
        part, begin_ns = self._part, self._plan.begin_ns
        if part.first == 0 and begin_ns == 0:
            return 0
        needed_ns = min((pair.begin_ns for pair in self._pairs()), default=begin_ns)
        return min(begin_ns, needed_ns) if self._wants_all else needed_ns

    def _is_over(self, logged_ns: int) -> bool:
        return not self._wants_all or logged_ns >= self._plan.end_ns

    def _before(self, begin_ns: int) -> Iterator[RawMessage]:
        yield from (raw for raw in self._plan.lasting if raw.logged_ns < begin_ns)
        topics, from_ns = {TF_TOPIC}, begin_ns - self._kept_ns
        for topic, logged_ns in self._plan.logged_ns.items():
            count = bisect_left(logged_ns, begin_ns)
            first = self._plan.first[topic]
            if count <= len(first):  # also one that was logged a single time, long ago
                yield from first[:count]
            elif count:
                topics.add(topic)
                from_ns = min(from_ns, logged_ns[max(0, count - KEPT)])
        yield from self._bag.raw(topics, begin_ns=from_ns, end_ns=begin_ns)

    def _due(self, now_ns: int | None) -> Iterator[Due]:
        """Yield the pairs that are due; at the end all are."""
        ahead_ns = self._look_ahead_ns
        yield from self._while(lambda pair: now_ns is None or now_ns > pair.paired_ns + ahead_ns)

    def _known(self, now_ns: int) -> Iterator[Due]:
        """Yield the pairs that are known already."""
        yield from self._while(lambda pair: pair.paired_ns <= now_ns and self._waiting.holds(pair))

    def _while(self, is_due: Callable[[PlannedPair], bool]) -> Iterator[Due]:
        while self._next < self._part.last:
            pair = self._plan.pairs[self._next]
            if not is_due(pair):
                return
            yield Due(self._next, pair, *self._waiting.give(pair))
            self._next += 1

    def _forgets_until(self, now_ns: int) -> bool:
        """Return whether stamps jump back between the last time that was asked for and now."""
        before, self._jumps = self._jumps, bisect_right(self._plan.forgets_ns, now_ns)
        return self._jumps > before
