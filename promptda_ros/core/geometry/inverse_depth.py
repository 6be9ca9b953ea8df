# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Inverse depth, 0 for unknown, and where pixels and points of one view are seen by a camera.

The inverse depth of a plane is linear in the pixel, so that means and interpolations are exact
on planes, and the nearest surface has the largest value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

import numpy as np
import torch
from torch import Tensor

from promptda_ros.core.frame import FloatImage, Intrinsics
from promptda_ros.core.geometry.transform import Transform

# Nearer than this to the eye nothing is seen.
LEAST_DEPTH_M = 0.001
# What is infinitely far is a surface out here, which every stage draws behind all others.
AT_INFINITY_M = 1e6
# A step to the next pixel is none where noise or a surface turned away by less than 75 degrees
# explains it; a larger one than the last is one even for the few pixels of a coarse sensor.
LEAST_STEP, LARGEST_STEP = 0.03, 0.1
STEEPEST = math.tan(math.radians(75))

Pixels = tuple[Tensor, Tensor]  # places across and down


@dataclass(frozen=True)
class Seen:
    """Pixels of a projection and their inverse depth, 0 behind the camera."""

    across: Tensor  # pixels
    down: Tensor  # pixels
    inverse: Tensor  # 1/m


def inverse_of_metres(depth_m: Tensor) -> Tensor:
    """Invert depth; NaN, zero and negative values, -inf too, become 0."""
    inverse = depth_m.reciprocal().clamp_(min=1 / AT_INFINITY_M)
    # A product, because torch.where takes six times as long on a CPU.
    return (inverse * (depth_m > LEAST_DEPTH_M)).nan_to_num_(0.0, 0.0, 0.0)


def metres_of_inverse(inverse: Tensor) -> FloatImage:
    """Invert back; 0 becomes NaN, and what was infinite is so again."""
    values: FloatImage = inverse.cpu().numpy()
    depth_m = np.divide(1.0, values, out=np.full_like(values, np.nan), where=values > 0)
    # Turning a camera changes depth, but not tenfold within a picture.
    depth_m[depth_m > AT_INFINITY_M / 10] = np.inf
    return depth_m


def largest_step(intrinsics: Intrinsics) -> float:
    """Return the share of depth by which neighbouring pixels of one surface may differ."""
    return min(max(STEEPEST / intrinsics.fx, LEAST_STEP), LARGEST_STEP)


def project_pixels(
    pixels: Pixels, inverse: Tensor, own: Intrinsics, other: Intrinsics, other_from_own: Transform
) -> Seen:
    """Project pixels of one camera, with their inverse depths, into another one.

    Places across and down broadcast to the shape of `inverse`.
    """
    x, y = _rays(pixels, own)
    across, down, ahead = (
        _times(row, x, y, inverse) for row in projection_matrix(other, other_from_own)
    )
    return _seen(across, down, ahead, inverse)


def inverse_in_other(
    pixels: Pixels, inverse: Tensor, own: Intrinsics, other_from_own: Transform
) -> Tensor:
    """Return the inverse depth of pixels of one camera along the axis of another one."""
    x, y = _rays(pixels, own)
    row = (*other_from_own.rotation[2].tolist(), float(other_from_own.translation_m[2]))
    return inverse / _times(row, x, y, inverse).clamp_(min=1e-6)


def project_points(points_m: Tensor, camera: Intrinsics, camera_from_sensor: Transform) -> Seen:
    """Project points (N, 3) of a sensor's frame into the camera: (N,)."""
    matrix = torch.tensor(projection_matrix(camera, camera_from_sensor), device=points_m.device)
    across, down, ahead = matrix[:, :3] @ points_m.T + matrix[:, 3:]
    return _seen(across, down, ahead, torch.ones_like(ahead))


def _rays(pixels: Pixels, camera: Intrinsics) -> Pixels:
    across, down = pixels
    return (across - camera.cx) / camera.fx, (down - camera.cy) / camera.fy


def _times(row: Sequence[float], x: Tensor, y: Tensor, inverse: Tensor) -> Tensor:
    """Multiply a row of a matrix (3, 4) by points, divided by their depth: (x, y, 1, inverse)."""
    a, b, c, d = row
    return torch.add(a * x + (b * y + c), inverse, alpha=d)


def projection_matrix(camera: Intrinsics, camera_from_other: Transform) -> list[list[float]]:
    """Return the matrix (3, 4) from a point to pixels times distance ahead, and that distance."""
    move = np.column_stack((camera_from_other.rotation, camera_from_other.translation_m))
    rows: list[list[float]] = (camera.matrix @ move).tolist()
    return rows


def _seen(across: Tensor, down: Tensor, ahead: Tensor, inverse: Tensor) -> Seen:
    before = ahead > LEAST_DEPTH_M * inverse
    inverse_ahead = ahead.clamp(min=1e-6).reciprocal()
    return Seen(across * inverse_ahead, down * inverse_ahead, inverse * inverse_ahead * before)
