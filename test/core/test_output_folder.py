# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.output_folder."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from promptda_ros.core.errors import FileError
from promptda_ros.core.output_folder import OutputFolder


def content(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text() if path.is_file() else ''
        for path in folder.rglob('*')
    }


def write(folder: Path, files: dict[str, str], error: BaseException | None = None) -> None:
    """Write files to a folder as a command does, and fail at the end."""
    with OutputFolder(folder) as unfinished:
        for name, text in files.items():
            (unfinished / name).write_text(text)
        if error is not None:
            raise error


def test_files_get_their_names_together_at_the_end(tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/a').write_text('old')
    (tmp_path / 'out/other').write_text('stays')
    with OutputFolder(tmp_path / 'out') as unfinished:
        (unfinished / 'a').write_text('new')
        (unfinished / 'deep').mkdir()
        (unfinished / 'deep/b').write_text('new')
        assert (tmp_path / 'out/a').read_text() == 'old'
    assert content(tmp_path / 'out') == {
        'a': 'new', 'deep': '', 'deep/b': 'new', 'other': 'stays',
    }  # fmt: skip


@pytest.mark.parametrize('error', [RuntimeError('broken'), KeyboardInterrupt()])
def test_after_an_error_everything_is_as_it_was(tmp_path, error):
    with pytest.raises(type(error)):
        write(tmp_path / 'new/out', {'a': 'half'}, error)
    assert content(tmp_path) == {}


def test_a_block_without_files_only_tries_the_folder(tmp_path):
    with OutputFolder(tmp_path / 'new/out'):
        pass
    assert content(tmp_path) == {}


@pytest.mark.parametrize('folder', ['file', 'file/out', '/proc/out'])
def test_a_folder_that_can_not_be_written_is_refused_before_the_work(tmp_path, folder):
    """K19: the output is a file, below a file, or in a place that takes none."""
    (tmp_path / 'file').write_text('kept')
    with pytest.raises(FileError, match='cannot be written'):
        OutputFolder(tmp_path / folder)
    assert content(tmp_path) == {'file': 'kept'}


def test_a_folder_in_place_of_a_file_is_refused_before_the_work(tmp_path):
    (tmp_path / 'depth.png').mkdir()
    with pytest.raises(FileError, match=r'depth.png cannot be written: Is a directory'):
        OutputFolder(tmp_path, 'depth.png')
    assert content(tmp_path) == {'depth.png': ''}


def test_no_file_is_named_where_one_can_not_be(tmp_path):
    (tmp_path / 'b').mkdir()
    with pytest.raises(FileError, match='Is a directory'):
        write(tmp_path, {'a': 'new', 'b': 'new'})
    assert content(tmp_path) == {'b': ''}


def test_a_full_disk_leaves_nothing_and_says_where(tmp_path, files_of_at_most):
    """K19."""
    refusal = pytest.raises(FileError, match='out cannot be written: File too large')
    with refusal, files_of_at_most(1000):
        write(tmp_path / 'out', {'a': 'whole', 'b': 2000 * 'x'})
    assert content(tmp_path) == {}


def test_errors_of_what_is_read_keep_their_names(tmp_path):
    with pytest.raises(FileNotFoundError) as error, OutputFolder(tmp_path / 'out'):
        (tmp_path / 'input').read_bytes()
    assert error.value.filename == str(tmp_path / 'input')
    assert error.value.errno == errno.ENOENT
