# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the drivers of a camera sent, and which depth belongs to an image by the documentation.

The rule is simple because drivers choose their stamps so: the depth nearest to the image within
the tolerance. Where two are within it, as from two drivers at once, either may be taken. A clock
that goes back begins an epoch, and depth of the one before belongs to no later image. Where depth
goes back alone, only the next depth can tell: until then, and for the image sent with it, which
may arrive first, depth of the epoch before may be taken, too.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
import threading
from typing import Any

TOLERANCE_NS = 15_000_000  # the default of sync.tolerance


@dataclass(frozen=True)
class SentDepth:
    """A depth that a driver sent."""

    stamp_ns: int
    number: int
    epoch: int


@dataclass(frozen=True)
class SentImage:
    """An image that a driver sent."""

    order: int  # how many were sent before it
    at_ns: int  # steady clock
    stamp_ns: int
    number: int
    width: int
    height: int
    epoch: int  # how often a clock of the camera had gone back
    first_epoch: int  # the oldest of which its depth may be
    is_garbage: bool


class Truth:
    """Everything that was sent for one camera, by whatever driver; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._images: dict[int, SentImage] = {}  # by stamp
        self._depths: list[SentDepth] = []  # by stamp
        self._epoch = 0
        self._is_told = True  # what the node received tells the epoch

    def note(self, line: Mapping[str, Any]) -> None:
        """Take what a driver said of a frame."""
        stamp_ns, number, width, height = line['image']
        is_garbage, gone_back = bool(line.get('garbage')), line.get('back')
        with self._lock:
            if gone_back:
                self._epoch += 1
                self._is_told = gone_back == 'image'
            order, epoch = len(self._images), self._epoch
            first_epoch = epoch if self._is_told else epoch - 1
            self._is_told = self._is_told or bool(line['depths'])
            self._images[stamp_ns] = SentImage(
                order,
                line['at_ns'],
                stamp_ns,
                number,
                width,
                height,
                epoch,
                first_epoch,
                is_garbage,
            )
            for depth_ns, depth_number in line['depths']:
                depth = SentDepth(depth_ns, depth_number, epoch)
                insort(self._depths, depth, key=attrgetter('stamp_ns'))

    def image_at(self, stamp_ns: int) -> SentImage | None:
        """Return the image of a stamp, None if none was sent."""
        with self._lock:
            return self._images.get(stamp_ns)

    def partners(self, image: SentImage) -> list[SentDepth]:
        """Return the depths of an image's epochs within its tolerance, the nearest first."""
        begin_ns, end_ns = image.stamp_ns - TOLERANCE_NS, image.stamp_ns + TOLERANCE_NS
        with self._lock:
            begin = bisect_left(self._depths, begin_ns, key=attrgetter('stamp_ns'))
            end = bisect_left(self._depths, end_ns + 1, key=attrgetter('stamp_ns'))
            near = self._depths[begin:end]
        found = [each for each in near if image.first_epoch <= each.epoch <= image.epoch]
        return sorted(found, key=lambda depth: abs(depth.stamp_ns - image.stamp_ns))

    def images(self, begin_ns: int, end_ns: int) -> list[SentImage]:
        """Return the images sent between two moments, garbage left out."""
        with self._lock:
            sent = [*self._images.values()]
        return [
            image for image in sent if begin_ns <= image.at_ns < end_ns and not image.is_garbage
        ]

    def pairs(self, begin_ns: int, end_ns: int) -> list[SentImage]:
        """Return those of them that must become an output unless it is told why not."""
        return [image for image in self.images(begin_ns, end_ns) if self.partners(image)]

    @property
    def last_number(self) -> int:
        """Return the largest number so far, 0 before the first."""
        with self._lock:
            return max((image.number for image in self._images.values()), default=0)
