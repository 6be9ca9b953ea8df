# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One topic's messages, held in stamp order until paired or lost, every loss under a reason."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
import enum
from itertools import pairwise
from operator import attrgetter
from typing import Generic, TypeVar

T = TypeVar('T')

# builtin_interfaces/Time counts seconds in an int32: later stamps cannot come from a clock.
MAX_STAMP_NS = 2**31 * 1_000_000_000 - 1

_BY_STAMP = attrgetter('stamp_ns')
_REMEMBERED_STAMPS = 64  # enough to know a message that was delivered twice
_REMEMBERED_DISORDER = 1000  # messages after one that came late


class Topic(enum.Enum):
    """The two inputs that are paired."""

    IMAGE = 'image'
    DEPTH = 'depth'


class Loss(enum.Enum):
    """Why a message will never be part of a pair; the value is its name in logs and reports."""

    UNPAIRED = 'unpaired'  # no partner within the tolerance: normal where the rates differ
    DUPLICATE = 'duplicate'  # the stamp was seen before
    ZERO_STAMP = 'zero_stamp'
    BAD_STAMP = 'bad_stamp'  # negative, nanoseconds >= 1e9, or beyond MAX_STAMP_NS
    LATE = 'late'  # older than a pair already emitted, or from before a time jump
    OVERFLOW = 'overflow'  # pushed out by queue_size or max_bytes
    CLEARED = 'cleared'  # held when the clock or the stamps jumped back


@dataclass(frozen=True)
class TopicCounters:
    """The outcome of one topic's messages: received == paired + held + the sum of lost."""

    received: int
    paired: int
    held: int
    lost: Mapping[Loss, int]


@dataclass(eq=False)
class Held(Generic[T]):
    """One message that waits for its partner."""

    stamp_ns: int  # on the image's time line: depth_time_offset is added
    message: T
    arrival_ns: int  # steady clock
    nbytes: int
    spacing_ns: int | None = None  # shortest distance of recent images when this one arrived
    paired: bool = False  # stays held after its first pair only under reuse_depth


def checked_stamp_ns(sec: int, nanosec: int) -> int | None:
    """Nanoseconds of a header stamp, or None where no clock can have written it."""
    # In this positive form NaN and infinity are refused too.
    if not (0 <= sec < 2**31 and 0 <= nanosec < 1_000_000_000):
        return None
    return int(sec) * 1_000_000_000 + int(nanosec)


class Stream(Generic[T]):
    """The held messages of one topic and where the topic stands in time."""

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self.held: list[Held[T]] = []  # ascending stamps, all different
        self.held_bytes = 0
        self.latest_ns: int | None = None  # stamp of the message admitted last
        self.floor_ns: int | None = None  # stamp in the pair emitted last
        self.stale_ns: int | None = None  # latest_ns when the other topic alone jumped back
        self.disorder = 0  # messages for which another that comes late is reckoned with
        self.old_run = 0  # messages in a row that are older than the latest by a jump
        self.tail_run = 0  # messages refused since stale_ns was set
        self.received = 0
        self._paired = 0
        self._lost: Counter[Loss] = Counter()
        self._remembered: deque[int] = deque(maxlen=_REMEMBERED_STAMPS)

    def note_order(self, stamp_ns: int) -> None:
        """Note whether a message of this epoch comes after one that was stamped later."""
        is_late = self.latest_ns is not None and stamp_ns < self.latest_ns
        self.disorder = _REMEMBERED_DISORDER if is_late else max(self.disorder - 1, 0)

    def insert(self, entry: Held[T]) -> None:
        """Hold a message and remember its stamp."""
        insort(self.held, entry, key=_BY_STAMP)
        self.held_bytes += entry.nbytes
        self.latest_ns = entry.stamp_ns
        self.stale_ns = None
        self._remembered.append(entry.stamp_ns)

    def take(self, entry: Held[T], *, keep: bool) -> None:
        """Record `entry` as paired; whatever is older can no longer be emitted in order."""
        self.drop_before(entry.stamp_ns)
        self.floor_ns = entry.stamp_ns
        self._paired += not entry.paired
        entry.paired = True
        if not keep:
            self._pop_oldest()

    def drop_before(self, stamp_ns: int) -> None:
        """Lose everything older than `stamp_ns` as unpaired."""
        while self.held and self.held[0].stamp_ns < stamp_ns:
            self.drop_oldest(Loss.UNPAIRED)

    def drop_oldest(self, loss: Loss) -> None:
        """Lose the oldest held message."""
        if not self._pop_oldest().paired:
            self.count(loss)

    def release_paired(self) -> None:
        """Release a depth that is held only to be reused."""
        while self.held and self.held[0].paired:
            self._pop_oldest()

    def count(self, loss: Loss) -> None:
        """Count one lost message."""
        self._lost[loss] += 1

    def clear(self) -> None:
        """Forget the past after a time jump; only the counters stay."""
        while self.held:
            self.drop_oldest(Loss.CLEARED)
        self.latest_ns = self.floor_ns = self.stale_ns = None
        self.old_run = self.tail_run = self.disorder = 0
        self._remembered.clear()

    def around(self, stamp_ns: int) -> list[Held[T]]:
        """Held neighbours: the last one before `stamp_ns` and the first one at or after it."""
        at = bisect_left(self.held, stamp_ns, key=_BY_STAMP)
        return self.held[max(at - 1, 0) : at + 1]

    def has_seen(self, stamp_ns: int) -> bool:
        """Whether a message with this stamp came before."""
        is_held = any(entry.stamp_ns == stamp_ns for entry in self.around(stamp_ns))
        return is_held or stamp_ns in self._remembered

    def has_passed(self, stamp_ns: int) -> bool:
        """Whether a topic in stamp order can no longer deliver anything before `stamp_ns`."""
        # The latest, not the greatest: one stamp from the future must not end every wait.
        return self.latest_ns is not None and self.latest_ns >= stamp_ns

    def held_from(self, stamp_ns: int) -> int:
        """Count the held messages at or after a stamp."""
        return len(self.held) - bisect_left(self.held, stamp_ns, key=_BY_STAMP)

    def spacing_ns(self) -> int | None:
        """Return the shortest distance of recent stamps; None before the second one."""
        stamps = sorted(self._remembered)
        distances = (after - before for before, after in pairwise(stamps))
        return min(distances, default=None)

    def counters(self) -> TopicCounters:
        """Snapshot of the outcome of the messages."""
        held = sum(not entry.paired for entry in self.held)
        lost = {loss: self._lost[loss] for loss in Loss}
        return TopicCounters(self.received, self._paired, held, lost)

    def _pop_oldest(self) -> Held[T]:
        entry = self.held.pop(0)
        self.held_bytes -= entry.nbytes
        return entry
