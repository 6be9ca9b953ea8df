# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A small animation of a recording: image, sensor depth and our depth side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from promptda_ros.core.frame import ByteImage, FloatImage
from promptda_ros.core.picture import colourise

PREVIEW = 'preview.webp'
FRAMES = 24
FRAME_MS = 250
PANEL_PX, GAP_PX, GAP_GREY = 158, 3, 128  # three panels and two gaps are 480 px wide
TALLEST = 2.0  # height of a panel over its width: what is taller is squeezed
SHOWN_PERCENT = 1, 99  # of the depths of all frames; what lies beyond takes the colour of the end
QUALITY, EFFORT = 40, 4  # of WebP


@dataclass(frozen=True)
class Panels:
    """One pair at the size at which it is shown."""

    number: int  # of the pair
    image: ByteImage  # (h, w, 3) RGB
    sensor_depth_m: FloatImage  # (h, w)
    depth_m: FloatImage  # (h, w), NaN unknown


class Preview:
    """Collects a few frames, evenly spaced over the pairs of each camera, a row for each.

    The pairs are cut into stretches of equal length, and the first one of a stretch that has
    depth is shown. Parts of a recording may be collected apart and joined: the result is the same.
    """

    def __init__(self, pairs: Mapping[str, int]) -> None:
        """Plan the frames; `pairs` is how many there will be of each camera."""
        self._pairs = dict(pairs)
        self.found: dict[str, dict[int, Panels]] = {camera: {} for camera in pairs}

    def wants(self, camera: str, number: int) -> bool:
        """Return whether this pair, counted from 0, would be shown."""
        found = self.found[camera].get(self._stretch(camera, number))
        return found is None or number < found.number

    def add(
        self,
        camera: str,
        number: int,
        *,
        image: ByteImage,
        sensor_depth_m: FloatImage,
        depth_m: FloatImage,
    ) -> None:
        """Keep a pair at the size at which it is shown, if it is wanted."""
        if not self.wants(camera, number):
            return
        height, width = image.shape[:2]
        size = PANEL_PX, max(1, round(PANEL_PX * min(height / width, TALLEST)))
        panels = Panels(
            number,
            cv2.resize(image, size, interpolation=cv2.INTER_AREA),
            cv2.resize(sensor_depth_m, size, interpolation=cv2.INTER_NEAREST_EXACT),
            cv2.resize(depth_m, size, interpolation=cv2.INTER_NEAREST_EXACT),
        )
        self.keep(camera, panels)

    def keep(self, camera: str, panels: Panels) -> None:
        """Keep a pair that is wanted, at the size at which it is shown."""
        self.found[camera][self._stretch(camera, panels.number)] = panels

    def join(self, part: Preview) -> None:
        """Take over what was collected of another part of the same recording."""
        for camera, found in part.found.items():
            for stretch, panels in found.items():
                if self.wants(camera, panels.number):
                    self.found[camera][stretch] = panels

    def save(self, path: Path) -> None:
        """Write an animated WebP file; nothing if no pair has depth."""
        rows = [_draw(found) for found in self.found.values() if found]
        if not rows:
            return
        first, *others = map(Image.fromarray, _stacked(rows))
        first.save(
            path,
            'WEBP',
            save_all=True,
            append_images=others,
            duration=FRAME_MS,
            loop=0,
            quality=QUALITY,
            method=EFFORT,
        )

    def _stretch(self, camera: str, number: int) -> int:
        return number * FRAMES // self._pairs[camera]


def _draw(found: Mapping[int, Panels]) -> dict[int, ByteImage]:
    """Return the row of one camera (h, 480, 3) by stretch, all in the colours of one range.

    The range is logarithmic: a step of 1 cm matters more on the table than on the wall behind it.
    """
    depths_m = np.stack([each.depth_m for each in found.values()])
    known_m = depths_m[np.isfinite(depths_m)]
    near_m, far_m = np.percentile(known_m, SHOWN_PERCENT) if known_m.size else (1.0, 1.0)
    return {stretch: _row(found[stretch], near_m, far_m) for stretch in sorted(found)}


def _row(panels: Panels, near_m: float, far_m: float) -> ByteImage:
    ends = {'near_m': float(np.log(near_m)), 'far_m': float(np.log(far_m))}
    sensor, ours = (
        colourise(np.log(depth_m, where=depth_m > 0, out=np.full_like(depth_m, np.nan)), **ends)
        for depth_m in (panels.sensor_depth_m, panels.depth_m)
    )
    gap = np.full((len(ours), GAP_PX, 3), GAP_GREY, np.uint8)
    return np.hstack((panels.image, gap, sensor, gap, ours))


def _stacked(rows: list[dict[int, ByteImage]]) -> list[ByteImage]:
    """Put the rows of the cameras below each other; one that has no new frame keeps its last."""
    shown = [next(iter(row.values())) for row in rows]
    frames = []
    for stretch in sorted(set().union(*rows)):
        shown = [row.get(stretch, last) for row, last in zip(rows, shown, strict=True)]
        frames.append(np.vstack(shown))
    return frames
