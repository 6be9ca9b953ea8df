# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Subscriptions that come and go with what is looked at; all of it runs on the executor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data

from promptda_ros.camera.camera import Camera
from promptda_ros.node.subscriptions import CameraInfoInput
from promptda_ros.node.transports import KINDS
from promptda_ros.view.listening.held import Held

# Hears every publisher, and lets none of them wait or send again.
QOS = qos_profile_sensor_data
Guarding = Callable[[Callable[..., object]], Callable[..., bool]]


class LayerSubscriptions:
    """Holds the messages of the layers that are wanted."""

    def __init__(self, node: Node, held: Held, guarded: Guarding) -> None:
        self._node = node
        self._held = held
        self._guarded = guarded
        self._subscriptions: dict[str, Any] = {}

    def adapt(self, topics: Mapping[str, str]) -> None:
        """Subscribe to the topics of these layers where they are published, and to no others."""
        for layer, subscription in [*self._subscriptions.items()]:
            if subscription.topic_name != topics.get(layer):
                self._node.destroy_subscription(self._subscriptions.pop(layer))
                self._held.clear(layer)
        for layer in topics.keys() - self._subscriptions.keys():
            self._subscribe(layer, topics[layer])

    def _subscribe(self, layer: str, topic: str) -> None:
        publishers = self._node.get_publishers_info_by_topic(topic)
        kinds = [KINDS[each.topic_type] for each in publishers if each.topic_type in KINDS]
        if kinds:
            add = self._guarded(partial(self._held.add, layer))
            self._subscriptions[layer] = self._node.create_subscription(kinds[0], topic, add, QOS)


class CalibrationSubscriptions:
    """Tells a camera its calibrations while somebody looks."""

    def __init__(self, node: Node, guarded: Guarding) -> None:
        self._node = node
        self._guarded = guarded
        self._camera: Camera | None = None
        self._inputs: list[CameraInfoInput] = []

    def adapt(self, camera: Camera | None) -> None:
        """Listen for this camera, for none with None."""
        if camera is not self._camera:
            self._camera = camera
            while self._inputs:
                self._inputs.pop().close()
            if camera is not None:
                self._listen(camera)
        for each in self._inputs:
            each.adapt()

    def _listen(self, camera: Camera) -> None:
        for topic, calibration in (
            (camera.topics.camera_info, camera.calibration),
            (camera.topics.depth_camera_info, camera.depth_calibration),
        ):
            if topic:
                add = self._guarded(calibration.add)
                self._inputs.append(CameraInfoInput(self._node, topic, add))
