# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Subscriptions -> message_filters filter -> pairs; everything here runs on the executor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import time
from typing import Any

import message_filters
from rclpy.clock import Clock, ClockType, JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    qos_profile_sensor_data,
    QoSProfile,
    ReliabilityPolicy,
)
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, Image

try:
    from rclpy.event_handler import SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks

from promptda_ros.core.guard import guarded
from promptda_ros.core.pairing import Loss, Pair, Pairing, PairingSettings, stamp_ns_of, Topic
from promptda_ros.core.settings import Settings, SyncSettings
from promptda_ros.core.silence import TopicFacts
from promptda_ros.core.stages import StageTimes

IMAGE_TYPE = 'sensor_msgs/msg/Image'
# A few images bridge a pause of the executor; old ones are of no use.
INPUT_QUEUE = 5
POLL_PERIOD_SEC = 0.02
# A camera_info is small enough to arrive either way, and best effort hears every publisher. One
# that was sent a single time before the node came is told only to those who ask for it.
CAMERA_INFO_QOS = qos_profile_sensor_data
LATCHED_CAMERA_INFO_QOS = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class ImageInput(message_filters.SimpleFilter):
    """An image subscription that suits its publishers: reliable, or best effort where it must."""

    def __init__(self, node: Node, topic: str, reliability: str) -> None:
        super().__init__()
        self._node = node
        self._adapts = reliability == 'auto'
        self._is_reliable = reliability != 'best_effort'
        self.topic = node.resolve_topic_name(topic)
        if self._adapts and self.is_deaf():
            self._is_reliable = False
        self._subscriber = self._subscribe()

    def close(self) -> None:
        """Destroy the subscription."""
        self._node.destroy_subscription(self._subscriber.sub)

    def adapt(self) -> None:
        """Become best effort when a publisher is that a reliable subscription can't hear.

        Reliable comes first because it loses nothing; best effort hears every publisher.
        """
        if not (self._adapts and self.is_deaf()):
            return
        self.close()
        self._is_reliable = False
        self._subscriber = self._subscribe()
        self._node.get_logger().info(f'{self.topic} is best effort: subscribed again as that')

    def is_deaf(self) -> bool:
        """Tell whether a publisher's reliability keeps its messages from us."""
        publishers = self._node.get_publishers_info_by_topic(self.topic)
        best_effort = ReliabilityPolicy.BEST_EFFORT
        return self._is_reliable and any(
            publisher.qos_profile.reliability == best_effort for publisher in publishers
        )

    def facts(self, role: str, *, received: int, lost: Mapping[Loss, int]) -> TopicFacts:
        """Return what the graph and the counters since the last pair tell about this topic."""
        publishers = self._node.get_publishers_info_by_topic(self.topic)
        types = {publisher.topic_type for publisher in publishers}
        return TopicFacts(
            role=role,
            name=self.topic,
            publishers=len(publishers),
            received=received,
            zero_stamps=lost[Loss.ZERO_STAMP],
            bad_stamps=lost[Loss.BAD_STAMP],
            duplicates=lost[Loss.DUPLICATE],
            wrong_types=tuple(sorted(types - {IMAGE_TYPE})),
            incompatible_qos=self.is_deaf(),
        )

    def _subscribe(self) -> message_filters.Subscriber:
        policy = ReliabilityPolicy.RELIABLE if self._is_reliable else ReliabilityPolicy.BEST_EFFORT
        subscriber = message_filters.Subscriber(
            self._node,
            Image,
            self.topic,
            qos_profile=QoSProfile(
                history=HistoryPolicy.KEEP_LAST, depth=INPUT_QUEUE, reliability=policy
            ),
            # Without a callback rclpy warns of what `adapt` mends within a second.
            event_callbacks=SubscriptionEventCallbacks(incompatible_qos=_leave_to_adapt),
        )
        subscriber.registerCallback(self.signalMessage)
        return subscriber


class PairFilter(message_filters.SimpleFilter):
    """Calls back with every pair; connects to other filters as message_filters do."""

    def __init__(
        self,
        pairing: Pairing[Image],
        *,
        stages: StageTimes,
        on_error: Callable[[Exception], None],
    ) -> None:
        super().__init__()
        self._pairing = pairing
        self._stages = stages
        self._on_error = on_error

    def connectInput(
        self, image: message_filters.SimpleFilter, depth: message_filters.SimpleFilter
    ) -> None:
        """Take images and depth from two filters."""
        image.registerCallback(guarded(self.add, self._on_error), Topic.IMAGE)
        depth.registerCallback(guarded(self.add, self._on_error), Topic.DEPTH)

    def add(self, message: Image, topic: Topic) -> None:
        """Take one message."""
        stamp = message.header.stamp
        now_ns, nbytes = time.monotonic_ns(), len(message.data)
        with self._stages.time('listen'):
            stamp_ns = stamp_ns_of(stamp.sec, stamp.nanosec)
            pairs = self._pairing.add(topic, stamp_ns, message, now_ns=now_ns, nbytes=nbytes)
        self._signal(pairs)

    def poll(self) -> None:
        """Decide the images whose wait is over."""
        self._signal(self._pairing.poll(now_ns=time.monotonic_ns()))

    def _signal(self, pairs: list[Pair[Image]]) -> None:
        for pair in pairs:
            self.signalMessage(pair)


class Inputs:
    """The node's subscriptions, from the time they are made until `close`."""

    def __init__(
        self,
        node: Node,
        settings: Settings,
        *,
        stages: StageTimes,
        on_pair: Callable[[Pair[Image]], None],
        on_camera_info: Callable[[CameraInfo], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        self._node = node
        self.pairing: Pairing[Image] = Pairing(pairing_settings(settings.sync))
        filter_ = PairFilter(self.pairing, stages=stages, on_error=on_error)
        filter_.registerCallback(on_pair)
        self._jumps = node.get_clock().create_jump_callback(
            JumpThreshold(min_forward=None, min_backward=Duration(seconds=-0.1)),
            post_callback=guarded(self._on_clock_jump, on_error),
        )
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        poll = guarded(filter_.poll, on_error)
        self._timer = node.create_timer(POLL_PERIOD_SEC, poll, clock=steady)
        self._on_camera_info = guarded(on_camera_info, on_error)
        self._camera_info = self._subscribe_camera_info(CAMERA_INFO_QOS)
        self.image = ImageInput(node, 'image', settings.qos.image)
        self.depth = ImageInput(node, 'depth', settings.qos.depth)
        filter_.connectInput(self.image, self.depth)
        node.get_logger().info(
            f'listening to image {self.image.topic}, depth {self.depth.topic}, '
            f'camera_info {self._camera_info.topic_name}'
        )

    def apply(self, settings: Settings) -> None:
        """Take changed settings over; they hold from the next pair on."""
        self.pairing.settings = pairing_settings(settings.sync)

    def adapt(self) -> None:
        """Suit the publishers that have shown up since the last call."""
        self.image.adapt()
        self.depth.adapt()
        self._adapt_camera_info()

    def close(self) -> None:
        """Destroy the subscriptions, then what they called."""
        self.image.close()
        self.depth.close()
        self._node.destroy_subscription(self._camera_info)
        self._node.destroy_timer(self._timer)
        self._jumps.unregister()

    def _adapt_camera_info(self) -> None:
        """Ask for what was sent before we came when every publisher keeps it for late comers."""
        publishers = self._node.get_publishers_info_by_topic(self._camera_info.topic_name)
        offered = [publisher.qos_profile for publisher in publishers]
        is_latched = bool(offered) and all(
            qos.durability == LATCHED_CAMERA_INFO_QOS.durability
            and qos.reliability == ReliabilityPolicy.RELIABLE
            for qos in offered
        )
        qos = LATCHED_CAMERA_INFO_QOS if is_latched else CAMERA_INFO_QOS
        if qos.durability != self._camera_info.qos_profile.durability:
            self._node.destroy_subscription(self._camera_info)
            self._camera_info = self._subscribe_camera_info(qos)

    def _subscribe_camera_info(self, qos: QoSProfile) -> Subscription:
        return self._node.create_subscription(CameraInfo, 'camera_info', self._on_camera_info, qos)

    def _on_clock_jump(self, jump: TimeJump) -> None:
        back_sec = -jump.delta.nanoseconds / 1e9
        self.pairing.reset(f'the clock jumped back by {back_sec:.1f} s')


def pairing_settings(sync: SyncSettings) -> PairingSettings:
    """Return the settings of the pairing in its own units."""
    return PairingSettings(
        tolerance_ns=_nanoseconds(sync.tolerance),
        wait_ns=_nanoseconds(sync.wait),
        queue_size=sync.queue_size,
        max_bytes=sync.max_bytes,
        reset_threshold_ns=_nanoseconds(sync.reset_threshold),
        depth_time_offset_ns=_nanoseconds(sync.depth_time_offset),
        reuse_depth=sync.reuse_depth,
    )


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)


def _leave_to_adapt(event: Any) -> None:
    pass
