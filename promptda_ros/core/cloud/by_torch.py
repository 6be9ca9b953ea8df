# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The organised cloud with torch or OpenCV; `core/fused/cloud.py` has it as one kernel."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from promptda_ros.core.cloud.cloud import build_cloud, every_nth, PointLayout
from promptda_ros.core.cloud.workspace import inside_workspace
from promptda_ros.core.frame import Intrinsics, OnDevice
from promptda_ros.core.geometry.transform import Transform
from promptda_ros.core.settings.workspace import WorkspaceSettings


def write_points(
    pixels: OnDevice,
    hidden: Tensor | None,
    intrinsics: Intrinsics,
    workspace: WorkspaceSettings,
    box_from_camera: Transform | None,
    *,
    layout: PointLayout,
    stride: int,
) -> Tensor:
    """Return points (H / stride, W / stride, point_step / 4), NaN where one is hidden (H, W)."""
    shown = inside_workspace(pixels.depth_m, intrinsics, workspace, box_from_camera)
    if hidden is not None:
        shown &= ~hidden
    shown_m = torch.where(shown, pixels.depth_m, math.nan)[::stride, ::stride]
    image = pixels.image[::stride, ::stride]
    camera = intrinsics if stride == 1 else every_nth(intrinsics, stride)
    return build_cloud(shown_m, image, camera, layout)
