# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Writes a bag that every version of ROS 2 since Humble reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
import errno
import os
from pathlib import Path
from typing import Protocol

from promptda_ros.bags.bag import open_bag
from promptda_ros.bags.channel import Channel, RawMessage
from promptda_ros.bags.decoding import described
from promptda_ros.bags.files import BagError, METADATA_FILE
from promptda_ros.bags.storage.mcap_writer import McapWriter
from promptda_ros.bags.storage.metadata import Metadata, read_counts
from promptda_ros.bags.storage.sqlite_writer import SqliteWriter


class StorageWriter(Protocol):
    """Writes the one file of a bag."""

    compression: tuple[str, str]  # format and mode, as metadata.yaml names them

    def add(self, channel: Channel) -> int:
        """Announce a topic and return its number."""

    def write(self, number: int, message: RawMessage) -> None:
        """Write a message of an announced topic."""

    def finish(self, metadata: str) -> None:
        """Write what stands at the end, and close the file."""

    def abandon(self) -> None:
        """Close the file as it is."""


STORAGES: dict[str, Callable[[Path, str], StorageWriter]] = {
    'mcap': McapWriter,
    'sqlite3': SqliteWriter,
}
ENDINGS = {'mcap': '.mcap', 'sqlite3': '.db3'}
COMPRESSIONS = ('zstd', 'none')


class BagWriter:
    """Writes messages, in the order of logging, to a folder of its own.

    The file is named as the folder. MCAP is compressed by chunks, SQLite by messages.
    """

    def __init__(self, folder: Path, storage: str = 'mcap', compression: str = 'zstd') -> None:
        """Begin a bag.

        Raises:
            OSError: the folder has something in it already, or can't be written to.
        """
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise FileExistsError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), str(folder))
        self._folder = folder
        self._file = folder / f'{folder.name}{ENDINGS[storage]}'
        self._writer = STORAGES[storage](self._file, compression)
        self._numbers: dict[tuple[str, str, str], int] = {}
        self._metadata = Metadata(storage, self._file.name, self._writer.compression)

    def write(self, message: RawMessage) -> None:
        """Write one message.

        Raises:
            OSError: the disk is full, or fails.
        """
        number = self._number_of(message.channel)
        self._metadata.count(number, message.logged_ns)
        self._writer.write(number, message)

    def announce(self, channel: Channel) -> None:
        """Have a topic in the bag even if no message of it is written."""
        self._number_of(channel)

    def close(self) -> dict[str, int]:
        """Finish the bag and return the number of messages of each topic.

        `whole_folder` brings it to the disk, with all else in the folder.

        Raises:
            OSError: the disk is full, or fails.
        """
        self._writer.finish(self._metadata.text(indented=False))
        (self._folder / METADATA_FILE).write_text(self._metadata.text(), encoding='utf-8')
        return self._metadata.counts

    def abandon(self) -> None:
        """Let go of a bag that can't be finished; its folder is left to those who made it."""
        self._writer.abandon()

    def _number_of(self, channel: Channel) -> int:
        # The files of a split recording may differ in the rest, of which the first is kept.
        key = channel.topic, channel.type_name, channel.serialization
        if key not in self._numbers:
            channel = described(channel)
            self._numbers[key] = self._writer.add(channel)
            self._metadata.add(self._numbers[key], channel)
        return self._numbers[key]


def verify(folder: Path) -> dict[str, int]:
    """Read all of a bag again, and return the number of messages of each topic.

    Raises:
        BagError: it is not what was written.
    """
    with open_bag(folder) as bag:
        counts = dict.fromkeys(bag.types, 0) | Counter(raw.channel.topic for raw in bag.raw())
        require_counts(folder, read_counts(folder), counts)
        if bag.cut_off:
            raise _damaged(folder, bag.cut_off)
    return counts


def require_counts(folder: Path, written: Mapping[str, int], found: Mapping[str, int]) -> None:
    """Compare the number of messages of each topic.

    Raises:
        BagError: not all that was written can be read again, or more than that.
    """
    for topic in {**written, **found}:
        if written.get(topic) != found.get(topic):
            count, again = written.get(topic, 0), found.get(topic, 0)
            raise _damaged(
                folder, f'{count} messages of {topic} were written, {again} can be read again'
            )


def _damaged(folder: Path, how: str) -> BagError:
    return BagError(
        f'{folder.name} does not hold what was written ({how}): the disk may be failing; write to '
        'another one with --out'
    )
