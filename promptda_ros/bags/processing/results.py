# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The messages of a result, serialized: what the node would publish of the same frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import cache

from rosbags.typesys import get_typestore, Stores
from rosbags.typesys.store import Typestore

from promptda_ros.bags.channel import Channel, RawMessage
from promptda_ros.camera.products import available, make, PRODUCTS
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.messages.message_types import rosbags_types


class Results:
    """Makes messages of results, a topic for each product of each camera."""

    def __init__(self, cameras: Collection[str], products: Sequence[str], prefix: str) -> None:
        self._products = [name for name in PRODUCTS if name in products]
        self._channels = {
            (camera, name): Channel(topic_of(prefix, camera, name), PRODUCTS[name].type_name)
            for camera in cameras
            for name in self._products
        }
        self._numbers: Counter[Channel] = Counter()

    @property
    def channels(self) -> list[Channel]:
        """Return the topics, also those that may get no message."""
        return list(self._channels.values())

    def messages(self, camera: str, logged_ns: int, result: FrameOutputs) -> Iterator[RawMessage]:
        """Yield the messages of one result, in the order in which the node publishes them."""
        for name in available(self._products, result.frame):
            channel = self._channels[camera, name]
            message = make(name, result, rosbags_types())
            data = bytes(_types().serialize_cdr(message, channel.type_name))
            number = self._numbers[channel]
            self._numbers[channel] += 1
            yield RawMessage(channel, number, logged_ns, logged_ns, data, number)


def topic_of(prefix: str, camera: str, product: str) -> str:
    """Return the topic of a product."""
    return '/'.join(filter(None, (prefix.rstrip('/'), camera, product)))


@cache
def _types() -> Typestore:
    return get_typestore(Stores.ROS2_JAZZY)
