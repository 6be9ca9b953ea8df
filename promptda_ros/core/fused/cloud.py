# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Points in one launch: what `core/cloud/` computes with torch, by the same rules."""

from __future__ import annotations

import sys

import torch
from torch import Tensor

from promptda_ros.core.cloud.cloud import (
    COMPACT_LAYOUT,
    every_nth,
    PCL_LAYOUT,
    PointLayout,
    rays_on,
)
from promptda_ros.core.cloud.workspace import has_box
from promptda_ros.core.frame import Intrinsics, OnDevice
from promptda_ros.core.fused import cloud_operators as operators
from promptda_ros.core.geometry.transform import Transform
from promptda_ros.core.settings.workspace import WorkspaceSettings


def can_write(layout: PointLayout) -> bool:
    """Return whether `write_points` knows where the fields of a point lie."""
    return layout in (COMPACT_LAYOUT, PCL_LAYOUT) and sys.byteorder == 'little'


def without_flying(depth_m: Tensor, edge_step: float) -> Tensor:
    """Return depth (H, W) with NaN at flying pixels."""
    return operators.without_flying(depth_m, edge_step)


def write_points(
    pixels: OnDevice,
    mask: Tensor | None,
    intrinsics: Intrinsics,
    workspace: WorkspaceSettings,
    box_from_camera: Transform | None,
    *,
    layout: PointLayout,
    stride: int,
    edge_step: float | None,
) -> Tensor:
    """Return the organised cloud; edge_step None: no pixel flies."""
    device = pixels.depth_m.device
    small = every_nth(intrinsics, stride)
    rays = [*rays_on(small, device), *rays_on(intrinsics, device)]
    return operators.write_points(
        pixels.depth_m,
        pixels.image,
        mask,
        rays,
        stride,
        layout.point_step // 4,
        edge_step,
        [max(workspace.min_depth, torch.finfo(torch.float32).tiny), workspace.max_depth],
        _window(workspace, intrinsics),
        _box(workspace, box_from_camera),
    )


def _window(workspace: WorkspaceSettings, intrinsics: Intrinsics) -> list[int]:
    """Return the first column and row of the window, and those after its last."""
    left, top, width, height = (round(side) for side in workspace.roi)
    right = left + width if width else intrinsics.width
    bottom = top + height if height else intrinsics.height
    return [left, top, right, bottom]


def _box(workspace: WorkspaceSettings, box_from_camera: Transform | None) -> list[float]:
    """Return for each axis of the box a row of the rotation and both limits; empty: none."""
    if not has_box(workspace):
        return []
    camera_from_box = Transform.of(workspace.translation, workspace.rotation)
    to_box = box_from_camera or camera_from_box.inverse()
    numbers = []
    for row, offset_m, least_m, most_m in zip(
        to_box.rotation.tolist(),
        to_box.translation_m.tolist(),
        workspace.box_min,
        workspace.box_max,
        strict=True,
    ):
        numbers += [*row, least_m - offset_m, most_m - offset_m]
    return numbers
