# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The messages made of one part of a recording, until all parts are there."""

from __future__ import annotations

from collections.abc import Iterator
import json
from pathlib import Path
import struct
from typing import Any

from promptda_ros.bags.channel import Channel, RawMessage
from promptda_ros.bags.processing.results import Results
from promptda_ros.bags.processing.sink import Written
from promptda_ros.core.frame_outputs import FrameOutputs

MESSAGES, FRAMES = 'messages.bin', 'frames.json'
HEAD = struct.Struct('<HQ')  # number of the channel, bytes of the message


class SpoolSink:
    """Writes the messages of a part into a folder; there are no originals."""

    def __init__(self, folder: Path, results: Results) -> None:
        self._folder = folder
        self._results = results
        self._numbers = {channel: number for number, channel in enumerate(results.channels)}
        self._file = (folder / MESSAGES).open('xb')
        # Camera, log time and stamp of the image (a loop repeats its stamps), where its messages
        # begin, and how many there are
        self._frames: list[tuple[str, int, int, int, int]] = []

    def original(self, raw: RawMessage) -> None:
        """Leave a message where it is."""

    def frame(self, camera: str, logged_ns: int, made: FrameOutputs) -> None:
        """Write the messages of a frame."""
        begin, count = self._file.tell(), 0
        for message in self._results.messages(camera, logged_ns, made):
            self._file.write(HEAD.pack(self._numbers[message.channel], len(message.data)))
            self._file.write(message.data)
            count += 1
        self._frames.append((camera, logged_ns, made.frame.stamp_ns, begin, count))

    def close(self) -> Written:
        """Finish the files."""
        self._file.close()
        (self._folder / FRAMES).write_text(json.dumps(self._frames), encoding='utf-8')
        return Written({})

    def abandon(self) -> None:
        """Close the file as it is."""
        self._file.close()


class Spool:
    """Gives the messages of a part back, in any order."""

    def __init__(self, folder: Path, channels: list[Channel]) -> None:
        self._channels = channels
        self._file = (folder / MESSAGES).open('rb')
        frames: list[Any] = json.loads((folder / FRAMES).read_text(encoding='utf-8'))
        self._frames = {tuple(image): (begin, count) for *image, begin, count in frames}

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def messages(
        self, camera: str, logged_ns: int, stamp_ns: int
    ) -> Iterator[tuple[Channel, bytes]]:
        """Yield the messages of a frame; none if it was dropped, or belongs to another part."""
        begin, count = self._frames.get((camera, logged_ns, stamp_ns), (0, 0))
        self._file.seek(begin)
        for _ in range(count):
            number, size = HEAD.unpack(self._file.read(HEAD.size))
            yield self._channels[number], self._file.read(size)
