# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How MCAP frames its records, and the ones that name topics and their types."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from struct import Struct
from typing import NamedTuple

from mcap import records
from mcap.data_stream import ReadDataStream
from mcap.opcode import Opcode

from promptda_ros.bags.channel import Channel

MAGIC = b'\x89MCAP0\r\n'
HEAD = Struct('<BQ')  # opcode, length
MESSAGE = Struct('<HIQQ')  # channel, sequence, time of logging, time of publishing


class Record(NamedTuple):
    """Where the content of a record lies."""

    opcode: int
    begin: int
    end: int


def records_in(data: bytes | memoryview) -> Iterator[Record]:
    """Yield the records of a chunk.

    Raises:
        ValueError: the last one is not whole.
    """
    at = 0
    while at < len(data):
        opcode, length = HEAD.unpack_from(data, at)
        begin = at + HEAD.size
        at = begin + length
        if at > len(data):
            raise ValueError(f'a record of {length} bytes ends outside its chunk')
        yield Record(opcode, begin, at)


class Directory:
    """The channels of a file, collected from its records."""

    def __init__(self) -> None:
        self.channels: dict[int, Channel] = {}
        self._schemas: dict[int, records.Schema] = {0: records.Schema(0, b'', '', '')}

    def note(self, opcode: int, content: bytes) -> None:
        """Remember a schema or a channel; other records are of no interest."""
        stream = ReadDataStream(BytesIO(content))
        if opcode == Opcode.SCHEMA:
            schema = records.Schema.read(stream)
            self._schemas[schema.id] = schema
        elif opcode == Opcode.CHANNEL:
            channel = records.Channel.read(stream)
            self.channels[channel.id] = self._channel(channel)

    def _channel(self, channel: records.Channel) -> Channel:
        schema = self._schemas[channel.schema_id]
        return Channel(
            topic=channel.topic,
            type_name=schema.name,
            definition=schema.data.decode(errors='surrogateescape'),
            definition_format=schema.encoding,
            type_hash=channel.metadata.get('topic_type_hash', ''),
            serialization=channel.message_encoding,
            qos=channel.metadata.get('offered_qos_profiles', ''),
        )
