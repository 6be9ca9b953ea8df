# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Stand-in for ROS 2 message_filters: filters, and the subscription they begin with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TYPE_CHECKING

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ['SimpleFilter', 'Subscriber']


class SimpleFilter:
    """Call every registered callback with each message that comes out of this filter."""

    def __init__(self) -> None:
        self.callbacks: dict[int, tuple[Callable[..., None], tuple[Any, ...]]] = {}

    def registerCallback(self, cb: Callable[..., None], *args: Any) -> int:
        """Call `cb(*messages, *args)` on output; the number returned identifies the connection."""
        connection = len(self.callbacks)
        self.callbacks[connection] = (cb, args)
        return connection

    def signalMessage(self, *msg: Any) -> None:
        """Hand messages to every callback, in the order of registration."""
        for callback, args in self.callbacks.values():
            callback(*msg, *args)


class Subscriber(SimpleFilter):
    """Bring the messages of one topic into filters; unknown attributes are the subscription's."""

    def __init__(self, node: Node, msg_type: type, topic: str, **kwargs: Any) -> None:
        """Pass `kwargs`, such as qos_profile and event_callbacks, to `create_subscription`."""
        super().__init__()
        self.node = node
        self.topic = topic
        kwargs.setdefault('qos_profile', 10)
        self.sub = node.create_subscription(msg_type, topic, self.callback, **kwargs)

    def callback(self, msg: Any) -> None:
        """Pass a received message on."""
        self.signalMessage(msg)

    def getTopic(self) -> str:
        """Return the topic's name as it was asked for."""
        return self.topic

    def __getattr__(self, key: str) -> Any:
        # `__dict__`, since `self.sub` would come back here while the subscription does not exist.
        if 'sub' not in self.__dict__:
            raise AttributeError(key)
        return getattr(self.sub, key)
