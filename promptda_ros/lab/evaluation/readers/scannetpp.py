# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ScanNet++, the iPhone part: phone LiDAR against depth rendered from the laser scan's mesh.

<root>/data/<scene>/iphone/: rgb/frame_000000.jpg, depth/frame_000000.png of 256x192, both from the
toolkit's prepare_iphone_data, and render_depth/frame_000000.png from its common.render; 16-bit
pictures in millimetres. Source: github.com/scannetpp/scannetpp.
"""

from __future__ import annotations

from pathlib import Path

from promptda_ros.lab.evaluation.readers.files import FrameFiles, NoFrames
from promptda_ros.messages.picture_folders import pictures_in

SENSOR = 'iphone_lidar'


def find_frames(folder: Path) -> list[FrameFiles]:
    """List the rendered frames of all scenes; `folder` is the root or its data/.

    Raises:
        NoFrames: no scene has all three kinds of pictures.
    """
    scenes = folder / 'data' if (folder / 'data').is_dir() else folder
    frames = [
        frame
        for phone in sorted(scenes.glob('*/iphone'))
        for frame in _frames_of(phone, scene=phone.parent.name)
    ]
    if not frames:
        raise NoFrames(
            f'{scenes} has no <scene>/iphone with rgb/, depth/ and render_depth/ of the same names'
        )
    return frames


def _frames_of(phone: Path, *, scene: str) -> list[FrameFiles]:
    images, depths = pictures_in(phone / 'rgb'), pictures_in(phone / 'depth')
    return [
        FrameFiles(
            f'{scene}_{stem}',
            SENSOR,
            image=images[stem],
            truth=truth,
            sensor_depth=depths[stem],
        )
        for stem, truth in pictures_in(phone / 'render_depth').items()
        if stem in images and stem in depths
    ]
