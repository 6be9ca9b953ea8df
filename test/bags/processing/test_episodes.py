# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Recordings as episodes: what promptda_ros.bags.processing passes to a data set."""

from __future__ import annotations

import os

import cv2
import numpy as np
import pytest

from promptda_ros.bags.processing.unit import State, state_of
from test.recordings import BEGIN_NS, PERIOD_NS, read, Recording, SENSORS

pq = pytest.importorskip('pyarrow.parquet')

MM = '/promptda/depth/image_mm/compressedDepth'
OURS, SENSOR = 'observation.depth.promptda', 'observation.depth.sensor'
FRAMES = 4


def pixels(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.fixture
def recording(tmp_path):
    made = Recording()
    made.add_camera(FRAMES)
    return made.write(tmp_path / 'run')


def test_an_episode_has_the_depth_of_the_bag_and_the_stamps_of_the_images(
    recording, tmp_path, unit_of, process
):
    bag = unit_of(recording)
    process(bag)
    os.rename(bag.target, tmp_path / 'bag')
    unit = unit_of(recording, to='lerobot', task='pick')
    outcome = process(unit)
    assert (outcome.error, outcome.outputs) == ('', {OURS: FRAMES})
    rows = pq.read_table(unit.target / 'episode.parquet').to_pylist()
    assert [row['stamp_ns'] for row in rows] == [
        BEGIN_NS + number * PERIOD_NS for number in range(FRAMES)
    ]
    raws = [each for each in read(tmp_path / 'bag') if each.channel.topic == MM]
    for row, raw in zip(rows, raws, strict=True):
        begin = raw.data.index(b'\x89PNG')
        np.testing.assert_array_equal(pixels(row[OURS]['bytes']), pixels(raw.data[begin:]))
    assert state_of(unit) is State.UP_TO_DATE


def test_stamps_that_jump_back_fail_the_recording_in_one_sentence(tmp_path, unit_of, process):
    """As where two runs of a simulator were recorded one after the other."""
    made = Recording()
    made.add_camera(FRAMES)
    for number in range(FRAMES):
        stamp_ns, logged_ns = (
            BEGIN_NS + number * PERIOD_NS - shift_ns for shift_ns in (5 * 10**9, -(10**9))
        )
        made.add('/camera/image', SENSORS.image(stamp_ns), logged_ns)
        made.add('/camera/camera_info', SENSORS.camera_info(stamp_ns), logged_ns + 1)
        made.add('/camera/depth', SENSORS.depth(stamp_ns), logged_ns + 2)
    unit = unit_of(made.write(tmp_path / 'run'), to='lerobot')
    outcome = process(unit)
    assert outcome.state == 'failed'
    assert 'an episode has one clock: cut the recording there' in outcome.error
    assert not unit.target.exists()


def test_several_cameras_are_no_episode(tmp_path, unit_of, process):
    made = Recording()
    for camera in ('left', 'right'):
        made.add_camera(FRAMES, prefix=f'/{camera}')
    source = made.write(tmp_path / 'run')
    outcome = process(unit_of(source, {'cameras': ['left', 'right']}, to='lerobot'))
    assert 'an episode has one camera' in outcome.error
