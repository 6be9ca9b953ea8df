# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ARKitScenes, the upsampling part: phone LiDAR against a laser scanner.

<root>/metadata.csv, and below <root>/Validation/<video_id>/: wide/ (color/ in its own readme) with
images of 1920x1440, lowres_depth/ of 256x192 and highres_depth/; 16-bit pictures in millimetres,
files of the same names. Source: github.com/apple/ARKitScenes, depth_upsampling. The column
sky_direction says how a video was held; pictures are turned upright, as its own loader does.
"""

from __future__ import annotations

import csv
from pathlib import Path

from promptda_ros.lab.evaluation.readers.files import FrameFiles, NoFrames
from promptda_ros.messages.picture_folders import pictures_in

SENSOR = 'arkit_lidar'
SPLIT = 'Validation'
QUARTER_TURNS = {'Up': 0, 'Right': 1, 'Down': 2, 'Left': 3}  # to the left
IMAGE_FOLDERS = ('wide', 'color')


def find_frames(folder: Path) -> list[FrameFiles]:
    """List the frames of the validation part; `folder` is the root or the part itself.

    Raises:
        NoFrames: no video has all three kinds of pictures.
    """
    split = folder / SPLIT if (folder / SPLIT).is_dir() else folder
    turns = _quarter_turns(split.parent / 'metadata.csv')
    videos = sorted(path for path in split.iterdir() if path.is_dir())
    frames = [frame for video in videos for frame in _frames_of(video, turns.get(video.name, 0))]
    if not frames:
        raise NoFrames(
            f'{split} has no videos with wide/, lowres_depth/ and highres_depth/ of the same names'
        )
    return frames


def _frames_of(video: Path, quarter_turns: int) -> list[FrameFiles]:
    images: dict[str, Path] = {}
    for name in IMAGE_FOLDERS:
        images |= pictures_in(video / name)
    low, high = pictures_in(video / 'lowres_depth'), pictures_in(video / 'highres_depth')
    return [
        FrameFiles(
            stem,
            SENSOR,
            image=images[stem],
            truth=high[stem],
            sensor_depth=low[stem],
            quarter_turns=quarter_turns,
        )
        for stem in images
        if stem in low and stem in high
    ]


def _quarter_turns(metadata: Path) -> dict[str, int]:
    if not metadata.is_file():
        return {}
    with metadata.open(newline='') as file:
        rows = csv.DictReader(file)
        if not {'video_id', 'sky_direction'} <= set(rows.fieldnames or ()):
            raise NoFrames(
                f'{metadata} has no columns video_id and sky_direction, which say how a video '
                'was held: download it again'
            )
        # A direction that is not known leaves the picture as it is.
        return {row['video_id']: QUARTER_TURNS.get(row['sky_direction'], 0) for row in rows}
