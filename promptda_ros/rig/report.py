# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What was measured of a rig that looked at a board."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from promptda_ros.core.frame import ByteImage, FloatImage
from promptda_ros.rig.clock_offset import ClockOffset
from promptda_ros.rig.edge_shift import EdgeShift
from promptda_ros.rig.region import Box
from promptda_ros.rig.sight import Unmeasured
from promptda_ros.rig.surface import Surface


@dataclass(frozen=True, eq=False)
class Shown:
    """What people look at."""

    image: ByteImage  # (H, W, 3) of a frame in the middle
    sensor_m: FloatImage  # its depth, NaN unknown
    depth_m: FloatImage | None
    sensor_shape_m: FloatImage  # of the box: lasting distance from the plane
    depth_shape_m: FloatImage | None
    sensor_distances_m: list[float]  # of the board, frame by frame
    distances_m: list[float]


@dataclass(frozen=True, eq=False)
class RigReport:
    """The figures, each with a reason where it could not be measured."""

    frames: int
    not_flat: int  # frames that were left out
    size: tuple[int, int]  # columns and rows of the image
    box: Box
    moved: bool
    sensor: Surface
    ours: Surface | None  # None: there was no depth of the node
    focal_px: float
    shift: EdgeShift | Unmeasured
    offset: ClockOffset | Unmeasured
    coverage: float | Unmeasured
    expect_m: float | None
    shown: Shown

    @property
    def sensor_bias_m(self) -> float | None:
        """Return how far the sensor's depth is behind the expected distance."""
        return self._bias_m(self.sensor)

    @property
    def bias_m(self) -> float | None:
        """Return how far our depth is behind the expected distance."""
        return self._bias_m(self.ours)

    def to_json(self) -> dict[str, Any]:
        """Return plain values; null is what was not measured."""
        return {
            'frames': self.frames,
            'not_flat': self.not_flat,
            'image': self.size,
            'roi': self.box,
            'moved': self.moved,
            'expect_m': self.expect_m,
            'sensor': {**asdict(self.sensor), 'bias_m': self.sensor_bias_m},
            'ours': None if self.ours is None else {**asdict(self.ours), 'bias_m': self.bias_m},
            'shift': _plain(self.shift),
            'clock_offset': _plain(self.offset),
            'coverage': None if isinstance(self.coverage, Unmeasured) else self.coverage,
        }

    def _bias_m(self, surface: Surface | None) -> float | None:
        if surface is None or self.expect_m is None or self.moved:
            return None
        return surface.distance_m - self.expect_m


def _plain(figure: EdgeShift | ClockOffset | Unmeasured) -> dict[str, Any] | None:
    return None if isinstance(figure, Unmeasured) else asdict(figure)
