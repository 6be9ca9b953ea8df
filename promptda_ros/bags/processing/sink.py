# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the originals of a recording and what was made of it go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from promptda_ros.bags.channel import Channel, RawMessage
from promptda_ros.bags.processing.results import Results
from promptda_ros.bags.writer import BagWriter, require_counts, verify
from promptda_ros.core.frame_outputs import FrameOutputs


@dataclass(frozen=True)
class Written:
    """What there is in a result."""

    outputs: Mapping[str, int]  # messages by topic, or frames
    originals: int = 0


class Sink(Protocol):
    """Takes everything in the order of the log, from one thread."""

    def original(self, raw: RawMessage) -> None:
        """Take a message that is to be copied."""

    def frame(self, camera: str, logged_ns: int, made: FrameOutputs) -> None:
        """Take what was made of an image that was logged then, after the image itself."""

    def close(self) -> Written:
        """Finish, and check what was written."""

    def abandon(self) -> None:
        """Let go of what can't be finished."""


class BagSink:
    """Writes a bag: the originals as they are, our messages between them."""

    def __init__(
        self,
        folder: Path,
        results: Results,
        originals: Iterable[Channel],
        *,
        storage: str,
        compression: str,
    ) -> None:
        """Begin a bag in an empty folder; topics without messages are kept."""
        self._folder = folder
        self._results = results
        self._writer = BagWriter(folder, storage, compression)
        for channel in (*originals, *results.channels):
            self._writer.announce(channel)

    def original(self, raw: RawMessage) -> None:
        """Copy a message."""
        self._writer.write(raw)

    def frame(self, camera: str, logged_ns: int, made: FrameOutputs) -> None:
        """Write the messages of a frame."""
        for message in self._results.messages(camera, logged_ns, made):
            self._writer.write(message)

    def close(self) -> Written:
        """Finish the bag, read it again and count.

        Raises:
            BagError: it does not hold what was written.
        """
        counts = self._writer.close()
        require_counts(self._folder, counts, verify(self._folder))
        ours = {channel.topic for channel in self._results.channels}
        outputs = {topic: count for topic, count in counts.items() if topic in ours}
        return Written(outputs, sum(counts.values()) - sum(outputs.values()))

    def abandon(self) -> None:
        """Close the file as it is."""
        self._writer.abandon()
