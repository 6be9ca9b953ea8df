# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.lerobot: the files by the format, and by the package's own reader."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

pq = pytest.importorskip('pyarrow.parquet')

from promptda_ros.bags.lerobot import dataset as under_test  # noqa: E402
from promptda_ros.bags.lerobot.layout import COLOUR, LeRobotError, OURS, SENSOR, STAMP  # noqa: E402

TENTHS = [0.0, 0.1, 0.2, 0.3, 0.4]


def rows_of(out: Path, episode: int) -> list[dict]:
    return pq.read_table(out / f'data/chunk-000/file-{episode:03d}.parquet').to_pylist()


def info_of(out: Path) -> dict:
    return json.loads((out / 'meta/info.json').read_text())


def pixels(picture: dict) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(picture['bytes'], np.uint8), cv2.IMREAD_UNCHANGED)


def content_of(out: Path) -> dict[str, bytes]:
    """Return every file of the data set itself."""
    paths = [path for name in ('data', 'meta') for path in (out / name).rglob('*.*')]
    return {str(path.relative_to(out)): path.read_bytes() for path in paths}


def test_a_data_set_has_one_episode_a_recording_in_the_order_of_the_names(tmp_path, write_episode):
    frames = {name: write_episode(tmp_path, name, TENTHS) for name in ('b/run1', 'a/run2')}
    write_episode(tmp_path, 'c', [0.0], task='place')
    found = under_test.assemble(tmp_path)
    assert [each.folder.name for each in found.episodes] == ['run2', 'run1', 'c']
    info = info_of(tmp_path)
    assert (info['total_episodes'], info['total_frames'], info['total_tasks']) == (3, 11, 2)
    assert (info['codebase_version'], info['fps']) == ('v3.0', 10)
    rows = [row for episode in range(3) for row in rows_of(tmp_path, episode)]
    assert [row['index'] for row in rows] == list(range(11))
    assert [row['episode_index'] for row in rows] == [0] * 5 + [1] * 5 + [2]
    assert [row['frame_index'] for row in rows] == [*range(5), *range(5), 0]
    assert [row['task_index'] for row in rows] == [0] * 10 + [1]
    expected = [each.frame.stamp_ns for each in frames['a/run2'] + frames['b/run1']]
    assert [row[STAMP] for row in rows[:10]] == expected
    np.testing.assert_allclose([row['timestamp'] for row in rows[:5]], TENTHS, atol=1e-7)


def test_pictures_are_the_image_and_both_depths_to_the_millimetre(tmp_path, write_episode):
    frames = write_episode(tmp_path, 'run', TENTHS)
    under_test.assemble(tmp_path)
    for row, each in zip(rows_of(tmp_path, 0), frames, strict=True):
        np.testing.assert_array_equal(pixels(row[COLOUR])[..., ::-1], each.frame.image)
        sensor_m = each.frame.sensor_depth_m.copy()
        sensor_m[0, :4] = 0  # unknown, beyond and below the range, and 40 m
        for key, depth_m in ((SENSOR, sensor_m), (OURS, each.depth.depth_m)):
            counts = pixels(row[key])
            assert counts.dtype == np.uint16
            np.testing.assert_allclose(counts / 1000, np.nan_to_num(depth_m), atol=0.0005001)
            assert (counts == 0).sum() == (np.nan_to_num(depth_m) == 0).sum()


def test_the_cost_of_rounding_is_told_in_millimetres(tmp_path, write_episode):
    frames = write_episode(tmp_path, 'run', TENTHS)
    lines = under_test.assemble(tmp_path).describe()
    (ours,) = [line for line in lines if line.startswith('our depth')]
    (sensor,) = [line for line in lines if line.startswith('sensor depth')]
    mm = np.concatenate([each.depth.depth_m.ravel() for each in frames]).astype(float) * 1000
    off_mm = np.abs(mm - np.floor(mm + 0.5))[np.isfinite(mm)]
    assert off_mm.max() <= 0.5
    assert f'at most {off_mm.max():.3f} mm, {off_mm.mean():.3f} mm on average' in ours
    assert '5 pixels nearer than 1 mm or beyond 32.767 m became unknown' in sensor
    assert 'unknown' not in ours


def test_features_describe_the_columns(tmp_path, write_episode):
    write_episode(tmp_path, 'run', TENTHS)
    under_test.assemble(tmp_path)
    features = info_of(tmp_path)['features']
    assert features[COLOUR]['shape'] == [*features[OURS]['shape'][:2], 3] == [24, 32, 3]
    assert features[SENSOR]['shape'] == [12, 16, 1]
    assert features[OURS]['info'] == {'is_depth_map': True, 'depth_unit': 'mm'}
    assert list(features) == list(rows_of(tmp_path, 0)[0])
    assert not [name for name in features if '/' in name]


def test_statistics_are_those_of_the_numbers(tmp_path, write_episode):
    frames = write_episode(tmp_path, 'a', TENTHS) + write_episode(tmp_path, 'b', TENTHS[:2])
    under_test.assemble(tmp_path)
    statistics = json.loads((tmp_path / 'meta/stats.json').read_text())
    images = np.stack([each.frame.image for each in frames]) / 255
    expected = images.reshape(-1, 3)
    np.testing.assert_allclose(np.ravel(statistics[COLOUR]['mean']), expected.mean(axis=0))
    np.testing.assert_allclose(np.ravel(statistics[COLOUR]['std']), expected.std(axis=0))
    assert np.shape(statistics[COLOUR]['mean']) == (3, 1, 1)
    mm = [pixels(row[OURS]) for episode in (0, 1) for row in rows_of(tmp_path, episode)]
    np.testing.assert_allclose(np.ravel(statistics[OURS]['mean']), np.mean(mm))
    assert np.ravel(statistics[OURS]['max']) == np.max(mm)
    assert statistics['index']['mean'] == [3.0]
    assert statistics['episode_index']['max'] == [1.0]
    (first, second) = pq.read_table(tmp_path / 'meta/episodes').to_pylist()
    assert np.ravel(first[f'stats/{OURS}/mean']) == pytest.approx(np.mean(mm[:5]))
    assert (second['dataset_from_index'], second['dataset_to_index']) == (5, 7)


def test_tasks_are_found_by_their_texts(tmp_path, write_episode):
    write_episode(tmp_path, 'a', TENTHS, task='pick')
    write_episode(tmp_path, 'b', TENTHS, task='place')
    under_test.assemble(tmp_path)
    table = pq.read_table(tmp_path / 'meta/tasks.parquet')
    assert table.schema.pandas_metadata['index_columns'] == ['__index_level_0__']
    assert table.to_pydict() == {'task_index': [0, 1], '__index_level_0__': ['pick', 'place']}


def test_a_later_recording_gives_the_others_new_numbers(tmp_path, write_episode):
    """One that failed comes in between: as if all had been there at once."""
    for name in ('a', 'c'):
        write_episode(tmp_path / 'late', name, TENTHS)
    under_test.assemble(tmp_path / 'late')
    write_episode(tmp_path / 'late', 'b', TENTHS[:3])
    under_test.assemble(tmp_path / 'late')
    for name, seconds in (('a', TENTHS), ('b', TENTHS[:3]), ('c', TENTHS)):
        write_episode(tmp_path / 'once', name, seconds)
    under_test.assemble(tmp_path / 'once')
    assert content_of(tmp_path / 'late') == content_of(tmp_path / 'once')


@pytest.mark.parametrize('killed', range(7))
def test_a_run_that_was_killed_is_finished_by_the_next(
    tmp_path, write_episode, monkeypatch, killed
):
    """What is on the disk at each renaming: a whole data set or none that a reader would open."""
    for folder in ('killed', 'whole'):
        for name in ('a', 'b', 'c'):
            write_episode(tmp_path / folder, name, TENTHS)
        under_test.assemble(tmp_path / folder)
        write_episode(tmp_path / folder, 'aa', TENTHS[:3])
    before, calls, replace = content_of(tmp_path / 'killed'), [], os.replace

    def dying(source, target):
        calls.append(target)
        if len(calls) > killed:
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, 'replace', dying)
    try:
        under_test.assemble(tmp_path / 'killed')
    except KeyboardInterrupt:
        has_data_set = (tmp_path / 'killed/meta').exists()
        assert not has_data_set or content_of(tmp_path / 'killed') == before
    monkeypatch.undo()
    under_test.assemble(tmp_path / 'whole')
    under_test.assemble(tmp_path / 'killed')
    assert content_of(tmp_path / 'killed') == content_of(tmp_path / 'whole')
    assert {path.name for path in (tmp_path / 'killed').iterdir()} == {'data', 'episodes', 'meta'}


def test_files_lie_on_the_disk_once(tmp_path, write_episode):
    write_episode(tmp_path, 'run', TENTHS)
    under_test.assemble(tmp_path)
    stored = tmp_path / 'data/chunk-000/file-000.parquet'
    assert stored.samefile(tmp_path / 'episodes/run/episode.parquet')


def test_steps_that_are_not_one_period_are_told(tmp_path, write_episode):
    write_episode(tmp_path, 'run', [0.0, 0.1, 0.2, 0.5, 0.6])
    (note,) = [line for line in under_test.assemble(tmp_path).describe() if line.startswith('run')]
    assert '1 of 4 steps between frames are not one period, the longest 0.300 s' in note


def test_a_recording_at_another_rate_is_told(tmp_path, write_episode):
    for name in ('a', 'b'):
        write_episode(tmp_path, name, TENTHS)
    write_episode(tmp_path, 'slow', [0.0, 0.2, 0.4])
    (note,) = [
        line for line in under_test.assemble(tmp_path).describe() if line.startswith('slow')
    ]
    assert 'slow has 5.00 frames/s and the data set 10' in note


def test_a_recording_without_frames_is_no_episode(tmp_path, write_episode):
    write_episode(tmp_path, 'a', [])
    assert under_test.assemble(tmp_path) is None
    write_episode(tmp_path, 'b', TENTHS)
    found = under_test.assemble(tmp_path)
    assert [each.folder.name for each in found.episodes] == ['b']
    assert 'a has no frames and is no episode' in found.describe()


def test_pictures_of_two_sizes_are_refused_by_both_names(tmp_path, write_episode):
    write_episode(tmp_path, 'a', TENTHS)
    write_episode(tmp_path, 'b', TENTHS, size=(48, 64))
    with pytest.raises(LeRobotError, match=r'b has images of 64x48 .*a images of 32x24'):
        under_test.assemble(tmp_path)
    assert not (tmp_path / 'meta').exists()


def test_a_data_set_of_someone_else_is_left_alone(tmp_path):
    (tmp_path / 'meta').mkdir()
    with pytest.raises(LeRobotError, match='was not made by promptda process'):
        under_test.require_place(tmp_path)


def test_the_package_itself_reads_pixels_and_stamps(tmp_path, write_episode, monkeypatch):
    """Its versions from 0.6 on return depth as float32, those before as 16-bit integers."""
    monkeypatch.setenv('HF_DATASETS_CACHE', str(tmp_path / 'cache'))
    lerobot = pytest.importorskip('lerobot.datasets.lerobot_dataset')
    out = tmp_path / 'out'
    frames = [
        each
        for name in ('a', 'b', 'c')
        for each in write_episode(out, name, TENTHS, task=f'pick {name}')
    ]
    under_test.assemble(out)
    data = lerobot.LeRobotDataset('local/test', root=out, delta_timestamps={SENSOR: [-0.1, 0.0]})
    assert (len(data), data.num_episodes, data.fps) == (15, 3, 10)
    for item, each in zip((data[number] for number in range(15)), frames, strict=True):
        image = (item[COLOUR].numpy() * 255).round().transpose(1, 2, 0)
        np.testing.assert_array_equal(image, each.frame.image)
        mm = item[OURS].numpy()[0]
        np.testing.assert_allclose(mm / 1000, np.nan_to_num(each.depth.depth_m), atol=0.0005001)
        assert item[STAMP].item() == each.frame.stamp_ns
        assert item[SENSOR].shape == (2, 1, 12, 16)
    assert data[7]['task'] == 'pick b'
    assert data.meta.stats[OURS]['mean'].shape == (1, 1, 1)
    some = lerobot.LeRobotDataset('local/test', root=out, episodes=[1])
    assert [each['index'].item() for each in some] == [5, 6, 7, 8, 9]
