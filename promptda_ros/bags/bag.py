# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The messages of recordings: MCAP, SQLite and ROS 1, compressed or not, whole or cut off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, ExitStack
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
import sys
from typing import Any, TypeAlias

from tqdm import tqdm

from promptda_ros.bags import decoding
from promptda_ros.bags.channel import Channel, RawMessage
from promptda_ros.bags.files import BagError, files_of, PACKED, ROS_1
from promptda_ros.bags.storage.damage import refusal, require_beginning
from promptda_ros.bags.storage.mcap_file import McapFile
from promptda_ros.bags.storage.packing import begins_packed, unpacked, zstd
from promptda_ros.bags.storage.part import (
    BEGINNING_NS,
    END_OF_TIME_NS,
    in_log_order,
    Part,
    Run,
    Stored,
)
from promptda_ros.bags.storage.ros1_file import Ros1File
from promptda_ros.bags.storage.sqlite_file import SqliteFile
from promptda_ros.core.peer_text import printable, shorten
from promptda_ros.core.runtime.guard import Foreseen
from promptda_ros.messages.message_types import COMPRESSED_IMAGE, IMAGE

PICTURES = (IMAGE, COMPRESSED_IMAGE)
STORAGES: dict[str, Callable[[Path, Path, ExitStack], Part]] = {
    '.mcap': McapFile,
    '.db3': SqliteFile,
    ROS_1: Ros1File,
}
Decode: TypeAlias = Callable[[Channel, bytes], Any]


@dataclass(frozen=True)
class Recorded:
    """One message of a bag and its number within the topic."""

    topic: str
    number: int
    message: Any
    logged_ns: int


class Bag:
    """An open recording; its messages can be read again and again."""

    def __init__(self, path: Path, parts: Sequence[Part], decode: Decode) -> None:
        self.path = path
        self._parts = parts
        self._decode = decode
        self.channels = tuple(dict.fromkeys(one for part in parts for one in part.channels))
        self.types = {one.topic: one.type_name for one in self.channels}

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """The number of messages of each topic.

        Raises:
            BagError: the recording is damaged.
        """
        return dict.fromkeys(self.types, 0) | self._counts_before(END_OF_TIME_NS)

    @property
    def span_ns(self) -> tuple[int, int]:
        """The times of logging of the first and the last message; without messages 0, 0."""
        spans = [part.span_ns for part in self._parts if part.span_ns]
        if not spans:
            return 0, 0
        return min(first for first, _ in spans), max(last for _, last in spans)

    @property
    def cut_off(self) -> str:
        """One sentence if a file of the bag ends early; it is read up to there."""
        return '; '.join(part.cut_off for part in self._parts if part.cut_off)

    @property
    def warnings(self) -> list[str]:
        """What a user must know of what was read."""
        warnings = [part.cut_off for part in self._parts if part.cut_off]
        if self.path.suffix == ROS_1:
            warnings.append(
                f'{self.path} is of ROS 1: its messages are converted to those of ROS 2, so '
                'their bytes are not those of the recording'
            )
        return warnings

    def raw(
        self,
        topics: Collection[str] | None = None,
        *,
        begin_ns: int | None = None,
        end_ns: int | None = None,
    ) -> Iterator[RawMessage]:
        """Yield messages in the order of logging, from the beginning to before the end.

        Raises:
            BagError: the recording is damaged here.
        """
        topics = frozenset(self.types if topics is None else topics)
        begin_ns = BEGINNING_NS if begin_ns is None else begin_ns
        end_ns = END_OF_TIME_NS if end_ns is None else end_ns
        numbers = self._counts_before(begin_ns)
        for stored in in_log_order(self._runs(topics, begin_ns, end_ns)):
            number = numbers[stored.channel.topic]
            numbers[stored.channel.topic] += 1
            yield self._message(stored, number)

    def messages(self, topics: Collection[str]) -> Iterator[Recorded]:
        """Yield decoded messages of these topics in the order of logging.

        Raises:
            BagError: the recording is damaged here.
        """
        for raw in self.raw(topics):
            yield Recorded(raw.channel.topic, raw.number, self.decode(raw), raw.logged_ns)

    def decode(self, raw: RawMessage) -> Any:
        """Return the message.

        Raises:
            BagError: it is damaged, or its type is not known.
        """
        with Foreseen(partial(self._damage, raw.channel, raw.number)):
            return self._decode(raw.channel, raw.data)

    def _runs(self, topics: Collection[str], begin_ns: int, end_ns: int) -> list[Run]:
        runs = [
            Run(part.span_ns[0], place, partial(_messages, part, topics, begin_ns, end_ns))
            for place, part in enumerate(self._parts)
            if part.span_ns and part.span_ns[0] < end_ns and begin_ns <= part.span_ns[1]
        ]
        return sorted(runs, key=lambda run: run.begin_ns)

    def _counts_before(self, time_ns: int) -> Counter[str]:
        counts: Counter[str] = Counter()
        for part in self._parts:
            if part.span_ns and part.span_ns[0] < time_ns:
                is_whole = part.span_ns[1] < time_ns
                with Foreseen(partial(refusal, part.path)):
                    counts.update(part.counts if is_whole else part.counts_before(time_ns))
        return counts

    def _message(self, stored: Stored, number: int) -> RawMessage:
        logged_ns, published_ns, sequence, channel, data = stored
        if begins_packed(data):
            with Foreseen(partial(self._damage, channel, number)):
                data = zstd.decompress(data)
        return RawMessage(channel, number, logged_ns, published_ns, data, sequence)

    def _damage(self, channel: Channel, number: int, error: Exception) -> BagError:
        what = f'message {number} of {shorten(channel.topic)} cannot be decoded'
        return BagError(f'{self.path}: {what} ({printable(str(error))}); record it again')


@contextmanager
def open_bag(path: Path, decode: Decode = decoding.decode) -> Iterator[Bag]:
    """Open a file or a folder of files; `decode` makes messages of their bytes.

    Raises:
        BagError: there is no recording, or it can't be read.
    """
    with ExitStack() as stack:
        yield Bag(path, [_open(file, stack) for file in files_of(path)], decode)


def say_warnings(bag: Bag) -> None:
    """Print what a user must know of a bag."""
    for warning in bag.warnings:
        tqdm.write(f'warning: {warning}', file=sys.stderr)


def _open(path: Path, stack: ExitStack) -> Part:
    file = unpacked(path, stack) if path.suffix == PACKED else path
    require_beginning(path, file)
    with Foreseen(partial(refusal, path)):
        return STORAGES[file.suffix](path, file, stack)


def _messages(part: Part, topics: Collection[str], begin_ns: int, end_ns: int) -> Iterator[Stored]:
    """Yield the messages of a part; what goes wrong within it is said of it."""
    found = part.messages(topics, begin_ns, end_ns)
    while True:
        with Foreseen(partial(refusal, part.path)):
            stored = next(found, None)
        if stored is None:
            return
        yield stored
