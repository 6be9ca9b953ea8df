# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether an estimator gives the depth of float32 on the CPU, here and where it was made."""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np

from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import BadFrame, ByteImage, FloatImage, Frame, Mask
from promptda_ros.core.settings.depth import OutputSettings, PromptSettings

HEIGHT, WIDTH = 480, 640
PITCH_PX = 4  # of the sensor, in pixels of the image
NEAR_M, FAR_M = 0.4, 4.0  # of the scene; only errors below FAR_M count
RESOLUTION = 'low'  # float32 on the CPU of a robot takes seconds a frame
MEAN_TOLERANCE_M, P999_TOLERANCE_M = 0.0005, 0.003
# A small frame, which any resolution leaves as it is, and so many of its pixels
GOLDEN_HEIGHT, GOLDEN_WIDTH = 120, 160
GOLDEN_PIXELS = slice(5, None, 10)
GOLDEN_TOLERANCE_M = 0.0005  # of the mean; float16 is off by a quarter of it
# Spheres in front of the wall: row, column and radius as shares of the height, depth in metres.
SPHERES = ((0.45, 0.30, 0.22, 1.2), (0.70, 0.85, 0.25, 0.65), (0.25, 1.05, 0.15, 2.0))


@dataclass(frozen=True)
class Difference:
    """How far depths are apart on the made-up frame."""

    mean_m: float
    p999_m: float  # one pixel in a thousand is farther off

    @property
    def is_small(self) -> bool:
        """Whether one depth may stand for the other."""
        return self.mean_m <= MEAN_TOLERANCE_M and self.p999_m <= P999_TOLERANCE_M

    def __str__(self) -> str:
        return (
            f'mean {1e3 * self.mean_m:.2f} mm, p99.9 {1e3 * self.p999_m:.2f} mm '
            f'(limits {1e3 * MEAN_TOLERANCE_M:g} and {1e3 * P999_TOLERANCE_M:g})'
        )


class SelfCheck:
    """Compares estimators with an exact one."""

    def __init__(self, exact: Estimator) -> None:
        """Run the exact estimator once; it is not needed any more afterwards.

        Raises:
            BadFrame: it gives no depth, or none that is a number.
        """
        self._exact_m = _depth_m(exact)
        if not np.isfinite(self._exact_m).all():
            raise BadFrame(
                'model_output', 'model output invalid: not finite in float32 on the CPU'
            )

    def compare(self, estimator: Estimator) -> Difference:
        """Return how far the depth of the network is from the exact one.

        Raises:
            BadFrame: the estimator gives no depth.
        """
        off_m = np.abs(_depth_m(estimator) - self._exact_m)[self._exact_m < FAR_M]
        off_m = np.nan_to_num(off_m, nan=np.inf)
        return Difference(float(off_m.mean()), float(np.percentile(off_m, 99.9, method='higher')))


def golden_depth_m(estimator: Estimator) -> FloatImage:
    """Return the depth (12, 16) at some pixels of a small made-up frame, as it is published.

    Raises:
        BadFrame: the estimator gives no depth.
    """
    frame = make_frame(GOLDEN_HEIGHT, GOLDEN_WIDTH)
    depth = estimator.estimate(frame, PromptSettings(), OutputSettings())
    return depth.depth_m[GOLDEN_PIXELS, GOLDEN_PIXELS]


def golden_error_m(estimator: Estimator, expected_m: FloatImage) -> float:
    """Return how far the depth is on average from what it was where the network was made.

    Raises:
        BadFrame: the estimator gives no depth.
    """
    found_m = golden_depth_m(estimator)
    if found_m.shape != expected_m.shape:
        return math.inf
    off_m = np.abs(found_m - expected_m)
    return float(np.nan_to_num(off_m, nan=np.inf).mean())


def make_frame(height: int = HEIGHT, width: int = WIDTH) -> Frame:
    """Make a wall with a floor and spheres in front of it, textured, and the sensor's view."""
    depth_m, surface = _scene(height, width)
    sensor_depth_m = depth_m.reshape(height // PITCH_PX, PITCH_PX, -1, PITCH_PX).mean((1, 3))
    return Frame(
        stamp_ns=1, frame_id='', image=_paint(depth_m, surface), sensor_depth_m=sensor_depth_m
    )


def _scene(height: int, width: int) -> tuple[FloatImage, ByteImage]:
    """Return depth (H, W) and the number of the surface of each pixel."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32) / height
    # 1 / depth of a plane is linear in the picture.
    floor_m = 1 / (1 / NEAR_M + (1 - rows) * (1 / FAR_M - 1 / NEAR_M) / 0.6)
    wall_m = 1 / (1 / FAR_M + 0.1 * columns)
    depth_m = np.where((rows > 0.4) & (floor_m < wall_m), floor_m, wall_m)
    surface = (depth_m == floor_m).astype(np.uint8)
    for number, (row, column, radius, centre_m) in enumerate(SPHERES, start=2):
        squared = radius**2 - (rows - row) ** 2 - (columns - column) ** 2
        sphere_m = centre_m * (1 - np.sqrt(np.maximum(squared, 0)))
        is_seen: Mask = (squared > 0) & (sphere_m < depth_m)
        depth_m[is_seen], surface[is_seen] = sphere_m[is_seen], number
    return depth_m.astype(np.float32), surface


def _paint(depth_m: FloatImage, surface: ByteImage) -> ByteImage:
    """Give each surface (H, W) a colour, light from above, stripes and camera noise."""
    rng = np.random.default_rng(0)
    colours = rng.uniform(60, 220, (len(SPHERES) + 2, 3))[surface]
    light = 1 - 2 * np.gradient(np.log(depth_m), axis=0).clip(-0.1, 0.1)
    rows, columns = np.indices(depth_m.shape)
    stripes = 1 + 0.1 * np.sin((rows + 2 * columns) / (2 + surface))
    painted = colours * (light * stripes)[..., None] + rng.normal(0, 3, colours.shape)
    image: ByteImage = painted.clip(0, 255).astype(np.uint8)
    return image


def _depth_m(estimator: Estimator) -> FloatImage:
    """Return the depth (h, w) of the network, whatever the resolution of its frames is."""
    usual, estimator.resolution = estimator.resolution, RESOLUTION
    try:
        prepared = estimator.prepare(make_frame(), PromptSettings(), OutputSettings(anchor='off'))
        (depth_m,) = estimator.infer([prepared])
    finally:
        estimator.resolution = usual
    found_m: FloatImage = depth_m.cpu().numpy()
    return found_m
