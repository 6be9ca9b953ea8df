# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A recording as an episode."""

from __future__ import annotations

from pathlib import Path

from promptda_ros.bags.lerobot.episode import EpisodeWriter, Summary
from promptda_ros.core.frame_outputs import FrameOutputs


class LeRobotSink:
    """Writes image, sensor depth and our depth of every frame, and nothing else of a recording."""

    def __init__(self, folder: Path, task: str) -> None:
        self._episode = EpisodeWriter(folder, task)

    def original(self, raw: object) -> None:
        """Leave a message of the recording where it is."""

    def frame(self, _logged_ns: int, outputs: FrameOutputs) -> None:
        """Add a frame by the stamp of its image."""
        frame = outputs.frame
        depth_m = outputs.image_depth.depth_m
        self._episode.add(frame.stamp_ns, outputs.image, frame.sensor_depth_m, depth_m)

    def close(self) -> Summary:
        """Finish the files of the episode."""
        return self._episode.close()
