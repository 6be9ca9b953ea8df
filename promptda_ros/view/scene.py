# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Lines of the 3D view: the camera's frustum, the box of the workspace, where things stand."""

from __future__ import annotations

from itertools import product
import math

import numpy as np
import numpy.typing as npt

from promptda_ros.core.cloud.workspace import has_box
from promptda_ros.core.frame import Intrinsics
from promptda_ros.core.geometry.transform import Transform
from promptda_ros.view.moment import Moment

Floats = npt.NDArray[np.float64]
GAP = 0.08  # between two clouds side by side, as a share of their width


def field_of(intrinsics: Intrinsics) -> tuple[float, float]:
    """Return the vertical field of view in radians, and width by height."""
    field = 2.0 * math.atan(intrinsics.height / (2.0 * intrinsics.fy))
    return field, intrinsics.width * intrinsics.fy / (intrinsics.height * intrinsics.fx)


def width_at(intrinsics: Intrinsics, depth_m: float) -> float:
    """Return how many metres the view is wide at a depth."""
    return intrinsics.width / intrinsics.fx * depth_m


def side_by_side(intrinsics: Intrinsics, depth_m: float) -> float:
    """Return how far to the side a second cloud stands, so that at a depth they are apart."""
    return (1.0 + GAP) * width_at(intrinsics, depth_m)


def distance_to_fit(width_m: float, *, field: float, aspect: float) -> float:
    """Return from how far a width fits into a view of this vertical field, in radians."""
    return width_m / (2.0 * math.tan(field / 2.0) * aspect)


def box_edges(moment: Moment, *, reach_m: float) -> Floats:
    """Return the edges (12, 2, 3) of the workspace's box in the camera's frame, or (0, 2, 3).

    Sides without a limit end at the reach.
    """
    workspace = moment.settings.workspace
    if not has_box(workspace) or (workspace.frame and moment.box_from_camera is None):
        return np.empty((0, 2, 3))
    if moment.box_from_camera is None:
        camera_from_box = Transform.of(workspace.translation, workspace.rotation)
    else:
        camera_from_box = moment.box_from_camera.inverse()
    centre_m = camera_from_box.inverse().translation_m
    low_m = np.maximum(workspace.box_min, centre_m - reach_m)
    high_m = np.minimum(workspace.box_max, centre_m + reach_m)
    corners_m = np.array(list(product(*zip(low_m, high_m, strict=True))))
    pairs = [(a, a | bit) for a in range(8) for bit in (1, 2, 4) if not a & bit]
    edges_m: Floats = camera_from_box.apply(corners_m)[np.array(pairs)]
    return edges_m
