# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The transforms of a recording, for the pipeline that asks tf2 in the node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

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

    def begin_with(self, messages: Sequence[Any]) -> None:
        """Take all tf2_msgs/TFMessage of /tf_static before the recording begins.

        A frame that is published anew is first where it was published first; `take` moves it.
        """
        for message in reversed(messages):
            self.take(message, static=True)

    def take(self, message: Any, *, static: bool) -> None:
        """Take one tf2_msgs/TFMessage; what tf2 would ignore is ignored and logged."""
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
        """Forget moving transforms, because stamps jumped back."""
        self._tree.clear()
