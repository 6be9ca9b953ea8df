# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which form of a topic is published, and how it is subscribed to."""

from __future__ import annotations

from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image, PointCloud2

from promptda_ros.camera.transports import AUTO, Transport, TRANSPORTS
from promptda_ros.messages.message_types import COMPRESSED_IMAGE, IMAGE, POINT_CLOUD

KINDS = {IMAGE: Image, COMPRESSED_IMAGE: CompressedImage, POINT_CLOUD: PointCloud2}


def topic_of(node: Node, base: str, transport: Transport) -> str:
    """Return the full topic: what is appended follows the remapping of the raw topic."""
    topic: str = node.resolve_topic_name(node.resolve_topic_name(base) + transport.suffix)
    return topic


def choose_transport(node: Node, role: str, base: str, wanted: str) -> Transport | None:
    """Return the transport that is wanted, or with `auto` the first published one, if any is."""
    if wanted != AUTO:
        return next(each for each in TRANSPORTS[role] if each.name == wanted)
    for transport in TRANSPORTS[role]:
        publishers = node.get_publishers_info_by_topic(topic_of(node, base, transport))
        if transport.type_name in {publisher.topic_type for publisher in publishers}:
            return transport
    return None
