# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which pixels lie in the part of the scene that the clouds show."""

from __future__ import annotations

import numpy as np

from promptda_ros.core.camera import rays
from promptda_ros.core.frame import FloatImage, Intrinsics, Mask
from promptda_ros.core.settings import WorkspaceSettings
from promptda_ros.core.transform import Transform

DEFAULTS = WorkspaceSettings()


def inside_workspace(
    depth_m: FloatImage,
    intrinsics: Intrinsics,
    settings: WorkspaceSettings,
    box_from_camera: Transform | None = None,
) -> Mask:
    """Mark the pixels (H, W) of depth (H, W) whose points stay; unknown depth never does.

    The box is in the frame that `box_from_camera` leads to, without it in one whose origin and
    axes the settings give, seen from the camera.
    """
    inside: Mask = (depth_m >= settings.min_depth) & (depth_m <= settings.max_depth)
    inside &= depth_m > 0  # whatever the settings say: (0, 0, 0) is the camera itself
    inside &= _in_window(depth_m.shape, settings.roi)
    if has_box(settings):
        box_from_camera = box_from_camera or box_of_parameters(settings)
        inside &= _in_box(depth_m, intrinsics, settings, box_from_camera)
    return inside


def has_box(settings: WorkspaceSettings) -> bool:
    """Tell whether a box was given."""
    return (settings.box_min, settings.box_max) != (DEFAULTS.box_min, DEFAULTS.box_max)


def box_of_parameters(settings: WorkspaceSettings) -> Transform:
    """Return the way from the camera to the frame of the box that the settings describe.

    Raises:
        BadTransform: the rotation is none.
    """
    return Transform.of(settings.translation, settings.rotation).inverse()


def _in_window(shape: tuple[int, ...], roi: tuple[float, ...]) -> Mask:
    left, top, width, height = (round(side) for side in roi)
    window = np.zeros(shape, np.bool_)
    rows = slice(top, top + height if height else None)
    columns = slice(left, left + width if width else None)
    window[rows, columns] = True
    return window


def _in_box(
    depth_m: FloatImage,
    intrinsics: Intrinsics,
    settings: WorkspaceSettings,
    box_from_camera: Transform,
) -> Mask:
    # A coordinate at a time: p = depth * (R @ ray) + t, and rays are a row plus a column.
    across, down = rays(intrinsics)
    rotation = box_from_camera.rotation.astype(np.float32)
    inside: Mask = np.ones(depth_m.shape, np.bool_)
    limits = zip(
        rotation, box_from_camera.translation_m, settings.box_min, settings.box_max, strict=True
    )
    for (along_x, along_y, along_z), offset_m, least_m, most_m in limits:
        coordinate_m = depth_m * (along_x * across + (along_y * down + along_z))
        inside &= (coordinate_m >= least_m - offset_m) & (coordinate_m <= most_m - offset_m)
    return inside
