# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The forms in which images and depth arrive, live or recorded: topic and message type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from promptda_ros.messages.message_types import COMPRESSED_IMAGE, IMAGE, POINT_CLOUD

AUTO = 'auto'
DISPARITY = 'stereo_msgs/msg/DisparityImage'


@dataclass(frozen=True)
class Transport:
    """One form of a topic, named as the settings and image_transport name it."""

    name: str
    type_name: str
    suffix: str = ''  # of the topic, after the name of the raw one


RAW = Transport('raw', IMAGE)
# In the order in which `auto` takes what is there
TRANSPORTS: Mapping[str, tuple[Transport, ...]] = {
    'image': (RAW, Transport('compressed', COMPRESSED_IMAGE, '/compressed')),
    'depth': (
        RAW,
        Transport('compressedDepth', COMPRESSED_IMAGE, '/compressedDepth'),
        Transport('points', POINT_CLOUD),
        # PNG keeps all 16 bits; what is JPEG is refused message by message.
        Transport('compressed', COMPRESSED_IMAGE, '/compressed'),
    ),
    'confidence': (RAW,),
    'mask': (RAW,),
}


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
