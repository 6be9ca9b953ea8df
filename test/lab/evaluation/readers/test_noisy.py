# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.evaluation.readers.noisy."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from promptda_ros.lab.evaluation.readers.files import FileReader, FrameFiles
from promptda_ros.lab.evaluation.readers.noisy import NoisyReader


@pytest.fixture
def frames(tmp_path: Path) -> list[FrameFiles]:
    """Write two frames of a wall at 2 m with a hole."""
    image, depth = tmp_path / 'image.png', tmp_path / 'depth.png'
    counts = np.full((96, 128), 2000, np.uint16)
    counts[:20, :20] = 0
    cv2.imwrite(str(image), np.full((96, 128, 3), 90, np.uint8))
    cv2.imwrite(str(depth), counts)
    return [FrameFiles(name, 'mine', image=image, truth=depth) for name in ('1', '2')]


def test_noise_is_as_strong_as_asked_and_leaves_holes_and_truth(frames):
    for sample in NoisyReader(FileReader(frames, prompt_size=None), 0.01, seed=0):
        known = np.isfinite(sample.truth_m)
        assert np.array_equal(np.isfinite(sample.sensor_depth_m), known)
        assert sample.sensor_depth_m[known].std() == pytest.approx(0.02, rel=0.05)
        assert (sample.truth_m[known] == 2.0).all()


def test_a_frame_has_its_own_noise_whichever_others_are_read(frames):
    whole = list(NoisyReader(FileReader(frames, prompt_size=(24, 32)), 0.01, seed=0))
    (alone,) = NoisyReader(FileReader(frames[1:], prompt_size=(24, 32)), 0.01, seed=0)
    assert np.array_equal(whole[1].sensor_depth_m, alone.sensor_depth_m, equal_nan=True)
    known = np.isfinite(alone.sensor_depth_m)
    assert (whole[0].sensor_depth_m != alone.sensor_depth_m)[known].any()
