# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How much the depth of a static scene moves from frame to frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from promptda_ros.core.frame import BadFrame, FloatImage
from promptda_ros.core.geometry.enlarge import enlarge_nearest
from promptda_ros.lab.evaluation.methods import Method
from promptda_ros.lab.evaluation.sample import Sample
from promptda_ros.rig.flicker import Deviation


@dataclass(frozen=True)
class Flicker:
    """How one method, or the sensor itself, flickers on static videos of one sensor."""

    sensor: str
    method: str
    videos: int
    frames: int
    deviation_m: float  # mean over pixels of the standard deviation over time
    sensor_deviation_m: float  # the same of the sensor's own values

    @property
    def ratio(self) -> float:
        """Return the method's flicker as a share of the sensor's."""
        if self.sensor_deviation_m == 0.0:
            return np.nan
        return self.deviation_m / self.sensor_deviation_m


def measure_flicker(
    videos: Iterable[Iterable[Sample]], methods_of_video: Callable[[], Sequence[Method]]
) -> list[Flicker]:
    """Run every method over static videos of one sensor; videos count the same.

    A method that remembers is made anew for every video.
    """
    sensor_name, frames, count = '', 0, 0
    found: dict[str, list[tuple[float, float]]] = {}
    for video in videos:
        methods = methods_of_video()
        sensor, deviations = Deviation(), {method.name: Deviation() for method in methods}
        for sample in video:
            sensor_name, frames = sample.sensor, frames + 1
            # At the image's size, so that both count the same view.
            sensor.add(enlarge_nearest(sample.sensor_depth_m, sample.image.shape[:2]))
            for method in methods:
                deviations[method.name].add(_answer(method, sample))
        count += 1
        for name, deviation in deviations.items():
            found.setdefault(name, []).append((deviation.mean_m(), sensor.mean_m()))
    return [
        Flicker(sensor_name, name, count, frames, *np.mean(pairs, axis=0).tolist())
        for name, pairs in found.items()
    ]


def _answer(method: Method, sample: Sample) -> FloatImage:
    try:
        return method(sample.image, sample.sensor_depth_m)
    except BadFrame:
        return np.full(sample.image.shape[:2], np.nan, np.float32)
