# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where one frame was over time, seen from its parents."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Protocol

from promptda_ros.core.geometry.pose import Pose
from promptda_ros.core.geometry.transform import BadTransform, UnknownTransform

# How far back tf2 knows where a frame was. A recording needs no more either: it is read in order,
# and what is older would only be mixed with what another run, or a robot moved by hand, left.
KEPT_NS = 10_000_000_000


@dataclass(frozen=True)
class Link:
    """A parent, and where its child is, seen from there."""

    parent: str
    pose: Pose


class History(Protocol):
    """Gives the link of a frame at any moment that is known."""

    def at(self, stamp_ns: int, /) -> Link:
        """Return the link at a moment.

        Raises:
            UnknownTransform: it is not known at this moment.
        """


@dataclass(frozen=True)
class Fixed:
    """The link of a frame of /tf_static: it holds at any moment."""

    link: Link

    def at(self, _stamp_ns: int, /) -> Link:
        """Return the link."""
        return self.link


class Moving:
    """The links of a frame of /tf, in order of their stamps."""

    def __init__(self) -> None:
        self._stamps_ns: list[int] = []
        self._links: list[Link] = []

    def __len__(self) -> int:
        return len(self._links)

    def add(self, stamp_ns: int, link: Link) -> None:
        """Insert a link; of several with one stamp the last one holds at that stamp.

        Raises:
            BadTransform: it is far older than the newest one.
        """
        if self._stamps_ns:
            self._make_room(stamp_ns)
        begin, end = (
            bisect_left(self._stamps_ns, stamp_ns),
            bisect_right(self._stamps_ns, stamp_ns),
        )
        if link in self._links[begin:end]:
            return
        if end - begin > 1:  # between the first and the last of one stamp none is ever asked for
            self._links[end - 1] = link
            return
        self._stamps_ns.insert(end, stamp_ns)
        self._links.insert(end, link)

    def at(self, stamp_ns: int, /) -> Link:
        """Return the link at a stamp, or interpolate between the two around it.

        Between two parents the older one holds.

        Raises:
            UnknownTransform: the moment is before the first or after the last stamp.
        """
        after = bisect_right(self._stamps_ns, stamp_ns)
        if after and self._stamps_ns[after - 1] == stamp_ns:
            return self._links[after - 1]
        if after in (0, len(self)):
            raise UnknownTransform(self._known())
        begin_ns, end_ns = self._stamps_ns[after - 1], self._stamps_ns[after]
        older, newer = self._links[after - 1], self._links[after]
        if older.parent != newer.parent:
            return older
        share = (stamp_ns - begin_ns) / (end_ns - begin_ns)
        return Link(older.parent, older.pose.towards(newer.pose, share))

    def clear(self) -> None:
        """Forget all links."""
        self._stamps_ns.clear()
        self._links.clear()

    def _make_room(self, stamp_ns: int) -> None:
        newest_ns = self._stamps_ns[-1]
        unneeded = bisect_left(self._stamps_ns, newest_ns - KEPT_NS)
        del self._stamps_ns[:unneeded], self._links[:unneeded]
        if stamp_ns < newest_ns - KEPT_NS:
            raise BadTransform(
                f'it is older than the newest one of the frame, {seconds(newest_ns)}, '
                f'by more than {KEPT_NS // 1_000_000_000} s'
            )

    def _known(self) -> str:
        if not self._links:
            return 'has no transform since stamps jumped back'
        first_ns, last_ns = self._stamps_ns[0], self._stamps_ns[-1]
        if first_ns == last_ns:
            return f'is known at {seconds(first_ns)} only'
        return f'is known from {seconds(first_ns)} to {seconds(last_ns)} only'


def seconds(stamp_ns: int) -> str:
    """Return a stamp in seconds, to the microsecond."""
    whole, rest = divmod(stamp_ns, 1_000_000_000)
    return f'{whole}.{rest // 1000:06d} s'
