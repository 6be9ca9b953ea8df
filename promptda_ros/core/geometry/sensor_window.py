# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The part of an image sensor that a camera_info says is sent, and how its pixels are joined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from promptda_ros.core.frame import Intrinsics
from promptda_ros.core.geometry import camera
from promptda_ros.core.geometry.camera import BadIntrinsics


@dataclass(frozen=True)
class SensorWindow:
    """The part of the image sensor that becomes the image, and how pixels are joined."""

    width: int  # of the whole sensor
    height: int
    left: int
    top: int
    columns: int  # of the region, before pixels are joined
    rows: int
    across: int
    down: int

    @classmethod
    def of(cls, info: Any, height: int, width: int) -> SensorWindow:
        """Read the window; a size that is not given follows from that of the image."""
        across, down = max(1, int(info.binning_x)), max(1, int(info.binning_y))
        roi = info.roi
        left, top, columns, rows = roi.x_offset, roi.y_offset, roi.width, roi.height
        is_cut = columns > 0 and rows > 0
        if not is_cut:
            left, top, columns, rows = 0, 0, width * across, height * down
        # OAK drivers leave the size 0.
        full_width, full_height = info.width or left + columns, info.height or top + rows
        if not is_cut:
            columns, rows = full_width, full_height
        return cls(full_width, full_height, left, top, columns, rows, across, down)

    @property
    def is_whole(self) -> bool:
        """Return whether the image is the sensor's, pixel by pixel."""
        return self.size == (self.width, self.height)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the image."""
        return self.columns // self.across, self.rows // self.down

    def require(self) -> None:
        """Refuse a region outside the sensor, and binning that leaves no pixel.

        Raises:
            BadIntrinsics: there is no such image.
        """
        if self.left + self.columns > self.width or self.top + self.rows > self.height:
            raise BadIntrinsics(
                f'region of interest {self.columns}x{self.rows} at ({self.left}, {self.top}) lies '
                f'outside the {self.width}x{self.height} of camera_info; publish a roi of 0 if K '
                'is of the region already'
            )
        if 0 in self.size:
            raise BadIntrinsics(f'camera_info has {self}, which leaves no pixel; set binning to 1')

    def apply(self, intrinsics: Intrinsics) -> Intrinsics:
        """Return the intrinsics of the image from those of the sensor."""
        cropped = camera.crop(
            intrinsics, left=self.left, top=self.top, width=self.columns, height=self.rows
        )
        return camera.bin_pixels(cropped, across=self.across, down=self.down)

    def __str__(self) -> str:
        whole = f'{self.width}x{self.height}'
        if (self.columns, self.rows) != (self.width, self.height):
            whole += f', region {self.columns}x{self.rows}'
        return whole + f', binning {self.across}x{self.down}'
