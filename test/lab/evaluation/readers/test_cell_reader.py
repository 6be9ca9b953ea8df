# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.evaluation.readers.cell_reader."""

from __future__ import annotations

import os

os.environ.setdefault('MUJOCO_GL', 'egl')  # MuJoCo reads it once, when imported

import numpy as np
import pytest

pytest.importorskip('mujoco')

import itertools

from promptda_ros.lab.evaluation.readers.cell_reader import CellReader

READER = CellReader(sensors=('time_of_flight', 'zones_8x8'), views=2, size=(96, 128), seed=3)


@pytest.fixture(scope='module')
def samples():
    return list(READER)


def test_every_sensor_sees_every_view(samples):
    assert len(samples) == len(READER) == 4
    found = [(sample.name, sample.sensor) for sample in samples]
    assert found == [
        (name, sensor) for name in ('00000', '00001') for sensor in ('time_of_flight', 'zones_8x8')
    ]
    for sample in samples:
        assert sample.image.shape == (96, 128, 3)
        assert np.isfinite(sample.truth_m).all()


def test_the_seed_decides_the_noise_and_not_the_scenes(samples):
    again = next(iter(CellReader(READER.sensors, READER.views, READER.size, seed=3)))
    other = next(iter(CellReader(READER.sensors, READER.views, READER.size, seed=4)))
    np.testing.assert_array_equal(again.sensor_depth_m, samples[0].sensor_depth_m)
    np.testing.assert_array_equal(other.truth_m, samples[0].truth_m)
    assert not np.array_equal(other.sensor_depth_m, again.sensor_depth_m, equal_nan=True)


def test_a_static_video_has_new_noise_in_every_frame():
    (video,) = READER.static_videos('time_of_flight', videos=1, frames=3)
    assert len(video) == 3
    for first, second in itertools.pairwise(video):
        np.testing.assert_array_equal(first.truth_m, second.truth_m)
        assert not np.array_equal(first.sensor_depth_m, second.sensor_depth_m, equal_nan=True)
        assert 0 < np.abs(first.image.astype(int) - second.image).mean() < 4


def test_decoys_change_the_picture_and_not_the_objects(samples):
    (decoyed,) = CellReader(('zones_8x8',), 1, READER.size, seed=3, decoy_share=1.0)
    assert (decoyed.image != samples[1].image).mean() > 0.2
    assert np.isfinite(decoyed.truth_m).all()
