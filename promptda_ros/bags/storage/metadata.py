# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""metadata.yaml of a bag: its files, topics and counts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from promptda_ros.bags.channel import Channel
from promptda_ros.bags.files import METADATA_FILE
from promptda_ros.bags.storage.qos import in_numbers

# Of Humble. Later versions read it as well, and everyone ignores keys of versions after it.
VERSION = 5


class Metadata:
    """What is counted while a bag is written."""

    def __init__(self, storage: str, file_name: str, compression: tuple[str, str]) -> None:
        self._storage = storage
        self._file_name = file_name
        self._compression = compression
        self._channels: dict[int, Channel] = {}
        self._counts: dict[int, int] = {}
        self._first_ns, self._last_ns = 2**63 - 1, 0

    @property
    def counts(self) -> dict[str, int]:
        """The number of messages of each topic."""
        counts = {channel.topic: 0 for channel in self._channels.values()}
        for number, count in self._counts.items():
            counts[self._channels[number].topic] += count
        return counts

    def add(self, number: int, channel: Channel) -> None:
        """Take up a topic by its number."""
        self._channels[number] = channel
        self._counts[number] = 0

    def count(self, number: int, logged_ns: int) -> None:
        """Count a message."""
        self._counts[number] += 1
        self._first_ns = min(self._first_ns, logged_ns)
        self._last_ns = max(self._last_ns, logged_ns)

    def text(self, *, indented: bool = True) -> str:
        """Return the YAML: of the file, or of what storages keep of it in themselves."""
        facts = self._facts()
        whole = {'rosbag2_bagfile_information': facts} if indented else facts
        return yaml.safe_dump(whole, sort_keys=False, width=1_000_000)

    def _facts(self) -> dict[str, Any]:
        compression_format, compression_mode = self._compression
        return {
            'version': VERSION,
            'storage_identifier': self._storage,
            **self._times(),
            'topics_with_message_count': [
                {'topic_metadata': _facts_of(channel), 'message_count': self._counts[number]}
                for number, channel in self._channels.items()
            ],
            'compression_format': compression_format,
            'compression_mode': compression_mode,
            'relative_file_paths': [self._file_name],
            'files': [{'path': self._file_name, **self._times()}],
        }

    def _times(self) -> dict[str, Any]:
        return {
            'duration': {'nanoseconds': max(0, self._last_ns - self._first_ns)},
            'starting_time': {'nanoseconds_since_epoch': self._first_ns},
            'message_count': sum(self._counts.values()),
        }


def read_counts(folder: Path) -> dict[str, int]:
    """Return the number of messages of each topic as metadata.yaml has it."""
    facts = yaml.safe_load((folder / METADATA_FILE).read_text(encoding='utf-8'))
    counts: Counter[str] = Counter()
    for one in facts['rosbag2_bagfile_information']['topics_with_message_count']:
        counts[one['topic_metadata']['name']] += one['message_count']
    return counts


def _facts_of(channel: Channel) -> dict[str, str]:
    return {
        'name': channel.topic,
        'type': channel.type_name,
        'serialization_format': channel.serialization,
        'offered_qos_profiles': in_numbers(channel.qos),
        'type_description_hash': channel.type_hash,
    }
