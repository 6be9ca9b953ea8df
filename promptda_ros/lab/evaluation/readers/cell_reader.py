# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulated grasping cell: held-out scenes with exact depth, seen by simulated sensors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
import zlib

import numpy as np

from promptda_ros.core.frame import ByteImage
from promptda_ros.lab.evaluation.sample import Sample
from promptda_ros.lab.sim.cell import held_out_views
from promptda_ros.lab.sim.sensors import SENSORS
from promptda_ros.lab.sim.view import RenderedView

CAMERA_NOISE_LEVELS = 1.5  # standard deviation of a pixel in a static video


@dataclass(frozen=True)
class CellReader:
    """Renders views one after the other; every sensor sees every view."""

    sensors: Sequence[str]
    views: int
    size: tuple[int, int]  # (height, width)
    seed: int
    decoy_share: float = 0.0  # of the scenes, with prints and hard shadows

    def __len__(self) -> int:
        return self.views * len(self.sensors)

    def __iter__(self) -> Iterator[Sample]:
        for number, view in enumerate(self._render(self.views)):
            for sensor in self.sensors:
                yield measure_view(view, number, sensor, seed=self.seed)

    def static_videos(self, sensor: str, *, videos: int, frames: int) -> Iterator[list[Sample]]:
        """Yield the first views again and again, with new noise of sensor and camera."""
        for number, view in enumerate(self._render(videos)):
            yield [
                _with_camera_noise(measure_view(view, number, sensor, seed=self.seed + 1 + frame))
                for frame in range(frames)
            ]

    def _render(self, count: int) -> Iterator[RenderedView]:
        height, width = self.size
        return iter(
            held_out_views(count, width=width, height=height, decoy_share=self.decoy_share)
        )


def measure_view(view: RenderedView, number: int, sensor: str, *, seed: int) -> Sample:
    """Measure a view by a simulated sensor; seed, number and sensor choose the noise."""
    rng = np.random.default_rng((seed, number, zlib.crc32(sensor.encode())))
    return Sample(
        name=f'{number:05}',
        sensor=sensor,
        image=view.image,
        sensor_depth_m=SENSORS[sensor].measure(view, rng),
        truth_m=view.depth_m,
    )


def _with_camera_noise(sample: Sample) -> Sample:
    rng = np.random.default_rng(zlib.crc32(sample.sensor_depth_m.tobytes()))
    noise = CAMERA_NOISE_LEVELS * rng.standard_normal(sample.image.shape, np.float32)
    image: ByteImage = np.clip(np.rint(sample.image + noise), 0, 255).astype(np.uint8)
    return replace(sample, image=image)
