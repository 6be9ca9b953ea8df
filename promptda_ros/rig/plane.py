# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A plane through depth.

The inverse depth of a plane is linear in the rays of the pixels: 1/z = n . (x/z, y/z, 1) / d. Its
three numbers are fitted so that metres along the optical axis are least.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np
from numpy.typing import NDArray

from promptda_ros.core.frame import FloatImage, Intrinsics, Mask
from promptda_ros.core.geometry.camera import rays, resize

LEAST_PIXELS = 9
MOST_PIXELS = 20_000  # that are fitted; of more every n-th
ROUNDS = 12
TUKEY = 4.685  # times the spread: as good as least squares for 95 % of what is normal
TO_SIGMA = 1.4826  # median of absolute values -> standard deviation
LEAST_SPREAD_M = 1e-5
LEAST_INVERSE = 1e-3  # per metre
MOST_CONDITION, MOST_CONDITION_OF_THREE = 1e12, 1e4
TRIES, JUDGES = 60, 500  # planes through three pixels, and pixels that judge them
OUTLIER = 0.03  # of the distance: farther from the plane is another surface


@dataclass(frozen=True, eq=False)
class Rays:
    """Where the pixels (h, w) of a window look, in the optical frame."""

    across: FloatImage  # (1, w) x/z
    down: FloatImage  # (h, 1) y/z

    @classmethod
    def of(
        cls, intrinsics: Intrinsics, size: tuple[int, ...], window: tuple[slice, slice]
    ) -> Rays:
        """Return those of a window in a map (H, W) of the view."""
        across, down = rays(resize(intrinsics, width=size[1], height=size[0]))
        rows, columns = window
        return cls(across[:, columns], down[rows])


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane in front of the camera."""

    inverse: NDArray[np.float64]  # (3,) per metre: the normal by its distance

    @property
    def distance_m(self) -> float:
        """Return the distance of the camera from the plane, square to it."""
        return 1.0 / float(np.linalg.norm(self.inverse))

    @property
    def tilt_deg(self) -> float:
        """Return the angle between the optical axis and the normal."""
        return math.degrees(math.acos(min(1.0, self.inverse[2] * self.distance_m)))

    def at_distance(self, distance_m: float) -> Plane:
        """Return the parallel plane at another distance."""
        return Plane(self.inverse * (self.distance_m / distance_m))

    def depth_m(self, where: Rays) -> FloatImage:
        """Return the depth (h, w) of the plane along the optical axis, NaN behind the camera."""
        across, down, ahead = self.inverse
        inverse = across * where.across + (down * where.down + ahead)
        depth_m: FloatImage = np.full(inverse.shape, np.nan, np.float32)
        np.divide(1.0, inverse, out=depth_m, where=inverse > 0, casting='same_kind')
        return depth_m


def fit_plane(depth_m: FloatImage, where: Rays) -> Plane | None:
    """Fit a plane to the larger part of depth (h, w), NaN unknown; None if there is too little."""
    known = np.isfinite(depth_m) & (depth_m > 0)
    step = max(1, math.ceil(math.sqrt(known.sum() / MOST_PIXELS)))
    known[np.arange(known.shape[0]) % step > 0] = False
    known[:, np.arange(known.shape[1]) % step > 0] = False
    rows, columns = np.nonzero(known)
    if len(rows) < LEAST_PIXELS:
        return None
    z_m = depth_m[rows, columns].astype(np.float64)
    looks = np.stack(
        (where.across[0, columns], where.down[rows, 0], np.ones(len(rows))), axis=1, dtype=float
    )
    return _fit(looks, z_m)


def residual_m(depth_m: FloatImage, plane: Plane, where: Rays) -> FloatImage:
    """Return how far depth (h, w) lies behind the plane, NaN where it is unknown."""
    found: FloatImage = np.where(np.isfinite(depth_m), depth_m, np.nan) - plane.depth_m(where)
    return found


def is_on(residuals_m: FloatImage, plane: Plane) -> Mask:
    """Mark the pixels (h, w) of the plane; all others are of other surfaces or unknown."""
    found: Mask = np.abs(residuals_m) <= OUTLIER * plane.distance_m
    return found


def outlier_share(residuals_m: FloatImage, plane: Plane) -> float:
    """Return the share of known pixels that belong to other surfaces."""
    known = np.isfinite(residuals_m)
    if not known.any():
        return 1.0
    return 1.0 - float(is_on(residuals_m, plane)[known].mean())


def _fit(looks: NDArray[np.float64], z_m: NDArray[np.float64]) -> Plane | None:
    """Fit depths (N,) along rays (N, 3) again and again, with less weight for those far away."""
    inverse = _start(looks, z_m)
    if inverse is None:
        return None  # one row or one column
    for _ in range(ROUNDS):
        plane_m = 1.0 / np.maximum(looks @ inverse, LEAST_INVERSE)
        off_m = z_m - plane_m
        spread_m = max(LEAST_SPREAD_M, TO_SIGMA * float(np.median(np.abs(off_m))))
        weights = np.square(np.maximum(0.0, 1.0 - np.square(off_m / (TUKEY * spread_m))))
        slopes = looks * np.square(plane_m)[:, None]  # metres by a change of the inverse
        system = (slopes * weights[:, None]).T @ slopes
        if np.linalg.cond(system) > MOST_CONDITION:
            return None
        inverse = inverse - np.linalg.solve(system, slopes.T @ (weights * off_m))
    return Plane(inverse) if inverse[2] > 0 else None


def _start(looks: NDArray[np.float64], z_m: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the plane through three pixels that has half of the pixels nearest to it."""
    rng = np.random.default_rng(1)  # the same frames, the same figures
    threes = rng.choice(len(z_m), (TRIES, 3))
    threes = threes[np.linalg.cond(looks[threes]) < MOST_CONDITION_OF_THREE]
    if not len(threes):
        return None
    inverses = np.linalg.solve(looks[threes], 1.0 / z_m[threes, None])[..., 0]
    some = rng.choice(len(z_m), min(len(z_m), JUDGES), replace=False)
    planes_m = 1.0 / np.maximum(looks[some] @ inverses.T, LEAST_INVERSE)
    off_m = np.median(np.abs(z_m[some, None] - planes_m), axis=0)
    return np.asarray(inverses[off_m.argmin()])
