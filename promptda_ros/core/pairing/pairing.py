# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Image and depth stamps -> pairs: the nearest depth of every image, or none.

`admission` says which messages are held, `nearest` which of them belong together, `offsets` how
far apart the stamps are when nothing belongs together. No pair spans two epochs.
"""

from __future__ import annotations

from dataclasses import dataclass
import threading
from typing import Generic, TypeVar

from promptda_ros.core.pairing.admission import admit, Jump
from promptda_ros.core.pairing.nearest import choose_depth, Verdict
from promptda_ros.core.pairing.offsets import Offsets, OffsetSummary
from promptda_ros.core.pairing.stream import Held, Loss, MAX_STAMP_NS, Stream, Topic, TopicCounters
from promptda_ros.core.settings.input import SyncSettings

T = TypeVar('T')
NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class PairingSettings:
    """What belongs together, and how much is held until that is known."""

    tolerance_ns: int  # inclusive; 0 pairs equal stamps only
    wait_ns: int  # steady time an image waits for something nearer
    queue_size: int  # messages held per topic
    max_bytes: int = 256_000_000  # bytes held, both topics together
    # Stamps older than the latest by more than this may be a jump, as when a bag loops.
    reset_threshold_ns: int = 1_000_000_000
    depth_time_offset_ns: int = 0  # added to every depth stamp
    reuse_depth: bool = False  # one depth may serve several images

    @classmethod
    def of(cls, sync: SyncSettings) -> PairingSettings:
        """Return what the settings of a camera say, in the units of the pairing."""
        return cls(
            tolerance_ns=round(sync.tolerance * NANOSECONDS),
            wait_ns=round(sync.wait * NANOSECONDS),
            queue_size=sync.queue_size,
            depth_time_offset_ns=round(sync.depth_time_offset * NANOSECONDS),
            reuse_depth=sync.reuse_depth,
        )

    def __post_init__(self) -> None:
        for name in ('tolerance_ns', 'wait_ns', 'max_bytes', 'reset_threshold_ns'):
            if getattr(self, name) < 0:
                raise ValueError(f'{name}: {getattr(self, name)} is negative')
        if self.queue_size < 1:
            raise ValueError(f'queue_size: {self.queue_size} leaves no room for a message')


@dataclass(frozen=True)
class Pair(Generic[T]):
    """An image and the depth of the same moment."""

    image: T
    depth: T
    image_stamp_ns: int
    depth_stamp_ns: int
    epoch: int
    image_arrival_ns: int  # steady clock
    paired_ns: int  # steady clock


@dataclass(frozen=True)
class PairingCounters:
    """The outcome of every message; `pairs` exceeds depth.paired where depth is reused."""

    image: TopicCounters
    depth: TopicCounters
    pairs: int
    resets: int
    last_reset: str  # reason of the last one, empty before the first


class Pairing(Generic[T]):
    """Pairs two topics by stamp; safe between threads, calls nothing back, raises on no message.

    Steady time enters as `now_ns` and ends waiting only: equal streams give equal pairs.
    """

    def __init__(self, settings: PairingSettings) -> None:
        self._lock = threading.Lock()
        self._settings = settings
        self._image: Stream[T] = Stream(Topic.IMAGE)
        self._depth: Stream[T] = Stream(Topic.DEPTH)
        self._offsets = Offsets()
        self._epoch = 0
        self._pairs = 0
        self._last_reset = ''

    # Public interface

    @property
    def settings(self) -> PairingSettings:
        """Settings of the next pair; replaceable at any time.

        Another depth_time_offset_ns starts a new epoch, because held stamps contain the old one.
        """
        return self._settings

    @settings.setter
    def settings(self, settings: PairingSettings) -> None:
        with self._lock:
            if settings.depth_time_offset_ns != self._settings.depth_time_offset_ns:
                self._begin_epoch('depth_time_offset changed')
            if self._settings.reuse_depth and not settings.reuse_depth:
                self._depth.release_paired()
            self._settings = settings

    def add(
        self, topic: Topic, stamp_ns: int | None, message: T, *, now_ns: int, nbytes: int = 0
    ) -> list[Pair[T]]:
        """Take one message and return the pairs that it completes, oldest first.

        `stamp_ns` as `checked_stamp_ns` returns it, `nbytes` as counted against `max_bytes`.
        """
        with self._lock:
            stream = self._image if topic is Topic.IMAGE else self._depth
            shift_ns = 0 if topic is Topic.IMAGE else self._settings.depth_time_offset_ns
            stream.received += 1
            # In this positive form NaN is refused too.
            if stamp_ns is None or not 0 <= stamp_ns <= MAX_STAMP_NS:
                stream.count(Loss.BAD_STAMP)
            elif stamp_ns == 0:
                stream.count(Loss.ZERO_STAMP)
            else:
                self._receive(stream, Held(stamp_ns + shift_ns, message, now_ns, nbytes))
            return self._decide_images(now_ns)

    def poll(self, *, now_ns: int) -> list[Pair[T]]:
        """Return the pairs whose wait is over; to be called from a timer."""
        with self._lock:
            return self._decide_images(now_ns)

    def reset(self, reason: str) -> None:
        """Start a new epoch after a jump of the clock: discard what is held."""
        with self._lock:
            self._begin_epoch(reason)

    @property
    def counters(self) -> PairingCounters:
        """Snapshot of the outcome of every message."""
        with self._lock:
            return PairingCounters(
                image=self._image.counters(),
                depth=self._depth.counters(),
                pairs=self._pairs,
                resets=self._epoch,
                last_reset=self._last_reset,
            )

    @property
    def offsets(self) -> OffsetSummary:
        """Snapshot of how far apart the stamps of both topics are."""
        with self._lock:
            return self._offsets.summary()

    # Private interface

    def _receive(self, stream: Stream[T], entry: Held[T]) -> None:
        other = self._depth if stream is self._image else self._image
        threshold_ns = self._settings.reset_threshold_ns
        result = admit(stream, other, entry.stamp_ns, reset_threshold_ns=threshold_ns)
        if result is None or (result is Loss.LATE and stream.old_run == 0):
            stream.note_order(entry.stamp_ns)
        if isinstance(result, Jump):
            self._begin_epoch(
                f'{stream.topic.value} stamps jumped back by {result.back_ns / 1e9:.3f} s'
            )
            other.stale_ns = result.stale_ns
        if result is not Loss.DUPLICATE:
            entry.spacing_ns = self._offsets.observe(stream.topic, entry.stamp_ns)
        if isinstance(result, Loss):
            stream.count(result)
        else:
            stream.insert(entry)

    def _begin_epoch(self, reason: str) -> None:
        self._epoch += 1
        self._last_reset = reason
        self._image.clear()
        self._depth.clear()
        self._offsets.clear()

    def _decide_images(self, now_ns: int) -> list[Pair[T]]:
        pairs: list[Pair[T]] = []
        while self._image.held:
            image = self._image.held[0]
            overflow = self._is_over_limits(self._image)
            expired = now_ns - image.arrival_ns >= self._settings.wait_ns
            choice = choose_depth(
                self._image,
                self._depth,
                tolerance_ns=self._settings.tolerance_ns,
                reuse_depth=self._settings.reuse_depth,
                final=overflow or expired,
            )
            if choice is Verdict.WAIT:
                break
            if isinstance(choice, Held):
                pairs.append(self._pair(image, choice, now_ns))
            else:
                self._image.drop_oldest(Loss.OVERFLOW if overflow else Loss.UNPAIRED)
        self._release_depths()
        return pairs

    def _pair(self, image: Held[T], depth: Held[T], now_ns: int) -> Pair[T]:
        self._pairs += 1
        self._image.take(image, keep=False)
        self._depth.take(depth, keep=self._settings.reuse_depth)
        return Pair(
            image=image.message,
            depth=depth.message,
            image_stamp_ns=image.stamp_ns,
            depth_stamp_ns=depth.stamp_ns - self._settings.depth_time_offset_ns,
            epoch=self._epoch,
            image_arrival_ns=image.arrival_ns,
            paired_ns=now_ns,
        )

    def _release_depths(self) -> None:
        """Release the depths that no image can use any more, and those over the limits."""
        image = self._image
        if image.latest_ns is not None:
            oldest_ns = min([image.latest_ns, *(held.stamp_ns for held in image.held[:1])])
            self._depth.drop_before(oldest_ns - self._settings.tolerance_ns)
        while self._depth.held and self._is_over_limits(self._depth):
            self._depth.drop_oldest(Loss.OVERFLOW)

    def _is_over_limits(self, stream: Stream[T]) -> bool:
        total_bytes = self._image.held_bytes + self._depth.held_bytes
        too_many = len(stream.held) > self._settings.queue_size
        if stream is self._image and self._image.held_bytes < self._depth.held_bytes:
            return too_many  # the bytes are the depths' to give back
        return too_many or total_bytes > self._settings.max_bytes
