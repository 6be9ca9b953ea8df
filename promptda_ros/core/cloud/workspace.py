# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which pixels lie in the part of the scene that the clouds show."""

from __future__ import annotations

from dataclasses import replace

import cv2
import torch
from torch import Tensor

from promptda_ros.core.cloud.cloud import rays_on
from promptda_ros.core.frame import Intrinsics, Size
from promptda_ros.core.geometry.transform import Transform
from promptda_ros.core.settings.workspace import WorkspaceSettings

DEFAULTS = WorkspaceSettings()


def inside_workspace(
    depth_m: Tensor,
    intrinsics: Intrinsics,
    settings: WorkspaceSettings,
    box_from_camera: Transform | None = None,
) -> Tensor:
    """Mark the pixels (H, W) of depth (H, W) whose points stay; unknown depth never does.

    The box is in the frame that `box_from_camera` leads to, without it in one whose origin and
    axes the settings give, seen from the camera.
    """
    # Whatever the settings say: (0, 0, 0) is the camera itself.
    least_m = max(settings.min_depth, torch.finfo(depth_m.dtype).tiny)
    if depth_m.device.type == 'cpu':  # OpenCV takes a third of torch's time
        in_range = cv2.inRange(depth_m.numpy(), least_m, settings.max_depth) > 0
        inside = torch.from_numpy(in_range)
    else:
        inside = (depth_m >= least_m) & (depth_m <= settings.max_depth)
    if settings.roi != DEFAULTS.roi:
        inside = _in_window(inside, settings.roi)
    if has_box(settings):
        if box_from_camera is None:
            camera_from_box = Transform.of(settings.translation, settings.rotation)
            box_from_camera = camera_from_box.inverse()
        inside &= _in_box(depth_m, intrinsics, settings, box_from_camera)
    return inside


def resize_roi(settings: WorkspaceSettings, image: Size, size: Size) -> WorkspaceSettings:
    """Return the settings with the region of the image (H, W) in pixels of depth (h, w)."""
    left, top, width, height = settings.roi
    x, columns = _resize_span(left, width, size[1] / image[1])
    y, rows = _resize_span(top, height, size[0] / image[0])
    return replace(settings, roi=(x, y, columns, rows))


def _resize_span(first: float, count: float, scale: float) -> tuple[float, float]:
    """Return the first pixel whose centre is in the span, and how many; 0 is all after it."""
    start, end = round(round(first) * scale), round((round(first) + round(count)) * scale)
    return start, max(1, end - start) if round(count) else 0


def has_box(settings: WorkspaceSettings) -> bool:
    """Return whether the workspace has a box."""
    return (settings.box_min, settings.box_max) != (DEFAULTS.box_min, DEFAULTS.box_max)


def _in_window(inside: Tensor, roi: tuple[float, ...]) -> Tensor:
    left, top, width, height = (round(side) for side in roi)
    rows = slice(top, top + height if height else None)
    columns = slice(left, left + width if width else None)
    window = torch.zeros_like(inside)
    window[rows, columns] = inside[rows, columns]
    return window


def _in_box(
    depth_m: Tensor,
    intrinsics: Intrinsics,
    settings: WorkspaceSettings,
    box_from_camera: Transform,
) -> Tensor:
    # A coordinate at a time: p = depth * (R @ ray) + t, and rays are a row plus a column.
    across, down = rays_on(intrinsics, depth_m.device)
    inside = torch.ones_like(depth_m, dtype=torch.bool)
    limits = zip(
        box_from_camera.rotation.tolist(),
        box_from_camera.translation_m.tolist(),
        settings.box_min,
        settings.box_max,
        strict=True,
    )
    for (along_x, along_y, along_z), offset_m, least_m, most_m in limits:
        coordinate_m = depth_m * (along_x * across + (along_y * down + along_z))
        inside &= (coordinate_m >= least_m - offset_m) & (coordinate_m <= most_m - offset_m)
    return inside
