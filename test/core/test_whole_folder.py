# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.whole_folder."""

from __future__ import annotations

import os

import pytest

from promptda_ros.core.errors import FileError
from promptda_ros.core.whole_folder import whole_folder


def test_a_folder_appears_whole(tmp_path):
    target = tmp_path / 'a/run'
    with whole_folder(target) as work:
        (work / 'deep').mkdir()
        (work / 'deep/file').write_text('new')
        assert not target.exists()
    assert (target / 'deep/file').read_text() == 'new'
    assert os.listdir(tmp_path / 'a') == ['run']


def test_a_folder_that_is_there_is_replaced_as_a_whole(tmp_path):
    (tmp_path / 'run').mkdir()
    (tmp_path / 'run/old').touch()
    with whole_folder(tmp_path / 'run') as work:
        (work / 'new').touch()
        assert os.listdir(tmp_path / 'run') == ['old']
    assert os.listdir(tmp_path / 'run') == ['new']


def _fail_in(folder, error):
    with folder as work:
        (work / 'new').touch()
        raise error


@pytest.mark.parametrize('error', [ValueError, KeyboardInterrupt])
def test_after_an_error_everything_is_as_before(tmp_path, error):
    (tmp_path / 'run').mkdir()
    with pytest.raises(error):
        _fail_in(whole_folder(tmp_path / 'run'), error)
    assert os.listdir(tmp_path / 'run') == []
    assert os.listdir(tmp_path) == ['run']


def test_what_a_killed_process_left_is_removed_and_nothing_of_others(tmp_path):
    others = {'.unfinished-run1-abcdefgh', '.unfinished-run[1]-b-abcdefgh', '.unfinished-x'}
    for name in ('.unfinished-run[1]-abcdefgh', *others):
        (tmp_path / name).mkdir()
    with whole_folder(tmp_path / 'run[1]'):
        pass
    assert set(os.listdir(tmp_path)) == {'run[1]', *others}


def test_two_processes_do_not_write_one_folder(tmp_path):
    """An open file has a lock of its own, so that this process stands for two."""
    with whole_folder(tmp_path / 'run') as work:
        with pytest.raises(FileError, match='another process'):
            _fail_in(whole_folder(tmp_path / 'run'), AssertionError)
        (work / 'new').touch()
    assert os.listdir(tmp_path / 'run') == ['new']
