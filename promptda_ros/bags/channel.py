# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A recorded topic, and its messages as bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Channel:
    """A topic as it was recorded: what players and other storages need to know about it."""

    topic: str
    type_name: str  # package/msg/Name
    definition: str = ''  # of the type and of all types in it; empty if it was not recorded
    definition_format: str = ''  # ros2msg or ros2idl
    type_hash: str = ''  # RIHS01_...; empty if it was not recorded
    serialization: str = 'cdr'
    qos: str = ''  # offered_qos_profiles: YAML, as it was recorded


@dataclass(frozen=True)
class RawMessage:
    """One serialized message of a bag.

    `number` counts the messages of the topic in the whole bag, whichever part of it is read.
    """

    channel: Channel
    number: int
    logged_ns: int
    published_ns: int  # SQLite and ROS 1 do not record it: the time of logging
    data: bytes
    sequence: int = 0  # of the publisher; only MCAP has it
