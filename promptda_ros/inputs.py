# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Subscriptions -> message_filters filter -> pairs; everything here runs on the executor."""

from __future__ import annotations

from collections.abc import Callable
import time
from typing import Any

import message_filters
from rclpy.clock import Clock, ClockType, JumpThreshold
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image

from promptda_ros.core.pairing import Pair, Pairing, PairingSettings, stamp_ns_of, Topic
from promptda_ros.core.settings import Settings, SyncSettings

RELIABILITY = {
    # A reliable subscription loses nothing of a reliable publisher but hears no other, so that
    # auto begins with it and falls back when a best-effort publisher shows up.
    'auto': ReliabilityPolicy.RELIABLE,
    'reliable': ReliabilityPolicy.RELIABLE,
    'best_effort': ReliabilityPolicy.BEST_EFFORT,
}
# A few images bridge a pause of the executor; old ones are of no use.
INPUT_QUEUE = 5
POLL_PERIOD_SEC = 0.02
ACTIVE_POLLS = 50


class PairFilter(message_filters.SimpleFilter):
    """Calls back with (image, depth, pair) for every pair; connects like other filters."""

    def __init__(self, pairing: Pairing[Any]) -> None:
        super().__init__()
        self._pairing = pairing

    def connect(self, image: message_filters.SimpleFilter, depth: message_filters.SimpleFilter) -> None:
        """Take images and depth from two filters."""
        image.registerCallback(self.add, Topic.IMAGE)
        depth.registerCallback(self.add, Topic.DEPTH)

    def add(self, message: Image, topic: Topic) -> None:
        """Take one message."""
        stamp = message.header.stamp
        stamp_ns = stamp_ns_of(stamp.sec, stamp.nanosec)
        self._signal(
            self._pairing.add(
                topic, stamp_ns, message, now_ns=time.monotonic_ns(), nbytes=len(message.data)
            )
        )

    def poll(self) -> None:
        """Give the images up whose wait is over."""
        self._signal(self._pairing.poll(now_ns=time.monotonic_ns()))

    def _signal(self, pairs: list[Pair[Any]]) -> None:
        for pair in pairs:
            self.signalMessage(pair)


class Inputs:
    """The node's subscriptions while it is active."""

    def __init__(
        self,
        node: Node,
        settings: Settings,
        *,
        on_pair: Callable[[Pair[Image]], None],
        on_camera_info: Callable[[CameraInfo], None],
    ) -> None:
        self._node = node
        self.pairing: Pairing[Image] = Pairing(pairing_settings(settings.sync))
        self._filter = PairFilter(self.pairing)
        self._filter.registerCallback(on_pair)
        self.image = ImageInput(node, 'image', settings.qos.image)
        self.depth = ImageInput(node, 'depth', settings.qos.depth)
        self._filter.connect(self.image, self.depth)
        self._camera_info = node.create_subscription(
            CameraInfo, 'camera_info', on_camera_info, INPUT_QUEUE
        )
        self._timer = node.create_timer(
            POLL_PERIOD_SEC, self._filter.poll, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )
        self._jumps = node.get_clock().create_jump_callback(
            JumpThreshold(
                min_forward=None, min_backward=Duration(seconds=-0.1), on_clock_change=True
            ),
            post_callback=self._on_clock_jump,
        )
