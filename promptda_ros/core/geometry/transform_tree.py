# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Transforms between frames at any recorded moment, as tf2's buffer gives them to the node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import threading

from promptda_ros.core.geometry.frame_ids import plain
from promptda_ros.core.geometry.pose import NOWHERE_ELSE, Pose
from promptda_ros.core.geometry.pose_history import (
    Fixed,
    History,
    Link,
    Moving,
    seconds,
)
from promptda_ros.core.geometry.transform import (
    BadTransform,
    IDENTITY,
    Transform,
    UnknownTransform,
)
from promptda_ros.core.peer_text import shorten

FRAMES_NAMED = 8


@dataclass(frozen=True)
class _Climb:
    """How far up the tree a frame's poses are known at a moment."""

    top: str
    pose: Pose  # of the frame, seen from the top
    obstacle: str  # why it ends there; empty at the root


class TransformTree:
    """Collects the transforms of /tf and /tf_static and combines them; safe between threads.

    As in tf2, nothing is extrapolated, static transforms hold at any moment, and of each moving
    frame ten seconds are kept. Read a recording in its order, and ask soon after each moment.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._histories: dict[str, History] = {}  # by child
        self._frames: set[str] = set()

    def add(
        self,
        parent: str,
        child: str,
        stamp_ns: int,
        translation: Sequence[float],
        rotation: Sequence[float],
        *,
        static: bool,
    ) -> None:
        """Take one transform: where the child is, seen from the parent.

        Raises:
            BadTransform: it is to be ignored, as tf2 ignores it; the text says why.
        """
        parent, child = plain(parent), plain(child)
        try:
            if not parent or not child or parent == child:
                raise BadTransform('parent and child must be two frames with names')
            link = Link(parent, Pose.of(translation, rotation))
            with self._lock:
                self._insert(child, stamp_ns, link, static=static)
        except BadTransform as error:
            raise BadTransform(
                f"transform of '{shorten(child)}' in '{shorten(parent)}' at {seconds(stamp_ns)} "
                f'ignored: {error}'
            ) from error

    def lookup(self, target: str, source: str, stamp_ns: int) -> Transform:
        """Return the transform that takes points of the source frame to the target frame.

        Raises:
            UnknownTransform: a frame is unknown, they are not connected, or not at this moment.
        """
        target, source = plain(target), plain(source)
        if target == source:
            return IDENTITY
        with self._lock:
            return self._pose(target, source, stamp_ns).transform

    def clear(self) -> None:
        """Forget moving transforms, because stamps jumped back."""
        with self._lock:
            for history in self._histories.values():
                if isinstance(history, Moving):
                    history.clear()

    def _insert(self, child: str, stamp_ns: int, link: Link, *, static: bool) -> None:
        history = self._histories.get(child)
        if static:
            history = Fixed(link)
        else:
            # A frame that was fixed until now begins anew, as in tf2.
            history = history if isinstance(history, Moving) else Moving()
            history.add(stamp_ns, link)
        self._histories[child] = history
        self._frames.update((link.parent, child))

    def _pose(self, target: str, source: str, stamp_ns: int) -> Pose:
        for frame in (target, source):
            self._require(frame)
        up = self._climb(source, stamp_ns, (target,))
        if up.top == target:
            return up.pose
        # Both up to the top, not to the nearest common ancestor: so does tf2.
        down = self._climb(target, stamp_ns, (up.top, source))
        if down.top == source:
            return down.pose.inverse()
        if down.top == up.top:
            return down.pose.inverse().after(up.pose)
        obstacles = '; '.join(filter(None, dict.fromkeys((up.obstacle, down.obstacle))))
        raise UnknownTransform(obstacles or _unconnected(target, down.top, source, up.top))

    def _climb(self, frame: str, stamp_ns: int, ends: Sequence[str]) -> _Climb:
        pose = NOWHERE_ELSE
        for _ in range(len(self._histories) + 1):
            history = self._histories.get(frame)
            if frame in ends or history is None:
                return _Climb(frame, pose, '')
            try:
                link = history.at(stamp_ns)
            except UnknownTransform as error:
                text = f"'{shorten(frame)}' {error}, not at {seconds(stamp_ns)}"
                return _Climb(frame, pose, text)
            pose = link.pose.after(pose)
            frame = link.parent
        raise UnknownTransform(f"the transforms above '{shorten(frame)}' form a loop")

    def _require(self, frame: str) -> None:
        if frame not in self._frames:
            names = [f"'{shorten(each)}'" for each in sorted(self._frames)[:FRAMES_NAMED]]
            more = ', ...' if len(self._frames) > FRAMES_NAMED else ''
            known = ', '.join(names) + more if names else 'none'
            raise UnknownTransform(f"no transform names '{shorten(frame)}' (frames: {known})")


def _unconnected(target: str, target_top: str, source: str, source_top: str) -> str:
    return (
        f"'{shorten(target)}' and '{shorten(source)}' are not connected: one belongs to the tree "
        f"of '{shorten(target_top)}', the other to that of '{shorten(source_top)}'"
    )
