# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a recording says once and for all: the messages of /tf_static."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from promptda_ros.bags.channel import RawMessage
from promptda_ros.bags.files import BagError

_Link: TypeAlias = tuple[str, str, tuple[float, ...]]  # parent, child, where


class Lasting:
    """Keeps the messages that change where a frame is.

    Some robots repeat all of /tf_static many times a second, with new stamps.
    """

    def __init__(self, decode: Callable[[RawMessage], Any]) -> None:
        self._decode = decode
        self._links: dict[str, _Link] = {}  # by child
        self.messages: list[RawMessage] = []

    def take(self, raw: RawMessage) -> None:
        """Take a tf2_msgs/TFMessage; one that is damaged says nothing."""
        try:
            links = {each.child_frame_id: _link(each) for each in self._decode(raw).transforms}
        except BagError:
            return
        if links.items() <= self._links.items():
            return
        self._links.update(links)
        self.messages.append(raw)


def _link(each: Any) -> _Link:
    move, turn = each.transform.translation, each.transform.rotation
    where = move.x, move.y, move.z, turn.x, turn.y, turn.z, turn.w
    return each.header.frame_id, each.child_frame_id, where
