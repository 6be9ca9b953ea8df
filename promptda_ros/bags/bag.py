# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The messages of recordings: MCAP and SQLite, compressed or not, with metadata or without."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, ExitStack
from dataclasses import dataclass
from functools import partial
import os
from pathlib import Path
import shutil
from tempfile import TemporaryDirectory
from typing import Any

from rclpy.serialization import deserialize_message
from rosbags.rosbag2 import Reader
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from promptda_ros.bags.files import BagError, files_of, PACKED
from promptda_ros.core.peer_text import shorten
from promptda_ros.core.runtime.guard import Foreseen

try:
    from compression import zstd  # type: ignore[import-not-found]
except ImportError:  # before Python 3.14; rosbags brings it along
    from backports import zstd

TYPES = {
    'sensor_msgs/msg/Image': Image,
    'sensor_msgs/msg/CompressedImage': CompressedImage,
    'sensor_msgs/msg/CameraInfo': CameraInfo,
}
PICTURES = ('sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage')
MCAP_BEGINS_AND_ENDS = b'\x89MCAP0\r\n'
SQLITE_BEGINS = b'SQLite format 3\x00'
ZSTD_BEGINS = b'\x28\xb5\x2f\xfd'  # no message begins so, even where no metadata says it is packed


@dataclass(frozen=True)
class Recorded:
    """One message of a bag and its number within the topic."""

    topic: str
    number: int
    message: Any
    logged_ns: int


class Bag:
    """An open recording; its messages can be read again and again."""

    def __init__(self, path: Path, parts: Sequence[Reader]) -> None:
        self.path = path
        self._parts = parts
        self.types = {one.topic: one.msgtype for part in parts for one in part.connections}

    def messages(self, topics: Collection[str]) -> Iterator[Recorded]:
        """Yield the messages of these topics, whose types are in TYPES, in the order of logging.

        Raises:
            BagError: the recording is damaged here.
        """
        numbers = dict.fromkeys(topics, 0)
        for part in self._parts:
            connections = [one for one in part.connections if one.topic in numbers]
            if not connections:
                continue  # for none rosbags reads all
            raw = part.messages(connections)
            while True:
                with Foreseen(partial(_refusal, Path(str(part.path)))):
                    entry = next(raw, None)
                if entry is None:
                    break
                connection, logged_ns, data = entry
                topic = connection.topic
                message = self._decode(topic, numbers[topic], bytes(data))
                yield Recorded(topic, numbers[topic], message, logged_ns)
                numbers[topic] += 1

    def _decode(self, topic: str, number: int, data: bytes) -> Any:
        with Foreseen(partial(self._damage, topic, number)):
            whole = zstd.decompress(data) if data.startswith(ZSTD_BEGINS) else data
            return deserialize_message(whole, TYPES[self.types[topic]])

    def _damage(self, topic: str, number: int, error: Exception) -> BagError:
        what = f'message {number} of {shorten(topic)} is damaged'
        return BagError(f'{self.path}: {what} ({shorten(str(error))}); record it again')


@contextmanager
def open_bag(path: Path) -> Iterator[Bag]:
    """Open a file or a folder of files.

    Raises:
        BagError: there is no recording, or it can't be read.
    """
    with ExitStack() as stack:
        yield Bag(path, [_open(file, stack) for file in files_of(path)])


def _open(path: Path, stack: ExitStack) -> Reader:
    if path.suffix == PACKED:
        path = _unpacked(path, stack)
    with Foreseen(partial(_refusal, path)):
        return stack.enter_context(Reader(path))


def _unpacked(path: Path, stack: ExitStack) -> Path:
    folder = stack.enter_context(TemporaryDirectory(prefix='promptda_bag_'))
    file = Path(folder) / path.stem
    with (
        Foreseen(lambda error: BagError(f'{path} cannot be unpacked to {folder}: {error}')),
        path.open('rb') as packed,
        zstd.open(packed, 'rb') as whole,
        file.open('wb') as out,
    ):
        shutil.copyfileobj(whole, out)
    return file


def _refusal(path: Path, error: Exception) -> BagError:
    """Say what a library failed of, and which command saves what is whole."""
    kind = path.suffix
    if not _begins_well(path):
        return BagError(f'{path} cannot be read: it is empty, or no {kind} file')
    said = shorten(str(error))
    if kind == '.db3':
        # What `sqlite3 .recover` makes of one depends on how that was built.
        return BagError(f'{path} is cut off or damaged ({said}): copy it again from its source')
    what = 'is cut off, as after a power cut' if _is_cut_off(path) else 'is damaged'
    fix = f'mcap recover {path} -o recovered.mcap'
    return BagError(f'{path} {what} ({said}): run `{fix}`, and name recovered.mcap here')


def _begins_well(path: Path) -> bool:
    begin = {'.mcap': MCAP_BEGINS_AND_ENDS, '.db3': SQLITE_BEGINS}[path.suffix]
    with path.open('rb') as file:
        return file.read(len(begin)) == begin


def _is_cut_off(path: Path) -> bool:
    with path.open('rb') as file:
        file.seek(-len(MCAP_BEGINS_AND_ENDS), os.SEEK_END)
        return file.read() != MCAP_BEGINS_AND_ENDS
