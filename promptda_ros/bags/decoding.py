# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Serialized messages -> objects with their fields, by the definitions that were recorded."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from rosbags.interfaces.typing import Typesdict
from rosbags.typesys import get_types_from_idl, get_types_from_msg, get_typestore, Stores
from rosbags.typesys.store import Typestore

from promptda_ros.bags.channel import Channel

IDL_BEGINS = '=' * 80 + '\nIDL: '  # of each type, before its name and its text


def decode(channel: Channel, data: bytes) -> Any:
    """Return a message with numpy arrays for sequences of numbers; needs no ROS.

    Raises:
        ValueError: it is not serialized as ROS 2 does by default.
    """
    if channel.serialization != 'cdr':
        raise ValueError(f"it is serialized as '{channel.serialization}', not as 'cdr'")
    types = _types(channel.type_name, channel.definition, channel.definition_format)
    return types.deserialize_cdr(data, channel.type_name)


def described(channel: Channel) -> Channel:
    """Add the definition of a type where it was not recorded but is one of ROS."""
    types = _types_of_ros()
    if channel.definition or channel.type_name not in types.fielddefs:
        return channel
    if channel.type_hash not in ('', types.hash_rihs01(channel.type_name)):
        return channel
    text, _ = types.generate_msgdef(channel.type_name, ros_version=2)
    return replace(channel, definition=text, definition_format='ros2msg')


@cache
def _types(name: str, definition: str, definition_format: str) -> Typestore:
    """Return the types of a definition, or those of ROS where none was recorded."""
    if not definition:
        return _types_of_ros()
    types = get_typestore(Stores.EMPTY)
    if definition_format == 'ros2idl':
        types.register(_idl(definition))
    else:
        types.register(get_types_from_msg(definition, name))
    return types


def _idl(definition: str) -> Typesdict:
    first, *others = definition.split(IDL_BEGINS)
    texts = [text.partition('\n')[2] for text in others] or [first]
    return {name: fields for text in texts for name, fields in get_types_from_idl(text).items()}


@cache
def _types_of_ros() -> Typestore:
    # Since Iron definitions are recorded.
    return get_typestore(Stores.ROS2_HUMBLE)
