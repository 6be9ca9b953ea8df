# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Subscriptions -> message_filters filter -> pairs; everything here runs on the executor."""

from __future__ import annotations

from collections.abc import Callable
import time

import message_filters
from rclpy.clock import Clock, ClockType, JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image

from promptda_ros.camera.transports import RAW
from promptda_ros.core.pairing.pairing import Pair, Pairing, PairingSettings
from promptda_ros.core.pairing.stream import checked_stamp_ns, Topic
from promptda_ros.core.runtime.guard import guarded
from promptda_ros.core.runtime.stages import StageTimes
from promptda_ros.core.settings.schema import Settings
from promptda_ros.messages.sensor_message import SensorMessage
from promptda_ros.node.subscriptions import CameraInfoInput, SensorInput

POLL_PERIOD_SEC = 0.02


class PairFilter(message_filters.SimpleFilter):  # type: ignore[misc]
    """Calls back with every pair; connects to other filters as message_filters do."""

    def __init__(
        self,
        pairing: Pairing[SensorMessage],
        *,
        stages: StageTimes,
        on_error: Callable[[Exception], None],
    ) -> None:
        super().__init__()
        self.pairing = pairing
        self._stages = stages
        self._on_error = on_error

    def connectInput(
        self, image: message_filters.SimpleFilter, depth: message_filters.SimpleFilter
    ) -> None:
        """Take images and depth from two filters."""
        image.registerCallback(guarded(self.add, self._on_error), Topic.IMAGE)
        depth.registerCallback(guarded(self.add, self._on_error), Topic.DEPTH)

    def add(self, message: SensorMessage, topic: Topic) -> None:
        """Take one message."""
        stamp = message.header.stamp
        now_ns, nbytes = time.monotonic_ns(), len(message.data)
        with self._stages.time('listen'):
            stamp_ns = checked_stamp_ns(stamp.sec, stamp.nanosec)
            pairs = self.pairing.add(topic, stamp_ns, message, now_ns=now_ns, nbytes=nbytes)
        for pair in pairs:
            self.signalMessage(pair)

    def poll(self) -> None:
        """Decide the images whose wait is over."""
        for pair in self.pairing.poll(now_ns=time.monotonic_ns()):
            self.signalMessage(pair)


class Inputs:
    """The subscriptions of one camera, from the time they are made until `close`.

    `prefix` begins every topic, such as 'left/'. A callback that is not given has no topic.
    """

    def __init__(
        self,
        node: Node,
        settings: Settings,
        *,
        prefix: str = '',
        stages: StageTimes,
        on_pair: Callable[[Pair[SensorMessage]], None],
        on_camera_info: Callable[[CameraInfo], None],
        on_depth_camera_info: Callable[[CameraInfo], None] | None = None,
        on_confidence: Callable[[Image], None] | None = None,
        on_mask: Callable[[Image], None] | None = None,
        on_error: Callable[[Exception], None],
    ) -> None:
        self._node = node
        self._prefix = prefix
        self._reliability = settings.qos.depth
        self.pairing: Pairing[SensorMessage] = Pairing(PairingSettings.of(settings.sync))
        filter_ = PairFilter(self.pairing, stages=stages, on_error=on_error)
        filter_.registerCallback(on_pair)
        self._jumps = node.get_clock().create_jump_callback(
            JumpThreshold(min_forward=None, min_backward=Duration(seconds=-0.1)),
            post_callback=guarded(self._on_clock_jump, on_error),
        )
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        poll = guarded(filter_.poll, on_error)
        self._timer = node.create_timer(POLL_PERIOD_SEC, poll, clock=steady)
        self._infos = {
            topic: CameraInfoInput(node, prefix + topic, guarded(callback, on_error))
            for topic, callback in (
                ('camera_info', on_camera_info),
                ('depth_camera_info', on_depth_camera_info),
            )
            if callback is not None
        }
        self.image = self._listen('image', settings.input.image_transport, settings.qos.image)
        self.depth = self._listen('depth', settings.input.depth_transport, settings.qos.depth)
        filter_.connectInput(self.image, self.depth)
        self._attached = {
            role: guarded(callback, on_error)
            for role, callback in (('confidence', on_confidence), ('mask', on_mask))
            if callback is not None
        }
        self._attachments: dict[str, SensorInput] = {}
        self._apply_attachments(settings)
        self._say_topics()

    def apply(self, settings: Settings) -> None:
        """Apply changed settings; they hold from the next pair on."""
        self.pairing.settings = PairingSettings.of(settings.sync)
        before = {*self._attachments}
        self._apply_attachments(settings)
        if {*self._attachments} != before:
            self._say_topics()

    def adapt(self) -> None:
        """Adapt to the publishers that appeared since the last call."""
        for each in self._subscriptions().values():
            each.adapt()

    def close(self) -> None:
        """Destroy the subscriptions, then what they called."""
        for each in self._subscriptions().values():
            each.close()
        self._node.destroy_timer(self._timer)
        self._jumps.unregister()

    @property
    def topics(self) -> dict[str, str]:
        """Return the topic of every role, with the suffix of its transport."""
        return {role: each.topic for role, each in self._subscriptions().items()}

    def _subscriptions(self) -> dict[str, SensorInput | CameraInfoInput]:
        return {
            'image': self.image,
            'depth': self.depth,
            **self._infos,
            **self._attachments,
        }

    def _say_topics(self) -> None:
        heard = ', '.join(f'{role} {topic}' for role, topic in self.topics.items())
        self._node.get_logger().info(f'listening to {heard}')

    def _apply_attachments(self, settings: Settings) -> None:
        """Subscribe to the further topics that the settings need, and to no others."""
        needed = {
            'confidence': settings.input.min_confidence > 0,
            'mask': settings.input.mask != 'off',
        }
        for role, callback in self._attached.items():
            if needed[role] and role not in self._attachments:
                self._attachments[role] = self._listen(role, RAW.name, self._reliability)
                self._attachments[role].registerCallback(callback)
            elif not needed[role] and role in self._attachments:
                self._attachments.pop(role).close()

    def _listen(self, role: str, transport: str, reliability: str) -> SensorInput:
        return SensorInput(
            self._node, role, prefix=self._prefix, transport=transport, reliability=reliability
        )

    def _on_clock_jump(self, jump: TimeJump) -> None:
        back_sec = -jump.delta.nanoseconds / 1e9
        self.pairing.reset(f'the clock jumped back by {back_sec:.1f} s')
