# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What people see of a result first: a small animation, and what its pixels rest on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from promptda_ros.bags.processing.pixels import count_pixels, shares_of
from promptda_ros.bags.processing.preview import Panels, Preview
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.restore.trust import Validity


class Shown:
    """Looks at a few pairs, evenly spaced, as they are written."""

    def __init__(self, pairs: Mapping[str, int]) -> None:
        """Take how many pairs there are of each camera."""
        self.preview = Preview(pairs)
        self._pairs = pairs
        self._counts: dict[tuple[str, int], Counter[Validity]] = {}

    def look(self, camera: str, place: int, made: FrameOutputs) -> None:
        """Keep a pair, by its place among those of its camera, if it is one of the few."""
        if not self.preview.wants(camera, place):
            return
        self._counts[camera, place] = count_pixels(made.validity)
        self.preview.add(
            camera,
            place,
            image=made.image,
            sensor_depth_m=made.frame.sensor_depth_m,
            depth_m=made.image_depth.depth_m,
        )

    def save(self, path: Path) -> None:
        """Write what was seen of a part of the recording."""
        arrays: dict[str, Any] = {}
        for camera, panels in self._panels():
            name = f'{camera}|{panels.number}'
            counts = self._counts[camera, panels.number]
            arrays[f'{name}|image'] = panels.image
            arrays[f'{name}|sensor'] = panels.sensor_depth_m
            arrays[f'{name}|depth'] = panels.depth_m
            arrays[f'{name}|counts'] = np.array([counts[code] for code in Validity])
        np.savez(path, **arrays)

    def join(self, path: Path) -> None:
        """Take over what was seen of a part."""
        part = Preview(self._pairs)
        with np.load(path) as arrays:
            for name in {name.rpartition('|')[0] for name in arrays.files}:
                camera, _, number = name.rpartition('|')
                pictures = (arrays[f'{name}|{kind}'] for kind in ('image', 'sensor', 'depth'))
                part.keep(camera, Panels(int(number), *pictures))
                counts = zip(Validity, arrays[f'{name}|counts'].tolist(), strict=True)
                self._counts[camera, int(number)] = Counter(dict(counts))
        self.preview.join(part)

    @property
    def pixels(self) -> dict[str, float]:
        """Return the share of each code of validity."""
        found = (self._counts[camera, panels.number] for camera, panels in self._panels())
        counts = sum(found, Counter[Validity]())
        return shares_of(counts) if counts else {}

    def _panels(self) -> list[tuple[str, Panels]]:
        return [
            (camera, panels)
            for camera, found in self.preview.found.items()
            for panels in found.values()
        ]
