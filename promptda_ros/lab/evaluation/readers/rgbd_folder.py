# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Folders of colour and depth pictures as frames with known depth: the depth is the truth."""

from __future__ import annotations

from pathlib import Path

from promptda_ros.lab.evaluation.readers.files import FrameFiles, NoFrames
from promptda_ros.messages.picture_folders import EXPECTED, find_pairs


def find_frames(folder: Path) -> list[FrameFiles]:
    """List the frames of whichever of the layouts the folder has.

    Raises:
        NoFrames: it has none of them.
        FileError: a list of files can't be read.
    """
    folder = folder.absolute()  # its name stands for the sensor, and '.' has none
    frames = [
        FrameFiles(
            pair.name,
            folder.name,
            image=pair.image,
            truth=pair.depth,
            sensor_depth=pair.sensor,
            scale_m=pair.scale_m,
        )
        for pair in find_pairs(folder)
    ]
    if not frames:
        raise NoFrames(f'{folder} has neither {EXPECTED}')
    return frames
