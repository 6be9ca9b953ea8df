# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tracebacks are kept for a report, and never fill the disk."""

from __future__ import annotations

from promptda_ros import tracebacks
from promptda_ros.tracebacks import keep_traceback


def test_tracebacks_are_appended_until_the_file_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path / 'log'))
    path = keep_traceback(ValueError('first'))
    assert keep_traceback(ValueError('second')) == path
    assert path.read_text().split() == ['ValueError:', 'first', 'ValueError:', 'second']
    monkeypatch.setattr(tracebacks, 'LARGEST', 10)
    for text in ('third', 'fourth'):
        assert keep_traceback(ValueError(text)) == path
    assert path.read_text().split() == ['ValueError:', 'fourth']
    assert sorted(each.name for each in path.parent.iterdir()) == [
        'promptda_tracebacks.old.txt',
        'promptda_tracebacks.txt',
    ]


def test_a_folder_that_can_not_be_written_is_no_reason_to_fail(tmp_path, monkeypatch):
    (tmp_path / 'log').write_text('a file')
    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path / 'log'))
    assert keep_traceback(ValueError('lost')) is None
