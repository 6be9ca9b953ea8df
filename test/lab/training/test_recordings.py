# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.training.recordings."""

from __future__ import annotations

import shutil

import cv2
import numpy as np
import pytest

from promptda_ros.core.errors import FileError
from promptda_ros.lab.evaluation.readers import find_frames
from promptda_ros.lab.evaluation.readers.files import FileReader
from promptda_ros.lab.training.recipe import Phase, Prompts
from promptda_ros.lab.training.recordings import RecordingError, split, with_own_depth

PHASE = Phase(steps=1, batch=3, height=28, width=42)


def frames_of(folder):
    return find_frames(folder, reader='rgbd')


def test_the_last_tenth_of_every_recording_is_kept_for_validation(tmp_path, write_recording):
    recordings = [frames_of(write_recording(tmp_path / name, 20)) for name in 'ab']
    source, validation = split(recordings, PHASE, Prompts())
    assert list(source.sources[0].frames) == [*recordings[0][:18], *recordings[1][:18]]
    assert len(validation) == 4


def test_a_long_recording_is_judged_on_some_of_its_last_tenth(
    tmp_path, write_recording, monkeypatch
):
    """A minute of video would else be judged for longer than it is trained on."""
    monkeypatch.setattr('promptda_ros.lab.training.recordings.JUDGED_AT_MOST', 2)
    recording = frames_of(write_recording(tmp_path / 'a', 40))
    source, validation = split([recording], PHASE, Prompts())
    assert list(source.sources[0].frames) == recording[:36]
    assert len(validation) == 2


def test_pictures_have_the_size_of_the_phase_and_the_sensor_its_own(tmp_path, write_recording):
    source, validation = split([frames_of(write_recording(tmp_path / 'a', 6))], PHASE, Prompts())
    drawn = source.examples(PHASE, np.random.default_rng(0))
    assert len(drawn) == 3
    for example in (*drawn, *validation):
        assert example.image.shape == (28, 42, 3)
        assert example.truth_m.shape == (28, 42)
        assert example.sensor_depth_m.shape == (16, 20)


def test_a_seed_draws_the_same_examples(tmp_path, write_recording):
    source, _ = split([frames_of(write_recording(tmp_path / 'a', 6))], PHASE, Prompts())
    first, second = (source.examples(PHASE, np.random.default_rng(5)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
        np.testing.assert_array_equal(one.truth_m, other.truth_m)


def test_mirroring_turns_picture_sensor_and_truth_together(tmp_path, write_recording):
    source, _ = split([frames_of(write_recording(tmp_path / 'a', 2))], PHASE, Prompts())
    examples = [source.examples(PHASE, np.random.default_rng(seed))[0] for seed in range(20)]
    pictures = {one.image.tobytes(): one for one in examples}
    assert len(pictures) == 2
    plain, mirrored = pictures.values()
    for name in ('image', 'sensor_depth_m', 'truth_m'):
        np.testing.assert_array_equal(getattr(plain, name), getattr(mirrored, name)[:, ::-1])


def test_frames_without_a_measurement_are_left_out(tmp_path, write_recording):
    folder = write_recording(tmp_path / 'a', 5)
    cv2.imwrite(str(folder / 'sensor/001.png'), np.zeros((16, 20), np.uint16))
    source, validation = split([frames_of(folder)], PHASE, Prompts())
    assert [frame.name for frame in source.sources[0].frames] == ['000', '002', '003']
    assert len(validation) == 1


def test_one_frame_is_too_little(tmp_path, write_recording):
    with pytest.raises(RecordingError, match='1 of 1 frames have usable depth'):
        split([frames_of(write_recording(tmp_path / 'a', 1))], PHASE, Prompts())


def test_depth_without_a_sensor_beside_it_gets_prompts_of_one_size_a_batch(
    tmp_path, write_recording
):
    folder = write_recording(tmp_path / 'a', 4)
    shutil.rmtree(folder / 'sensor')
    source, validation = split([frames_of(folder)], PHASE, Prompts())
    sizes = set()
    for seed in range(8):
        examples = source.examples(PHASE, np.random.default_rng(seed))
        (size,) = {one.sensor_depth_m.shape for one in examples}
        sizes.add(size)
        assert {one.truth_m.shape for one in examples} == {(PHASE.height, PHASE.width)}
    assert len(sizes) > 3
    assert len(validation) == 1


def test_pictures_of_another_shape_are_cut_not_squeezed(tmp_path, write_recording):
    folder = write_recording(tmp_path / 'a', 4)
    shutil.rmtree(folder / 'sensor')
    wide = Phase(steps=1, batch=1, height=28, width=70)
    _, (example,) = split([frames_of(folder)], wide, Prompts())
    assert example.truth_m.shape == (28, 70)
    (frame,) = frames_of(folder)[-1:]
    middle_m = FileReader([frame], prompt_size=None).read(frame).truth_m[14:42]
    np.testing.assert_array_equal(example.truth_m, middle_m)


def test_frames_without_depth_to_judge_on_are_said_in_one_sentence(tmp_path, write_recording):
    folder = write_recording(tmp_path / 'a', 4)
    shutil.rmtree(folder / 'sensor')
    speck = np.zeros((56, 70), np.uint16)
    speck[0, 0] = 1000
    cv2.imwrite(str(folder / 'depth/003.png'), speck)
    with pytest.raises(RecordingError, match='none of the 1 frames to judge on') as told:
        split([frames_of(folder)], PHASE, Prompts())
    assert '\n' not in str(told.value)


def test_pictures_smaller_than_the_phase_are_enlarged(tmp_path, write_recording):
    folder = write_recording(tmp_path / 'a', 4)
    shutil.rmtree(folder / 'sensor')
    large = Phase(steps=1, batch=1, height=168, width=210)
    source, _ = split([frames_of(folder)], large, Prompts())
    for seed in range(8):
        (example,) = source.examples(large, np.random.default_rng(seed))
        assert example.truth_m.shape == example.image.shape[:2] == (168, 210)


def test_a_sensors_own_depth_can_be_the_truth(tmp_path, write_recording):
    recording = frames_of(write_recording(tmp_path / 'a', 4, off_m=0.1))
    for own, frame in zip(with_own_depth(recording), recording, strict=True):
        assert (own.truth, own.sensor_depth) == (frame.sensor_depth, None)


def test_sensors_of_different_sizes_are_refused(tmp_path, write_recording):
    folders = [write_recording(tmp_path / str(rows), 4, rows=rows) for rows in (16, 8)]
    with pytest.raises(RecordingError, match='2 sizes, 10x8, 20x16'):
        split([frames_of(folder) for folder in folders], PHASE, Prompts())


def test_a_sensor_of_another_shape_is_not_registered(tmp_path, write_recording):
    folder = write_recording(tmp_path / 'a', 4)
    cv2.imwrite(str(folder / 'sensor/000.png'), np.full((16, 16), 900, np.uint16))
    with pytest.raises(FileError, match=r'000.png has 16x16 pixels, not in the aspect ratio'):
        split([frames_of(folder)], PHASE, Prompts())


def test_a_sensor_that_is_the_reference_depth_leaves_nothing_to_learn(tmp_path, write_recording):
    folder = write_recording(tmp_path / 'a', 4)
    for path in (folder / 'depth').iterdir():
        shutil.copyfile(path, folder / 'sensor' / path.name)
    with pytest.raises(RecordingError, match='of all 1 frames to judge on is the reference depth'):
        split([frames_of(folder)], PHASE, Prompts())
