# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Settings of the part of the scene that the clouds show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from promptda_ros.core.settings.pose import frame_origin, frame_rotation, require_pose
from promptda_ros.core.settings.setting import metres, pixels, setting


def _corner(place: float, end: str) -> Any:
    return metres(
        (place, place, place),
        f'{end} x, y, z of the points in the workspace frame.',
        limits=(-1000.0, 1000.0),
        lengths=(3,),
    )


@dataclass(frozen=True)
class WorkspaceSettings:
    """Which part of the scene the clouds show; depth images are never cropped."""

    min_depth: float = metres(0.0, 'Minimum depth of the points.', limits=(0.0, 1000.0))
    max_depth: float = metres(1000.0, 'Maximum depth of the points.', limits=(0.0, 1000.0))
    roi: tuple[float, ...] = pixels(
        (0.0, 0.0, 0.0, 0.0),
        'Region of interest in the image: left, top, width, height; a width or height of 0 means '
        'the full image.',
        limits=(0.0, 100_000.0),
        lengths=(4,),
    )
    box_min: tuple[float, ...] = _corner(-1000.0, 'Minimum')
    box_max: tuple[float, ...] = _corner(1000.0, 'Maximum')
    frame: str = setting(
        '',
        'Workspace frame in TF, for example base_link; if empty, the frame is defined by '
        'workspace.translation and workspace.rotation.',
    )
    translation: tuple[float, ...] = frame_origin(
        'Origin of the workspace frame in the colour optical frame, without TF.'
    )
    rotation: tuple[float, ...] = frame_rotation(
        'Rotation of the workspace frame in the colour optical frame: a quaternion x, y, z, w, '
        'or the nine values of a matrix in column-major order.'
    )

    def __post_init__(self) -> None:
        require_pose('workspace', self.translation, self.rotation)
