# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.processing.process."""

from __future__ import annotations

from dataclasses import replace
import os
import re

import pytest
from std_msgs.msg import String

from promptda_ros.bags.processing import conveyor
from promptda_ros.bags.processing.process import process_unit
from promptda_ros.bags.processing.recipe import CameraTopics, OUTPUTS
from promptda_ros.bags.processing.record import Record
from promptda_ros.bags.processing.unit import outcome_of, RecipeDiffers, State, state_of
from promptda_ros.core.runtime.threads import threads
from promptda_ros.process import Stopped
from test.conftest import DEMO
from test.recordings import (
    BEGIN_NS,
    contents,
    MS,
    PERIOD_NS,
    read,
    Recording,
    SENSORS,
    static_transform,
)
from test.sensors import FRAME_ID

MM, INFO = '/promptda/depth/image_mm/compressedDepth', '/promptda/depth/camera_info'
FRAMES = 6


@pytest.fixture
def recording(tmp_path):
    """Write a small recording with another topic in it."""
    made = Recording()
    made.add_camera(FRAMES)
    for number in range(20):
        made.add('/chatter', String(data=f'{number}'), BEGIN_NS + number * 11 * MS)
    return made.write(tmp_path / 'run')


def test_a_range_without_any_image_is_refused_with_the_length_of_the_recording(
    recording, unit_of, process
):
    outcome = process(unit_of(recording, start_sec=60.0))
    expected = f'none of {FRAMES} images lies between --start and --end: set them within the 0.2 s'
    assert expected in outcome.error


def test_originals_stay_as_they_are_and_each_image_is_followed_by_its_depth(
    recording, unit_of, process
):
    unit = unit_of(recording)
    outcome = process(unit)
    assert (outcome.state, outcome.error, outcome.pairs) == ('done', '', FRAMES)
    assert outcome.outputs == {MM: FRAMES, INFO: FRAMES}
    ours = [each for each in read(unit.target) if each.channel.topic in (MM, INFO)]
    originals = [each for each in contents(unit.target) if each[0] not in (MM, INFO)]
    assert originals == list(contents(recording))
    topics = [each.channel.topic for each in read(unit.target)]
    images = [at for at, topic in enumerate(topics) if topic == '/camera/image']
    assert [topics[at + 1 : at + 3] for at in images] == FRAMES * [[INFO, MM]]
    logged = [each[2] for each in originals if each[0] == '/camera/image']
    assert [each.logged_ns for each in ours if each.channel.topic == MM] == logged
    assert sorted(os.listdir(unit.target)) == [
        'metadata.yaml', 'preview.webp', 'promptda.json', 'run.mcap',
    ]  # fmt: skip
    assert os.listdir(unit.target.parent) == ['run']


def test_the_same_again_is_up_to_date_and_another_recipe_is_refused(recording, unit_of, process):
    unit = unit_of(recording)
    assert state_of(unit) is State.TO_DO
    process(unit)
    assert state_of(unit) is State.UP_TO_DATE
    assert outcome_of(unit).outputs == {MM: FRAMES, INFO: FRAMES}
    with pytest.raises(RecipeDiffers, match=r'prompt\.smoothing was 1 and is 3 now'):
        state_of(unit_of(recording, {'prompt.smoothing': 3}))
    file = recording / 'run.mcap'
    os.utime(file, ns=(0, 0))
    assert state_of(unit) is State.UP_TO_DATE  # by its sha256
    file.write_bytes(file.read_bytes() + b' ')
    assert state_of(unit) is State.TO_DO


def test_a_folder_of_something_else_is_not_replaced(recording, unit_of):
    unit = unit_of(recording)
    unit.target.mkdir(parents=True)
    with pytest.raises(RecipeDiffers, match=r'promptda\.json is missing'):
        state_of(unit)


def test_every_image_is_accounted_for(tmp_path, unit_of, process):
    made = Recording()
    made.add_camera(12)
    lost = BEGIN_NS + 5 * PERIOD_NS + 9 * MS, '/camera/depth'
    made.messages = [each for each in made.messages if each[:2] != lost]
    unit = unit_of(made.write(tmp_path / 'run'), every=3, start_sec=0.05)
    outcome = process(unit)
    record = Record.read(unit.target)
    assert record.images == 12
    assert record.images == outcome.outputs[MM] + sum(outcome.drops.values())
    assert outcome.drops == {'outside': 2, 'unpaired': 1, 'every': 6}
    assert any('1 of 10 images on /camera/image (10%)' in each for each in outcome.warnings)
    begin_ns = BEGIN_NS + 2 * MS + 50 * MS
    assert all(each.logged_ns >= begin_ns for each in read(unit.target))


def test_the_rate_is_limited_as_in_the_node(tmp_path, unit_of, process):
    """By stamps, so that the same frames are left out."""
    made = Recording()
    made.add_camera(12)
    unit = unit_of(made.write(tmp_path / 'run'), {'output.max_rate': 0.5e9 / PERIOD_NS})
    outcome = process(unit)
    assert outcome.drops == {'rate_limit': 6}
    assert outcome.outputs == {MM: 6, INFO: 6}


def test_all_outputs_are_written_in_the_order_of_the_node_without_the_originals(
    recording, unit_of, process
):
    unit = unit_of(recording, outputs=tuple(OUTPUTS), copy='none', storage='sqlite3')
    outcome = process(unit)
    assert outcome.error == ''
    assert set(outcome.outputs.values()) == {FRAMES}
    first = [each.channel.topic.removeprefix('/promptda/') for each in read(unit.target)][:10]
    assert first == [
        'depth/image_rect', 'depth/camera_info', 'depth/image_mm', 'points', 'points_dense',
        'points_normals', 'depth/validity', 'depth/uncertainty', 'depth/preview',
        'depth/image_mm/compressedDepth',
    ]  # fmt: skip


def test_topics_are_chosen_by_their_names(recording, unit_of, process):
    unit = unit_of(recording, include='/cam.*', exclude='.*/depth')
    process(unit)
    topics = {each.channel.topic for each in read(unit.target)}
    assert topics == {'/camera/image', '/camera/camera_info', MM, INFO}


def test_cameras_have_topics_and_settings_of_their_own(tmp_path, unit_of, process):
    made = Recording()
    made.add_camera(3, prefix='/left')
    made.add_camera(3, prefix='/right')
    given = {'cameras': ['left', 'right'], 'right.prompt.max_depth': 0.4}
    unit = unit_of(made.write(tmp_path / 'run'), given)
    outcome = process(unit)
    assert outcome.outputs['/promptda/left/depth/image_mm/compressedDepth'] == 3
    assert outcome.outputs['/promptda/right/depth/image_mm/compressedDepth'] == 0
    assert outcome.drops == {'no_depth': 3} or sum(outcome.drops.values()) == 3


def test_depth_of_another_frame_is_registered_by_the_transforms_of_the_recording(
    tmp_path, unit_of, process
):
    """Also by one that was logged last, as when a recorder finds /tf_static late."""
    made = Recording()
    made.add_camera(4, depth_frame='depth_frame')
    for number in range(4):
        info = SENSORS.camera_info(BEGIN_NS + number * PERIOD_NS, width=28, height=21)
        info.k = [each / 4 for each in info.k[:8]] + [1.0]
        info.p = [each / 4 for each in info.p[:10]] + [1.0, 0.0]
        made.add('/depth/camera_info', info, BEGIN_NS + number * PERIOD_NS)
    made.messages = [
        (at, topic.replace('/camera/depth', '/depth/image'), each)
        for at, topic, each in made.messages
    ]
    late_ns = BEGIN_NS + 10**9
    made.add('/tf_static', static_transform(FRAME_ID, 'depth_frame', late_ns, 0.02), late_ns)
    unit = unit_of(made.write(tmp_path / 'run'))
    outcome = process(unit)
    assert outcome.error == ''
    assert outcome.outputs[MM] == 4


def test_confidence_of_a_fast_stream_is_found_however_far_is_read_ahead(
    tmp_path, unit_of, process
):
    """At 200 Hz, with pairs that are worked on half a second later."""
    made = Recording()
    made.add_camera(4)
    for number in range(150):
        stamp_ns = BEGIN_NS + number * 5 * MS
        confidence = SENSORS.depth(stamp_ns)
        made.add('/camera/confidence', confidence, stamp_ns + MS)
    given = {'input.min_confidence': 100.0, 'extrinsics.timeout': 0.5}
    outcome = process(unit_of(made.write(tmp_path / 'run'), given))
    assert (outcome.error, outcome.drops, outcome.outputs[MM]) == ('', {}, 4)


def test_no_thread_waits_for_another_that_waits_for_it(tmp_path, unit_of, process, monkeypatch):
    """With room for one thing at a time, late depth, many small messages and large ones."""
    made = Recording()
    for prefix, late_ms in (('/left', 0), ('/right', 90)):
        made.add_camera(4, prefix=prefix)
        made.messages = [
            (at + late_ms * MS * (topic == '/right/depth'), topic, each)
            for at, topic, each in made.messages
        ]
    for number in range(400):
        at = BEGIN_NS + number * MS // 2
        made.add('/tf', static_transform('map', 'base', at, 1.0), at)
        made.add('/chatter', String(data='x' * (100_000 if number % 100 == 0 else 1)), at)
    source = made.write(tmp_path / 'run')
    given = {'cameras': ['left', 'right']}
    results = []
    for size in (100, 1):
        monkeypatch.setattr(conveyor, 'PAIRS_AHEAD', size)
        monkeypatch.setattr(conveyor, 'RESULTS_BEHIND', size)
        monkeypatch.setattr(conveyor, 'ITEMS_AHEAD', size)
        monkeypatch.setattr(conveyor, 'BYTES_BEHIND', size)
        unit = unit_of(source, given)
        outcome = process(unit)
        assert (outcome.error, outcome.pairs, outcome.drops) == ('', 8, {})
        results.append(list(contents(unit.target)))
    assert results[0] == results[1]


def test_a_recording_without_pairs_fails_with_the_reason(tmp_path, unit_of, process):
    made = Recording()
    made.add_camera(5)
    made.messages = [
        (at, topic, SENSORS.depth(60 * 10**9 + at) if topic.endswith('depth') else each)
        for at, topic, each in made.messages
    ]
    unit = unit_of(made.write(tmp_path / 'run'))
    outcome = process(unit)
    assert outcome.state == 'failed'
    assert 'different clocks' in outcome.error
    assert not unit.target.exists()


def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    recording, unit_of, process, files_of_at_most
):
    unit = unit_of(recording, outputs=('points',))
    with files_of_at_most(100_000):
        outcome = process(unit)
    assert outcome.state == 'failed'
    assert 'cannot be written' in outcome.error
    assert os.listdir(unit.target.parent) == []


def test_an_interruption_passes_through_and_leaves_nothing(recording, unit_of, model):
    unit = unit_of(recording)

    def stop(done, count):
        raise Stopped

    with pytest.raises(Stopped):
        process_unit(unit, model, stop)
    assert os.listdir(unit.target.parent) == []


def test_a_recording_with_topics_of_ours_is_refused_rather_than_mixed(
    recording, unit_of, process, tmp_path
):
    first = unit_of(recording)
    process(first)
    again = unit_of(first.target)
    outcome = process(again)
    assert 'has a topic /promptda/depth/camera_info already' in outcome.error
    (advised,) = re.findall(r"--exclude-topic '(\S+)'", outcome.error)
    assert process(unit_of(first.target, exclude=advised)).outputs == {MM: FRAMES, INFO: FRAMES}


def test_depth_that_was_predicted_is_not_taken_for_that_of_a_sensor(recording, unit_of, process):
    """Also where the sensor's own was left out, under another prefix."""
    first = unit_of(recording, exclude='/camera/depth')
    process(first)
    again = replace(unit_of(first.target, prefix='/again'), target=first.target.parent / 'again')
    assert 'has no depth topic' in process(again).error


def test_a_topic_that_is_not_there_is_named(recording, unit_of, process):
    unit = unit_of(recording, topics={'': CameraTopics(image='/camera/imag')})
    assert 'did you mean /camera/image?' in process(unit).error


def test_a_recording_without_any_topic_is_said(tmp_path, unit_of, process):
    path = tmp_path / 'begun.mcap'
    path.write_bytes(DEMO.read_bytes()[:3000])
    unit = unit_of(path)
    assert 'begun.mcap has no topics' in process(unit).error
    assert not unit.target.exists()


def test_the_result_does_not_depend_on_the_threads_of_the_process(recording, unit_of, process):
    """Processes that share a machine get their share of the threads each."""
    results = []
    for share in (1, 2):
        with threads(share):
            unit = unit_of(recording, outputs=('depth',), copy='none')
            process(unit)
        results.append(list(contents(unit.target)))
    assert results[0] == results[1]
