# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A recording as an episode."""

from __future__ import annotations

from pathlib import Path

from promptda_ros.bags.lerobot.episode import EpisodeWriter
from promptda_ros.bags.lerobot.layout import OURS
from promptda_ros.bags.processing.sink import Written
from promptda_ros.core.frame_outputs import FrameOutputs


class LeRobotSink:
    """Writes image, sensor depth and our depth of every frame, and nothing else of a recording."""

    def __init__(self, folder: Path, task: str) -> None:
        """Begin an episode in an empty folder."""
        self._episode = EpisodeWriter(folder, task)

    def original(self, raw: object) -> None:
        """Leave a message of the recording where it is."""

    def frame(self, camera: str, logged_ns: int, made: FrameOutputs) -> None:  # noqa: ARG002
        """Add a frame by the stamp of its image.

        Raises:
            LeRobotError: it can't be part of the episode.
        """
        frame, depth_m = made.frame, made.image_depth.depth_m
        self._episode.add(frame.stamp_ns, made.image, frame.sensor_depth_m, depth_m)

    def close(self) -> Written:
        """Finish the files, and count the frames."""
        return Written({OURS: self._episode.close().frames})

    def abandon(self) -> None:
        """Close the file as it is."""
        self._episode.abandon()
