# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.runs.search: every recording once, its result where it belongs."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
import pytest

from promptda_ros.bags.files import BagError
from promptda_ros.bags.runs.search import find_recordings, name_of
from promptda_ros.core.errors import FileError


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a folder for recordings."""
    folder = tmp_path / 'data'
    folder.mkdir()
    return folder


def put(root: Path, *names: str) -> None:
    """Make empty files, and the folders above them."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def found(paths: list[Path], out: Path) -> dict[str, str]:
    """Return the results below the output folder, by the recordings."""
    root = out.parent
    return {
        str(each.source.relative_to(root)): str(each.target.relative_to(out))
        for each in find_recordings(paths, out)
    }


def test_folders_are_searched_in_order_and_keep_their_layout(data: Path):
    put(data, 'b/run2.mcap', 'b/run10.db3', 'a/deep/run1/metadata.yaml', 'a/deep/run1/run1_0.mcap')
    put(data, 'notes.txt', 'a/empty/readme')
    assert found([data], data.parent / 'out') == {
        'data/a/deep/run1': 'a/deep/run1',
        'data/b/run10.db3': 'b/run10',
        'data/b/run2.mcap': 'b/run2',
    }


def test_a_recording_that_is_named_lies_directly_in_the_output(data: Path):
    put(data, 'a/run1.mcap.zstd', 'a/run2/metadata.yaml', 'a/old.bag')
    paths = [data / 'a/run1.mcap.zstd', data / 'a/run2', data / 'a/old.bag']
    assert list(found(paths, data.parent / 'out').values()) == ['run1', 'run2', 'old']


def test_files_without_metadata_are_one_recording_only_where_rosbag2_named_them(data: Path):
    put(data, 'cut/cut_0.mcap', 'cut/cut_1.mcap', 'episodes/run_0.mcap', 'episodes/run_1.mcap')
    assert found([data], data.parent / 'out') == {
        'data/cut': 'cut',
        'data/episodes/run_0.mcap': 'episodes/run_0',
        'data/episodes/run_1.mcap': 'episodes/run_1',
    }


def test_a_folder_of_picture_pairs_is_one_recording(data: Path):
    put(data, 'scene/image/0.jpg', 'scene/depth/0.png', 'tum/rgb.txt', 'tum/depth.txt')
    put(data, 'mixed/image/0.jpg', 'mixed/depth/0.png', 'mixed/run.mcap')
    assert found([data], data.parent / 'out') == {
        'data/mixed/run.mcap': 'mixed/run',
        'data/scene': 'scene',
        'data/tum': 'tum',
    }
    assert found([data / 'scene'], data.parent / 'out') == {'data/scene': 'scene'}


def test_hidden_files_and_folders_are_left_out(data: Path):
    """Such as unfinished results, the trash, and what macOS writes beside every file."""
    put(data, '.unfinished-1/x.mcap', 'a/._run.mcap', 'a/run.mcap')
    assert found([data], data.parent / 'out') == {'data/a/run.mcap': 'a/run'}


def test_results_are_never_taken_for_recordings(data: Path):
    """Neither this run's, below the folder that is searched, nor those of earlier ones."""
    put(data, 'run.mcap', 'out/run/metadata.yaml', 'out/run/promptda.json')
    put(data, 'earlier/run/metadata.yaml', 'earlier/run/promptda.json')
    assert [each.source for each in find_recordings([data], data / 'out')] == [data / 'run.mcap']


def test_an_output_among_the_recordings_is_refused(data: Path):
    put(data, 'run/metadata.yaml')
    with pytest.raises(FileError, match='results would be taken for recordings'):
        find_recordings([data], data)
    with pytest.raises(FileError, match='in the recording itself'):
        find_recordings([data / 'run'], data)
    with pytest.raises(FileError, match='in the recording itself'):
        find_recordings([data], data / 'run/out')


def test_two_recordings_with_one_result_are_refused(data: Path):
    put(data, 'a/run.mcap', 'b/run.mcap', 'c/run.mcap', 'c/run/metadata.yaml')
    out = data.parent / 'out'
    with pytest.raises(BagError, match=r'a/run.mcap and .*b/run.mcap would both be written to'):
        find_recordings([data / 'a', data / 'b'], out)
    with pytest.raises(BagError, match='would both be written to'):
        find_recordings([data / 'c'], out)


def test_a_result_in_another_result_is_refused(data: Path):
    put(data, 'run.mcap', 'run/more.mcap')
    with pytest.raises(BagError, match=r'run/more.mcap would lie in that of .*run.mcap, '):
        find_recordings([data], data.parent / 'out')


def test_a_link_is_followed_once_and_never_in_a_circle(data: Path):
    put(data, 'run.mcap', 'a/x.mcap')
    put(data.parent, 'elsewhere/y.mcap')
    (data / 'latest.mcap').symlink_to(data / 'run.mcap')
    (data / 'a/up').symlink_to(data)
    (data / 'disk').symlink_to(data.parent / 'elsewhere')
    (data.parent / 'elsewhere/back').symlink_to(data)
    assert found([data], data.parent / 'out') == {
        'data/a/x.mcap': 'a/x',
        'data/disk/y.mcap': 'disk/y',
        'data/run.mcap': 'run',
    }


def test_a_recording_that_is_named_twice_is_found_once(data: Path):
    put(data, 'run.mcap')
    paths = [data / 'run.mcap', data, data, data / '../data/run.mcap']
    assert list(found(paths, data.parent / 'out').values()) == ['run']


@pytest.mark.parametrize('name, said', [('missing', 'does not exist'), ('a.txt', 'no recording')])
def test_a_path_that_is_no_recording_is_one_sentence(data: Path, name: str, said: str):
    put(data, 'a.txt')
    with pytest.raises(BagError, match=said):
        find_recordings([data / name], data.parent / 'out')


def test_a_folder_without_recordings_says_what_is_searched_for(data: Path):
    with pytest.raises(BagError, match=r'rosbag2 folders, .mcap, .db3 and .bag files'):
        find_recordings([data], data.parent / 'out')


NAMES = st.sampled_from(['a', 'b', 'run', 'run_0.mcap', 'x.mcap', 'y.db3', 'metadata.yaml'])


@given(st.sets(st.lists(NAMES, min_size=1, max_size=4).map('/'.join), max_size=8))
def test_no_recording_is_found_twice_and_no_target_lies_in_another(tmp_path_factory, names):
    root = tmp_path_factory.mktemp('data')
    for name in sorted(names):
        path = root / 'data' / name
        if not any(parent.is_file() for parent in path.parents) and not path.exists():
            put(root / 'data', name)
    (root / 'data').mkdir(exist_ok=True)
    try:
        each = find_recordings([root / 'data'], root / 'out')
    except (BagError, FileError):
        return
    sources, targets = [one.source for one in each], [one.target for one in each]
    assert sources == sorted(set(sources), key=sources.index)
    assert len(set(targets)) == len(targets)
    for each_of in (sources, targets):
        assert not any(one in other.parents for one in each_of for other in each_of)


def test_names_of_results_have_no_suffix(tmp_path: Path):
    assert name_of(tmp_path / 'v1.2.mcap') == 'v1.2'
    (tmp_path / 'v1.2').mkdir()
    assert name_of(tmp_path / 'v1.2') == 'v1.2'
    assert name_of(tmp_path / 'x/..') == tmp_path.name
