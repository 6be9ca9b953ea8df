# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Writes an MCAP file, in chunks with an index, as rosbag2 does."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from mcap.well_known import Profile
from mcap.writer import CompressionType, Writer

from promptda_ros.bags.channel import Channel, RawMessage
from promptda_ros.bags.storage.qos import in_numbers

COMPRESSIONS = {'zstd': CompressionType.ZSTD, 'none': CompressionType.NONE}


class McapWriter:
    """An MCAP file that is being written."""

    compression = '', ''  # of chunks, which only MCAP itself need know

    def __init__(self, path: Path, compression: str) -> None:
        self._file = path.open('wb')
        self._writer = Writer(self._file, compression=COMPRESSIONS[compression])
        self._writer.start(Profile.ROS2)
        self._schemas: dict[tuple[str, str], int] = {}

    def add(self, channel: Channel) -> int:
        """Announce a topic and return its number."""
        facts = {'offered_qos_profiles': in_numbers(channel.qos)}
        if channel.type_hash:
            facts['topic_type_hash'] = channel.type_hash
        schema = self._schema_of(channel)
        return self._writer.register_channel(channel.topic, channel.serialization, schema, facts)

    def write(self, number: int, message: RawMessage) -> None:
        """Write a message of an announced topic."""
        self._writer.add_message(
            number, message.logged_ns, message.data, message.published_ns, message.sequence
        )

    def finish(self, metadata: str) -> None:
        """Write what stands at the end, and close the file."""
        self._writer.add_metadata('rosbag2', {'serialized_metadata': metadata})
        self._writer.finish()  # type: ignore[no-untyped-call]
        self._file.close()

    def abandon(self) -> None:
        """Close the file as it is."""
        with suppress(OSError):  # of what was still to be written
            self._file.close()

    def _schema_of(self, channel: Channel) -> int:
        key = channel.type_name, channel.definition
        if key not in self._schemas:
            text = channel.definition.encode(errors='surrogateescape')
            self._schemas[key] = self._writer.register_schema(
                channel.type_name, channel.definition_format, text
            )
        return self._schemas[key]
