# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The transforms of a recording, for the pipeline that asks tf2 in the node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from promptda_ros.camera.recent import JUMP_NS
from promptda_ros.core.geometry.pose_history import KEPT_NS
from promptda_ros.core.geometry.transform import BadTransform, Transform
from promptda_ros.core.geometry.transform_tree import TransformTree
from promptda_ros.core.peer_text import shorten
from promptda_ros.core.runtime.log import Drops
from promptda_ros.messages.stamps import stamp_ns_of


class RecordedTransforms:
    """Takes the messages of /tf and /tf_static in the order of the recording."""

    def __init__(self, warn: Callable[[str], object]) -> None:
        self._tree = TransformTree()
        self._ignored = Drops(warn, what='/tf')
        self._newest_ns: dict[str, int] = {}  # of each moving frame
        # What came since stamps of /tf jumped back: it is read ahead of the images, and is not to
        # be forgotten when those jump too
        self._since_jump: list[Any] = []
        self._jumped_to_ns: int | None = None

    def begin_with(self, messages: Sequence[Any]) -> None:
        """Take all tf2_msgs/TFMessage of /tf_static before the recording begins.

        A frame that is published anew is first where it was published first; `take` moves it.
        """
        for message in reversed(messages):
            self.take(message, static=True)

    def take(self, message: Any, *, static: bool) -> None:
        """Take one tf2_msgs/TFMessage; what tf2 would ignore is ignored and logged."""
        if not static:
            self._note_jump(message)
        self._add(message, static=static)

    def lookup(
        self,
        target: str,
        source: str,
        stamp_ns: int,
        timeout_sec: float,  # noqa: ARG002 (for those who wait)
    ) -> Transform:
        """Return the transform that takes points of the source frame to the target frame.

        Nothing is waited for: what arrived in time has been taken before.

        Raises:
            UnknownTransform: there is none for this moment.
        """
        return self._tree.lookup(target, source, stamp_ns)

    def advise(self, target: str, source: str) -> str:
        """Return what to do about the transform that was just looked up in vain."""
        return (
            f"record /tf and /tf_static with a transform between '{shorten(target)}' and "
            f"'{shorten(source)}'"
        )

    def clear(self) -> None:
        """Forget moving transforms from before stamps jumped back."""
        self._tree.clear()
        for message in self._since_jump:
            self._add(message, static=False)

    def _add(self, message: Any, *, static: bool) -> None:
        for each in message.transforms:
            move, turn = each.transform.translation, each.transform.rotation
            try:
                self._tree.add(
                    each.header.frame_id,
                    each.child_frame_id,
                    stamp_ns_of(each.header),
                    (move.x, move.y, move.z),
                    (turn.x, turn.y, turn.z, turn.w),
                    static=static,
                )
            except BadTransform as error:
                self._ignored.add('bad_transform', str(error))

    def _note_jump(self, message: Any) -> None:
        for each in message.transforms:
            child, stamp_ns = each.child_frame_id, stamp_ns_of(each.header)
            newest_ns = self._newest_ns.get(child, stamp_ns)
            if newest_ns - stamp_ns > JUMP_NS:
                self._newest_ns.clear()
                self._begin_anew(stamp_ns)
            elif self._jumped_to_ns is not None and (
                stamp_ns - newest_ns > JUMP_NS  # there and back: two publishers, no jump
                or stamp_ns - self._jumped_to_ns > KEPT_NS
            ):
                self._begin_anew(None)
            self._newest_ns[child] = max(stamp_ns, self._newest_ns.get(child, stamp_ns))
        if self._jumped_to_ns is not None:
            self._since_jump.append(message)

    def _begin_anew(self, jumped_to_ns: int | None) -> None:
        self._since_jump.clear()
        self._jumped_to_ns = jumped_to_ns
