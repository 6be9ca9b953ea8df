# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.tools.demonstration.real_frame: the demo's frame of a real camera."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from promptda_ros.core.settings import build
from promptda_ros.share import share_folder
from promptda_ros.tools.demonstration.real_frame import (
    estimate_real,
    FOLDER,
    RealFrame,
    SENSOR_SIZE,
)


@pytest.fixture(scope='module')
def real() -> RealFrame:
    return estimate_real(build({'engine': 'torch'}))


def test_the_embedded_network_is_nearer_to_the_camera_than_bilinear_interpolation(real):
    assert real.accuracy['model'].mae_m < real.accuracy['bilinear'].mae_m


def test_the_sensor_is_coarser_than_the_depth_that_errors_are_told_from(real):
    assert real.sample.sensor_depth_m.shape == SENSOR_SIZE
    assert real.sample.truth_m.shape == (480, 640)


def test_both_clouds_lack_the_pixels_between_surfaces(real):
    """The picture compares depth, not one cloud with the filter and one without it."""
    for result in (real.ours, real.bilinear):
        known = np.isfinite(result.points[..., 2])
        assert 0.5 < known.sum() / np.isfinite(result.image_depth.depth_m).sum() < 1.0


def test_the_picture_shows_depth_and_clouds(real, tmp_path: Path):
    real.save(tmp_path / 'real.png')
    assert cv2.imread(str(tmp_path / 'real.png')).shape[1] > 1000


def test_the_frame_comes_with_its_licence():
    assert 'Open3D' in (share_folder() / FOLDER / 'LICENSE').read_text()
