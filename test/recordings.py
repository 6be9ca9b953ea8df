# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Small bags of what a camera and its depth sensor send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from rclpy.serialization import serialize_message

from promptda_ros.bags.bag import open_bag
from promptda_ros.bags.channel import Channel, RawMessage
from promptda_ros.bags.writer import BagWriter
from test.sensors import FRAME_ID, RECORDED, Sensors

BEGIN_NS = 1_700_000_000_123_456_789
PERIOD_NS = 33_333_333
MS = 1_000_000
SENSORS = Sensors()


class Recording:
    """Messages that are written to a bag in the order of their times."""

    def __init__(self) -> None:
        self.messages: list[tuple[int, str, Any]] = []

    def add(self, topic: str, message: Any, logged_ns: int) -> None:
        """Add a message."""
        self.messages.append((logged_ns, topic, message))

    def add_camera(
        self, frames: int, *, prefix: str = '/camera', depth_frame: str = FRAME_ID
    ) -> None:
        """Add images, each a little later its depth, and camera_info."""
        for number in range(frames):
            stamp_ns = BEGIN_NS + number * PERIOD_NS
            self.add(f'{prefix}/image', self.image(number), stamp_ns + 2 * MS)
            self.add(f'{prefix}/camera_info', SENSORS.camera_info(stamp_ns), stamp_ns + 3 * MS)
            self.add(f'{prefix}/depth', self.depth(number, depth_frame), stamp_ns + 9 * MS)

    def image(self, number: int) -> Any:
        """Return an image that differs from all others a little."""
        message = SENSORS.image(BEGIN_NS + number * PERIOD_NS)
        message.data[number] = 255
        return message

    def depth(self, number: int, frame_id: str = FRAME_ID) -> Any:
        """Return depth with the noise of a sensor."""
        message = SENSORS.depth(BEGIN_NS + number * PERIOD_NS, frame_id)
        counts = np.frombuffer(message.data, np.uint16)
        noise = np.random.default_rng(number).integers(-3, 4, len(counts))
        message.data[:] = type(message.data)('B', (counts + noise).astype(np.uint16).tobytes())
        return message

    def write(
        self, folder: Path, storage: str = 'mcap', *, qos: Mapping[str, str] = MappingProxyType({})
    ) -> Path:
        """Write the bag and return its folder; `qos` is what the publishers of topics offered."""
        writer = BagWriter(folder, storage)
        for number, (logged_ns, topic, message) in enumerate(
            sorted(self.messages, key=lambda each: each[0])
        ):
            channel = Channel(topic, type_name_of(message), qos=qos.get(topic, ''))
            published_ns = logged_ns if storage == 'sqlite3' else logged_ns - MS
            data = serialized(message)
            writer.write(RawMessage(channel, 0, logged_ns, published_ns, data, number))
        writer.close()
        return folder


def type_name_of(message: Any) -> str:
    """Return the type of a message, of ROS or of rosbags, as bags name it."""
    if name := getattr(message, '__msgtype__', ''):
        return str(name)
    package = type(message).__module__.partition('.')[0]
    return f'{package}/msg/{type(message).__name__}'


def serialized(message: Any) -> bytes:
    """Return the bytes of a message of ROS or of rosbags."""
    if hasattr(message, '__msgtype__'):
        return bytes(RECORDED.serialize_cdr(message, message.__msgtype__))
    return bytes(serialize_message(message))


def static_transform(parent: str, child: str, stamp_ns: int, x_m: float) -> Any:
    """Return a tf2_msgs/TFMessage that moves the child along the x axis of its parent."""
    types = RECORDED.types
    sec, nanosec = divmod(stamp_ns, 1_000_000_000)
    stamp = types['builtin_interfaces/msg/Time'](sec, nanosec)
    pose = types['geometry_msgs/msg/Transform'](
        types['geometry_msgs/msg/Vector3'](x_m, 0.0, 0.0),
        types['geometry_msgs/msg/Quaternion'](0.0, 0.0, 0.0, 1.0),
    )
    header = types['std_msgs/msg/Header'](stamp, parent)
    stamped = types['geometry_msgs/msg/TransformStamped'](header, child, pose)
    return types['tf2_msgs/msg/TFMessage']([stamped])


def read(path: Path) -> list[RawMessage]:
    """Return every message of a bag."""
    with open_bag(path) as bag:
        return list(bag.raw())


def contents(path: Path) -> Iterator[tuple[object, ...]]:
    """Yield what two bags with equal messages in equal order have in common."""
    for each in read(path):
        times = each.logged_ns, each.published_ns
        yield each.channel.topic, each.channel.type_name, *times, each.data
