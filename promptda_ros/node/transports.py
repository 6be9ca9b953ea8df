# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The forms in which images and depth arrive: topic, message type, and which is published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image, PointCloud2

AUTO = 'auto'
DISPARITY = 'stereo_msgs/msg/DisparityImage'


@dataclass(frozen=True)
class Transport:
    """One form of a topic, named as the settings and image_transport name it."""

    name: str
    kind: type
    suffix: str = ''  # of the topic, after the name of the raw one

    @property
    def type_name(self) -> str:
        """Return the message type as the graph names it."""
        return f'sensor_msgs/msg/{self.kind.__name__}'


RAW = Transport('raw', Image)
# In the order in which `auto` takes what is published
TRANSPORTS: Mapping[str, tuple[Transport, ...]] = {
    'image': (RAW, Transport('compressed', CompressedImage, '/compressed')),
    'depth': (
        RAW,
        Transport('compressedDepth', CompressedImage, '/compressedDepth'),
        Transport('points', PointCloud2),
        # PNG keeps all 16 bits; what is JPEG is refused message by message.
        Transport('compressed', CompressedImage, '/compressed'),
    ),
    'confidence': (RAW,),
    'mask': (RAW,),
}


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


def remedy_for(role: str, topic: str, types: set[str]) -> str:
    """Say what to set or remap when a topic carries other types than the one subscribed to."""
    if role == 'depth' and DISPARITY in types:
        return (
            'disparity is larger for nearer objects, it is not depth; remap depth to the points '
            'that stereo_image_proc makes of it (points2) and set input.depth_transport:=points'
        )
    fitting = [each for each in TRANSPORTS[role] if each.type_name in types]
    if not fitting:
        kinds = {each.type_name for each in TRANSPORTS[role]}
        return f'remap {role} to a topic of {" or ".join(sorted(kinds))}'
    named = [each for each in fitting if each.suffix and topic.endswith(each.suffix)]
    transport = (named or fitting)[0]
    setting = f'set input.{role}_transport:={transport.name}'
    if not transport.suffix:
        return f'{setting}, or auto'
    if named:
        return f'remap {role} to {topic.removesuffix(transport.suffix)} and {setting}'
    return f'{setting}, and append {transport.suffix} to the topic of the publisher'
