# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A moment as files: pictures, depth in millimetres, and the cloud."""

from __future__ import annotations

from pathlib import Path

from promptda_ros.core.output_folder import OutputFolder
from promptda_ros.messages.millimetres import counts_of_metres
from promptda_ros.messages.picture_files import write_picture
from promptda_ros.messages.ply import write_ply
from promptda_ros.view.cloud import Cloud
from promptda_ros.view.moment import Moment
from promptda_ros.view.tiles import Tile


def save(folder: Path, moment: Moment, tiles: list[Tile], cloud: Cloud | None) -> list[str]:
    """Write what is shown into a folder and return the names of the files.

    Raises:
        FileError: the folder can't be written to.
    """
    with OutputFolder(folder) as unfinished:
        for tile in tiles:
            write_picture(unfinished / f'{tile.name}.png', tile.picture[..., ::-1])
        layers = {'sensor_mm': moment.frame.sensor_depth_m, 'depth_mm': moment.depth_m}
        for name, depth_m in layers.items():
            if depth_m is not None:
                write_picture(unfinished / f'{name}.png', counts_of_metres(depth_m))
        if cloud is not None:
            write_ply(unfinished / 'cloud.ply', cloud.points_m, cloud.colours)
        return sorted(path.name for path in unfinished.iterdir())
