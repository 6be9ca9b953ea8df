# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Serialized messages -> messages of ROS itself, which nodes can publish."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from rclpy.serialization import deserialize_message

from promptda_ros.bags.channel import Channel


def decode(channel: Channel, data: bytes) -> Any:
    """Return a message of the installed ROS.

    Raises:
        ImportError: its type is not installed.
    """
    package, folder, name = channel.type_name.split('/')
    return deserialize_message(data, getattr(import_module(f'{package}.{folder}'), name))
