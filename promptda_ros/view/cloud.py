# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Clouds of a page: made of depth, thinned, coloured, and asked what a ray meets."""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from promptda_ros.core.cloud import by_torch
from promptda_ros.core.cloud.cloud import COMPACT_LAYOUT
from promptda_ros.core.cloud.flying_pixels import find_flying
from promptda_ros.core.frame import ByteImage, FloatImage, OnDevice
from promptda_ros.core.runtime.threads import one_thread
from promptda_ros.core.settings.schema import Settings
from promptda_ros.view.moment import Moment

Floats = npt.NDArray[np.float64]
REACH = 0.01  # a ray meets what is this near to it, as a share of the distance


@dataclass(frozen=True, eq=False)
class Cloud:
    """Known points (N, 3) in the camera's optical frame, and which pixels they are of."""

    points_m: FloatImage
    colours: ByteImage  # (N, 3) RGB
    pixels: npt.NDArray[np.int64]  # (N, 2), column and row of the image

    def pixel_on(self, origin_m: Floats, direction: Floats) -> tuple[int, int] | None:
        """Return the pixel of the first point that a ray meets, None if it meets none."""
        if not len(self.points_m):
            return None
        along = direction / np.linalg.norm(direction)
        towards_m = self.points_m - origin_m
        distance_m = towards_m @ along
        beside_m = np.linalg.norm(towards_m - distance_m[:, None] * along, axis=1)
        met = (distance_m > 0.0) & (beside_m < REACH * distance_m)
        if not met.any():
            return None
        # The nearest of the points that lie well on the ray, not the first in a wide cone.
        cost = np.where(met, distance_m + beside_m / REACH, np.inf)
        column, row = self.pixels[int(np.argmin(cost))]
        return int(column), int(row)


def stride_for(size: tuple[int, ...], points_at_most: int) -> int:
    """Return how many pixels of a row and rows are left out, so that so many points remain."""
    return max(1, math.ceil(math.sqrt(size[0] * size[1] / points_at_most)))


def sensor_cloud(moment: Moment, colours: ByteImage, points_at_most: int) -> Cloud | None:
    """Return the points that the sensor measured in the workspace."""
    depth_m = np.where(np.isfinite(moment.frame.sensor_depth_m), moment.frame.sensor_depth_m, 0)
    return _cloud(moment, depth_m.astype(np.float32), colours, None, points_at_most)


def our_cloud(
    moment: Moment, colours: ByteImage, points_at_most: int, *, uncertainty_limit_m: float
) -> Cloud | None:
    """Return what ~/points shows of the depth, thinned, without what is more uncertain."""
    if moment.depth_m is None:
        return None
    hidden = _flying(moment.depth_m, moment.settings)
    if moment.uncertainty_m is not None:
        doubtful = torch.from_numpy(moment.uncertainty_m > uncertainty_limit_m)
        hidden = doubtful if hidden is None else hidden | doubtful
    return _cloud(moment, moment.depth_m, colours, hidden, points_at_most)


def _flying(depth_m: FloatImage, settings: Settings) -> Tensor | None:
    output = settings.output
    if output.edge_filter == 'off':
        return None
    return find_flying(_tensor(depth_m), edge_step=output.edge_step)


@one_thread()
def _cloud(
    moment: Moment,
    depth_m: FloatImage,
    colours: ByteImage,
    hidden: Tensor | None,
    points_at_most: int,
) -> Cloud | None:
    """Build the cloud of depth (h, w) with colours (h, w, 3)."""
    size = depth_m.shape
    intrinsics = moment.intrinsics_of(size)
    if intrinsics is None:
        return None
    stride = stride_for(size, points_at_most)
    points = by_torch.write_points(
        OnDevice(_tensor(depth_m), _tensor(colours)),
        hidden,
        intrinsics,
        moment.settings.workspace,
        moment.box_from_camera,
        layout=COMPACT_LAYOUT,
        stride=stride,
    ).numpy()
    known = np.isfinite(points[..., 2])
    rows, columns = np.nonzero(known)
    height, width = moment.size
    # The middle of what a pixel of the depth covers in the image.
    across = (columns * stride * 2 + 1) * width // (2 * size[1])
    down = (rows * stride * 2 + 1) * height // (2 * size[0])
    return Cloud(
        points_m=points[..., :3][known],
        colours=colours[::stride, ::stride][known],
        pixels=np.stack((across, down), axis=1),
    )


def _tensor(array: npt.NDArray[np.generic]) -> Tensor:
    # torch warns about arrays that it can't write to, which views of messages are.
    return torch.from_numpy(np.require(array, requirements=('C', 'W')))
