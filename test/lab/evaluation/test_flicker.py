# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.evaluation.flicker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from promptda_ros.core.depth_space import METRES
from promptda_ros.core.frame import ByteImage, FloatImage
from promptda_ros.core.settings import build
from promptda_ros.lab.evaluation.flicker import measure_flicker
from promptda_ros.lab.evaluation.methods import HoleFill
from promptda_ros.lab.evaluation.sample import Sample


@dataclass(frozen=True)
class Still:
    """Always answers the same."""

    name: str = 'still'
    space = METRES

    def __call__(self, image: ByteImage, sensor_depth_m: FloatImage) -> FloatImage:
        return np.ones(image.shape[:2], np.float32)


def video(frames: int, *, noise_m: float, seed: int = 1) -> Iterator[Sample]:
    rng = np.random.default_rng(seed)
    truth_m = np.full((48, 64), 1.0, np.float32)
    for number in range(frames):
        sensor_m = (1 + noise_m * rng.standard_normal((12, 16))).astype(np.float32)
        yield Sample(str(number), 'noisy', np.zeros((48, 64, 3), np.uint8), sensor_m, truth_m)


def test_what_repeats_the_sensor_flickers_as_it_does():
    methods = [HoleFill(build({})), Still()]
    blocks, still = measure_flicker([video(30, noise_m=0.003)], lambda: methods)
    assert blocks.sensor_deviation_m == pytest.approx(0.003, rel=0.1)
    assert blocks.ratio == pytest.approx(1.0, rel=1e-6)
    assert (still.deviation_m, still.ratio) == (0.0, 0.0)


def test_videos_count_the_same_and_frames_are_summed():
    videos = [video(30, noise_m=0.001), video(10, noise_m=0.003, seed=2)]
    (blocks,) = measure_flicker(videos, lambda: [HoleFill(build({}))])
    assert (blocks.videos, blocks.frames) == (2, 40)
    assert blocks.deviation_m == pytest.approx(0.002, rel=0.1)


def test_a_sensor_that_never_moves_has_no_ratio():
    (blocks,) = measure_flicker([video(3, noise_m=0.0)], lambda: [HoleFill(build({}))])
    assert np.isnan(blocks.ratio)
