# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How far apart the stamps of the two topics are, whether or not they can be paired."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
import math
import statistics

from promptda_ros.core.pairing.stream import Topic

_WINDOW = 128  # offsets behind median and p95: about 4 s of a 30 Hz camera
_BLOCK = 64  # offsets behind one point of the drift line; its median is free of outliers
_DRIFT_POINTS = 64  # 8 points show a drift of 10 us/s under 1 ms of jitter, 64 show 1 us/s
_LEAST_DRIFT_POINTS = 8
_INTERVALS = 16  # image intervals behind the spacing and the period
_RECENT = 64  # stamps kept of each topic
_UNREAD = 1024  # stamps that wait for someone to ask: more than come in a second
_OTHER_CLOCK_NS = 1_000_000_000  # no transport delays one topic this long against the other


@dataclass(frozen=True)
class OffsetSummary:
    """Nearest depth stamp minus image stamp (after depth_time_offset), over the last seconds."""

    count: int  # offsets in the window; every other field is None until it can be known
    median_ns: int | None
    p95_ns: int | None  # of the absolute offsets
    drift_ns_per_sec: float | None
    image_period_ns: int | None

    @property
    def is_ambiguous(self) -> bool:
        """Whether the offset exceeds half a period: the nearest depth belongs to another image."""
        if self.median_ns is None or self.image_period_ns is None:
            return False
        return 2 * abs(self.median_ns) > self.image_period_ns

    @property
    def ambiguous_in_sec(self) -> float | None:
        """Time until the drift carries the offset past half a period; None without a drift."""
        if self.is_ambiguous:
            return 0.0
        if self.median_ns is None or self.image_period_ns is None or not self.drift_ns_per_sec:
            return None
        limit_ns = math.copysign(self.image_period_ns / 2, self.drift_ns_per_sec)
        return (limit_ns - self.median_ns) / self.drift_ns_per_sec


@dataclass(frozen=True)
class _Offset:
    image_ns: int
    depth_ns: int

    @property
    def ns(self) -> int:
        return self.depth_ns - self.image_ns


def _size(offset: _Offset) -> int:
    return abs(offset.ns)


class Offsets:
    """Collects offsets of images and depths that are nearest to each other.

    An image counts once the depths have passed it. Of several images with the same nearest depth
    only the nearest counts, so that different rates and lost messages do not look like offsets.
    """

    def __init__(self) -> None:
        self._intervals_ns: deque[int] = deque(maxlen=_INTERVALS)
        self._unread: list[tuple[Topic, int]] = []
        self.clear()

    def clear(self) -> None:
        """Forget the stamps; the image rate stays known, a time jump does not change it."""
        self._unread.clear()
        self._last_image_ns: int | None = None
        self._window_ns: deque[int] = deque(maxlen=_WINDOW)
        self._block_ns: list[int] = []
        self._drift_points: deque[tuple[int, float]] = deque(maxlen=_DRIFT_POINTS)
        self._depths_ns: deque[int] = deque(maxlen=_RECENT)
        self._open_images_ns: deque[int] = deque(maxlen=_RECENT)
        self._newest: _Offset | None = None  # the next image may be nearer to its depth

    def observe(self, topic: Topic, stamp_ns: int) -> int | None:
        """Record a stamp; those of depth have depth_time_offset added.

        Returns the shortest recent distance between two images, None before the second one: all
        that pairing needs of the past. The rest is read when somebody asks.
        """
        if topic is Topic.IMAGE:
            if self._last_image_ns is not None and stamp_ns > self._last_image_ns:
                self._intervals_ns.append(stamp_ns - self._last_image_ns)
            self._last_image_ns = stamp_ns
        self._unread.append((topic, stamp_ns))
        if len(self._unread) == _UNREAD:
            self._read()
        return min(self._intervals_ns, default=None)

    def summary(self) -> OffsetSummary:
        """Statistics of the last seconds."""
        self._read()
        offsets_ns = [*self._window_ns, *([self._newest.ns] if self._newest else [])]
        sizes_ns = sorted(abs(offset_ns) for offset_ns in offsets_ns)
        count = len(sizes_ns)
        return OffsetSummary(
            count=count,
            median_ns=round(statistics.median(offsets_ns)) if count else None,
            p95_ns=sizes_ns[math.ceil(0.95 * count) - 1] if count else None,
            drift_ns_per_sec=self._drift_ns_per_sec(),
            image_period_ns=(
                round(statistics.median(self._intervals_ns)) if self._intervals_ns else None
            ),
        )

    def _read(self) -> None:
        """Take the offsets of the stamps since the last call, in the order of their arrival."""
        for topic, stamp_ns in self._unread:
            if topic is Topic.IMAGE:
                self._read_image(stamp_ns)
            else:
                self._read_depth(stamp_ns)
        self._unread.clear()

    def _read_image(self, image_ns: int) -> None:
        if self._depths_ns and image_ns <= self._depths_ns[-1]:
            self._close(image_ns)
        else:
            self._open_images_ns.append(image_ns)

    def _read_depth(self, depth_ns: int) -> None:
        self._depths_ns.append(depth_ns)
        open_images_ns = list(self._open_images_ns)
        self._open_images_ns.clear()
        for image_ns in open_images_ns:
            # A gap that no waiting explains is an answer too: the clocks differ.
            if image_ns <= depth_ns or image_ns - depth_ns > _OTHER_CLOCK_NS:
                self._close(image_ns)
            else:
                self._open_images_ns.append(image_ns)

    def _close(self, image_ns: int) -> None:
        """Take the image's offset, unless its nearest depth is nearer to the image before."""
        nearest = min((_Offset(image_ns, depth_ns) for depth_ns in self._depths_ns), key=_size)
        before = self._newest
        if before is None or before.depth_ns != nearest.depth_ns:
            self._record(before)
            self._newest = nearest
        else:
            self._newest = min(before, nearest, key=_size)

    def _record(self, offset: _Offset | None) -> None:
        if offset is None:
            return
        self._window_ns.append(offset.ns)
        self._block_ns.append(offset.ns)
        if len(self._block_ns) == _BLOCK:
            self._drift_points.append((offset.image_ns, statistics.median(self._block_ns)))
            self._block_ns = []

    def _drift_ns_per_sec(self) -> float | None:
        if len(self._drift_points) < _LEAST_DRIFT_POINTS:
            return None
        # From the first time on: floats of absolute nanoseconds are too coarse.
        first_ns, _ = self._drift_points[0]
        times_sec = [(time_ns - first_ns) / 1e9 for time_ns, _ in self._drift_points]
        medians_ns = [median_ns for _, median_ns in self._drift_points]
        if min(times_sec) == max(times_sec):
            return None
        return float(statistics.linear_regression(times_sec, medians_ns).slope)
