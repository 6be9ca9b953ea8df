# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""HAMMER: three depth sensors against rendered truth, all in the polarisation camera's view.

<root>/<scene>/polarization/: rgb/000000.png, _gt/, depth_d435/ (active stereo), depth_l515/ and
depth_tof/ (direct and indirect time of flight); 16-bit pictures in millimetres, files of the same
names. Source: github.com/Junggy/HAMMER-dataset and the loaders of those who use it.
"""

from __future__ import annotations

from pathlib import Path

from promptda_ros.lab.evaluation.readers.files import FrameFiles, NoFrames
from promptda_ros.messages.picture_folders import pictures_in

SENSORS = ('d435', 'l515', 'tof')


def find_frames(folder: Path) -> list[FrameFiles]:
    """List every frame once for each sensor that saw it.

    Raises:
        NoFrames: no scene has images, ground truth and a sensor's depth.
    """
    cameras = [path for path in sorted(folder.glob('**/polarization')) if path.is_dir()]
    frames = [
        frame for sensor in SENSORS for camera in cameras for frame in _frames_of(camera, sensor)
    ]
    if not frames:
        raise NoFrames(
            f'{folder} has no <scene>/polarization with rgb/, _gt/ and depth_d435/, depth_l515/ '
            'or depth_tof/ of the same names'
        )
    return frames


def _frames_of(camera: Path, sensor: str) -> list[FrameFiles]:
    images, truths = pictures_in(camera / 'rgb'), pictures_in(camera / '_gt')
    return [
        FrameFiles(
            f'{camera.parent.name}_{stem}',
            sensor,
            image=images[stem],
            truth=truths[stem],
            sensor_depth=depth,
        )
        for stem, depth in pictures_in(camera / f'depth_{sensor}').items()
        if stem in images and stem in truths
    ]
