# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Serialized messages -> objects with their fields, by the definitions that were recorded."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Any

from rosbags.interfaces.typing import Typesdict
from rosbags.typesys import (
    get_types_from_idl,
    get_types_from_msg,
    get_typestore,
    Stores,
    TypesysError,
)
from rosbags.typesys.store import Typestore

from promptda_ros.bags.channel import Channel

IDL_BEGINS = '=' * 80 + '\nIDL: '  # of each type, before its name and its text


def _types_of_idl(definition: str, _name: str) -> Typesdict:
    first, *others = definition.split(IDL_BEGINS)
    texts = [text.partition('\n')[2] for text in others] or [first]
    return {name: fields for text in texts for name, fields in get_types_from_idl(text).items()}


PARSERS = {'ros2msg': get_types_from_msg, 'ros2idl': _types_of_idl}


def decode(channel: Channel, data: bytes) -> Any:
    """Return a message with numpy arrays for sequences of numbers; needs no ROS.

    Raises:
        ValueError: its type is not known, or it is not serialized as ROS 2 does by default.
    """
    if channel.serialization != 'cdr':
        raise ValueError(f"it is serialized as '{channel.serialization}', not as 'cdr'")
    types = _types(channel.type_name, channel.definition, channel.definition_format)
    if channel.type_name not in types.fielddefs:
        raise ValueError(f'no complete definition of {channel.type_name} was recorded')
    return types.deserialize_cdr(data, channel.type_name)


def described(channel: Channel) -> Channel:
    """Add the definition of a type of ROS where it was not recorded, or else the missing hash."""
    if channel.definition_format in PARSERS:
        return channel if channel.type_hash else replace(channel, type_hash=_hash_of(channel))
    types = _types_of_ros()
    if channel.type_name not in types.fielddefs:
        return channel
    if channel.type_hash not in ('', types.hash_rihs01(channel.type_name)):
        return channel
    text, _ = types.generate_msgdef(channel.type_name, ros_version=2)
    return replace(channel, definition=text, definition_format='ros2msg')


def _hash_of(channel: Channel) -> str:
    """Return the hash that follows from a recorded definition; empty if that is not complete."""
    types = _types(channel.type_name, channel.definition, channel.definition_format)
    return '' if types is _types_of_ros() else types.hash_rihs01(channel.type_name)


@cache
def _types(name: str, definition: str, definition_format: str) -> Typestore:
    """Return the types of a definition, or those of ROS where it is missing or not complete."""
    if parse := PARSERS.get(definition_format):
        with suppress(TypesysError, KeyError):
            types = get_typestore(Stores.EMPTY)
            types.register(parse(definition, name))
            types.get_msgdef(name)
            return types
    return _types_of_ros()


@cache
def _types_of_ros() -> Typestore:
    # Since Iron definitions are recorded.
    return get_typestore(Stores.ROS2_HUMBLE)
