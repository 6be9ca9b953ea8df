# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Subscriptions that suit whatever publisher shows up: its reliability, durability, transport."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import message_filters
from rclpy.node import Node
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    qos_profile_sensor_data,
    QoSProfile,
    ReliabilityPolicy,
)
from sensor_msgs.msg import CameraInfo

try:
    from rclpy.event_handler import SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks

from promptda_ros.camera.transports import AUTO, RAW, remedy_for, Transport
from promptda_ros.core.pairing.silence import TopicFacts
from promptda_ros.core.pairing.stream import Loss
from promptda_ros.node.graph import nodes_of
from promptda_ros.node.transports import choose_transport, KINDS, topic_of

# A few images bridge a pause of the executor; old ones are of no use.
INPUT_QUEUE = 5
# A camera_info is small enough to arrive either way, and best effort hears every publisher. One
# that was sent a single time before the node came is told only to those who ask for it.
CAMERA_INFO_QOS = qos_profile_sensor_data
LATCHED_CAMERA_INFO_QOS = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class SensorInput(message_filters.SimpleFilter):  # type: ignore[misc]
    """A subscription to pictures or points: reliable, or best effort where it must.

    `role` is image, depth, confidence or mask, `transport` and `reliability` what the settings
    say of it. With `auto` the transport is raw until something else is published.
    """

    def __init__(
        self,
        node: Node,
        role: str,
        *,
        prefix: str = '',
        transport: str = RAW.name,
        reliability: str = AUTO,
    ) -> None:
        super().__init__()
        self._node = node
        self._role = role
        self._base = prefix + role
        self._wanted = transport
        self._adapts = reliability == AUTO
        self._is_reliable = reliability != 'best_effort'
        self._override = ''  # the parameter that the reliability follows whatever is asked for
        self._subscribe(choose_transport(node, role, self._base, transport) or RAW)

    def close(self) -> None:
        """Destroy the subscription."""
        self._node.destroy_subscription(self._subscriber.sub)

    def adapt(self) -> None:
        """Adapt to the publishers: take a transport and a reliability that they offer.

        Reliable comes first because it loses nothing; best effort hears every publisher.
        """
        transport = (
            choose_transport(self._node, self._role, self._base, self._wanted) or self.transport
        )
        if transport is not self.transport:
            self.close()
            self._is_reliable = self._is_reliable or self._adapts
            self._subscribe(transport)
            self._say(f'{self._role} arrives as {transport.name} on {self.topic}')
        elif self._adapts and self.has_incompatible_qos():
            self.close()
            self._subscribe(transport)
            if not self._is_reliable:
                self._say(f'{self.topic} is best effort: subscribed again as that')

    def publishers(self) -> list[str]:
        """List the publishing nodes, one entry per publisher."""
        found = self._node.get_publishers_info_by_topic(self.topic)
        return nodes_of(each for each in found if each.topic_type == self.transport.type_name)

    def has_incompatible_qos(self) -> bool:
        """Return whether a best-effort publisher cannot reach this reliable subscription."""
        publishers = self._node.get_publishers_info_by_topic(self.topic)
        return self._is_reliable and any(
            publisher.topic_type == self.transport.type_name
            and publisher.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT
            for publisher in publishers
        )

    def facts(self, role: str, *, received: int, lost: Mapping[Loss, int]) -> TopicFacts:
        """Return what the graph and the counters since the last pair tell about this topic."""
        publishers = self._node.get_publishers_info_by_topic(self.topic)
        types = {publisher.topic_type for publisher in publishers} - {self.transport.type_name}
        return TopicFacts(
            role=role,
            name=self.topic,
            publishers=len(publishers),
            received=received,
            zero_stamps=lost[Loss.ZERO_STAMP],
            bad_stamps=lost[Loss.BAD_STAMP],
            duplicates=lost[Loss.DUPLICATE],
            type=self.transport.type_name,
            wrong_types=tuple(sorted(types)),
            remedy=remedy_for(role, self.topic, types) if types else '',
            incompatible_qos=self.has_incompatible_qos(),
            qos_override=self._override,
        )

    def _subscribe(self, transport: Transport) -> None:
        self.transport = transport
        self.topic = topic_of(self._node, self._base, transport)
        if self._adapts and self.has_incompatible_qos():
            self._is_reliable = False
        policy = ReliabilityPolicy.RELIABLE if self._is_reliable else ReliabilityPolicy.BEST_EFFORT
        self._subscriber = message_filters.Subscriber(
            self._node,
            KINDS[transport.type_name],
            self.topic,
            qos_profile=QoSProfile(
                history=HistoryPolicy.KEEP_LAST, depth=INPUT_QUEUE, reliability=policy
            ),
            # Without a callback rclpy warns of what `adapt` fixes within a second.
            event_callbacks=SubscriptionEventCallbacks(incompatible_qos=_leave_to_adapt),
        )
        self._subscriber.registerCallback(self.signalMessage)
        self._note_override(policy)

    def _note_override(self, asked: ReliabilityPolicy) -> None:
        """Adapt no more where the node makes its subscriptions as a parameter says."""
        reliability = self._subscriber.sub.qos_profile.reliability
        if reliability != asked:
            self._adapts = False
            self._is_reliable = reliability == ReliabilityPolicy.RELIABLE
            self._override = f'qos_overrides.{self.topic}.subscription.reliability'

    def _say(self, text: str) -> None:
        self._node.get_logger().info(text)


class CameraInfoInput:
    """A subscription to camera_info, including one latched before the node started."""

    def __init__(self, node: Node, topic: str, callback: Callable[[CameraInfo], object]) -> None:
        self._node = node
        self._callback = callback
        self.topic = node.resolve_topic_name(topic)
        self._qos = CAMERA_INFO_QOS  # as asked for; parameters may override it
        self._subscription = self._subscribe()

    def close(self) -> None:
        """Destroy the subscription."""
        self._node.destroy_subscription(self._subscription)

    def adapt(self) -> None:
        """Ask for latched messages if every publisher is transient local."""
        publishers = self._node.get_publishers_info_by_topic(self.topic)
        offered = [publisher.qos_profile for publisher in publishers]
        is_latched = bool(offered) and all(
            qos.durability == LATCHED_CAMERA_INFO_QOS.durability
            and qos.reliability == ReliabilityPolicy.RELIABLE
            for qos in offered
        )
        qos = LATCHED_CAMERA_INFO_QOS if is_latched else CAMERA_INFO_QOS
        if qos is not self._qos:
            self._qos = qos
            self.close()
            self._subscription = self._subscribe()

    def _subscribe(self) -> Any:
        return self._node.create_subscription(CameraInfo, self.topic, self._callback, self._qos)


def _leave_to_adapt(event: Any) -> None:
    pass
