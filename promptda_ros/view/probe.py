# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is known of one pixel, in numbers and words, and of the way between two."""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np
import numpy.typing as npt

from promptda_ros.core.cloud.normals import find_normals
from promptda_ros.core.frame import FloatImage, Intrinsics
from promptda_ros.core.geometry.camera import crop
from promptda_ros.core.restore.trust import Validity
from promptda_ros.view.moment import Moment

Point = npt.NDArray[np.float64]  # (3,)
WORDS = {
    Validity.REMOVED: 'removed',
    Validity.OUTSIDE_RANGE: 'outside the measured range',
    Validity.PREDICTED: 'predicted',
    Validity.FILLED: 'filled',
    Validity.MEASURED: 'measured',
    Validity.BEYOND_RANGE: 'beyond the sensor range',
    Validity.NEARER_THAN_RANGE: 'nearer than the sensor range',
}


@dataclass(frozen=True, eq=False)
class Probe:
    """What a moment holds at a pixel of the image; NaN or None where it holds nothing."""

    column: int
    row: int
    sensor_m: float  # +inf beyond the range, -inf nearer
    depth_m: float
    uncertainty_m: float
    validity: Validity | None
    normal: Point | None
    sensor_point_m: Point | None
    point_m: Point | None

    @property
    def text(self) -> str:
        """Return one line: sensor 0.612 m, ours 0.618 m ± 0.004, measured, normal (0, 0, -1)."""
        ours = 'unknown' if math.isnan(self.depth_m) else f'{self.depth_m:.3f} m'
        if not math.isnan(self.uncertainty_m):
            ours += f' ± {self.uncertainty_m:.3f}'
        words = [f'sensor {_sensor_text(self.sensor_m)}', f'ours {ours}']
        if self.validity is not None:
            words.append(WORDS[self.validity])
        if self.normal is not None:
            x, y, z = self.normal
            words.append(f'normal ({x:.2f}, {y:.2f}, {z:.2f})')
        return ', '.join(words)


def probe(moment: Moment, column: int, row: int) -> Probe:
    """Look at a pixel of the image; layers of other sizes show the same view."""
    sensor_m = moment.frame.sensor_depth_m
    there = math.nan if moment.depth_m is None else _at(moment, moment.depth_m, column, row)
    measured = _at(moment, sensor_m, column, row)
    code = None if moment.validity is None else _at(moment, moment.validity, column, row)
    uncertainty_m = moment.uncertainty_m
    return Probe(
        column=column,
        row=row,
        sensor_m=measured,
        depth_m=there,
        uncertainty_m=(
            math.nan if uncertainty_m is None else _at(moment, uncertainty_m, column, row)
        ),
        # Another version of the node may have codes that are not known here.
        validity=next((each for each in Validity if each == code), None),
        normal=_normal(moment, column, row),
        sensor_point_m=_point(moment, measured, column, row),
        point_m=_point(moment, there, column, row),
    )


def ruler_text(begin: Probe, end: Probe) -> str:
    """Return the straight way between two pixels by our depth and by the sensor's."""
    ways = [
        f'{name} {np.linalg.norm(there - here) * 1e3:.1f} mm'
        for name, here, there in (
            ('ours', begin.point_m, end.point_m),
            ('sensor', begin.sensor_point_m, end.sensor_point_m),
        )
        if here is not None and there is not None
    ]
    return f'distance: {", ".join(ways)}' if ways else 'distance: unknown, an end has no depth'


def pixel_in(
    size: tuple[int, ...], view: tuple[int, int], column: int, row: int
) -> tuple[int, int]:
    """Return column and row in a layer (H, W) of a pixel of the view (H, W)."""
    return column * size[1] // view[1], row * size[0] // view[0]


def _at(moment: Moment, layer: npt.NDArray[np.generic], column: int, row: int) -> float:
    x, y = pixel_in(layer.shape, moment.size, column, row)
    return float(layer[y, x])


def _sensor_text(depth_m: float) -> str:
    if math.isnan(depth_m):
        return 'unknown'
    if math.isinf(depth_m):
        return 'beyond its range' if depth_m > 0 else 'nearer than its range'
    return f'{depth_m:.3f} m'


def _point(moment: Moment, depth_m: float, column: int, row: int) -> Point | None:
    camera = moment.frame.intrinsics
    if camera is None or not math.isfinite(depth_m):
        return None
    ray = (column - camera.cx) / camera.fx, (row - camera.cy) / camera.fy, 1.0
    return np.array(ray) * depth_m


def _normal(moment: Moment, column: int, row: int) -> Point | None:
    """Return what ~/points_normals has there: of the four neighbours, on one surface only."""
    if moment.depth_m is None:
        return None
    size = moment.depth_m.shape
    camera = moment.intrinsics_of(size)
    x, y = pixel_in(size, moment.size, column, row)
    if camera is None or not (0 < x < size[1] - 1 and 0 < y < size[0] - 1):
        return None
    normal = _normal_around(moment.depth_m, camera, x, y)
    return normal if np.isfinite(normal).all() else None


def _normal_around(depth_m: FloatImage, camera: Intrinsics, x: int, y: int) -> Point:
    window = crop(camera, left=x - 1, top=y - 1, width=3, height=3)
    normals: Point = find_normals(depth_m[y - 1 : y + 2, x - 1 : x + 2], window).astype(np.float64)
    normal: Point = normals[1, 1]
    return normal
