# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.grasping.attempts."""

from __future__ import annotations

import pytest

from promptda_ros.core.errors import FileError
from promptda_ros.lab.grasping.attempts import Attempt, AttemptLog, FILE

ASKED = {'seed': 1, 'sensors': ['phone_lidar']}


def attempt(scene: int) -> Attempt:
    return Attempt(scene, 'phone_lidar', 'ours', 'held', 'the mug is held', '', (0.25,) * 16, 0.04)


def test_what_was_added_is_there_when_the_log_is_opened_again(tmp_path):
    log = AttemptLog(tmp_path / 'out', ASKED)
    log.add(3, [attempt(3)])
    log.add(0, [attempt(0), attempt(0)])
    again = AttemptLog(tmp_path / 'out', ASKED)
    assert [number in again for number in (0, 1, 3)] == [True, False, True]
    assert again.first(10) == log.first(10) == [attempt(0), attempt(0), attempt(3)]
    assert again.first(3) == [attempt(0), attempt(0)]


@pytest.mark.parametrize('kept', [1, 40])
def test_the_scene_in_which_a_run_was_killed_is_tried_again(tmp_path, kept):
    """Whatever was on the disk of it is forgotten, what was before is not."""
    AttemptLog(tmp_path, ASKED).add(0, [attempt(0)])
    whole = (tmp_path / FILE).read_bytes()
    AttemptLog(tmp_path, ASKED).add(1, [attempt(1)])
    cut = (tmp_path / FILE).read_bytes()[: len(whole) + kept]
    (tmp_path / FILE).write_bytes(cut)
    log = AttemptLog(tmp_path, ASKED)
    assert [number in log for number in (0, 1)] == [True, False]
    assert (tmp_path / FILE).read_bytes() == whole
    log.add(1, [attempt(1)])
    assert AttemptLog(tmp_path, ASKED).first(2) == [attempt(0), attempt(1)]


def test_attempts_of_another_seed_are_not_mixed(tmp_path):
    AttemptLog(tmp_path, ASKED)
    with pytest.raises(FileError, match=r'was begun with seed 1, not 2: .*; name another --out'):
        AttemptLog(tmp_path, {**ASKED, 'seed': 2})


@pytest.mark.parametrize(
    'text', ['no json', 'no json\n', '{"seed": 1}\n{"scene": 0}\n', '[]\n', '3\n[1]\n']
)
def test_a_file_of_something_else_is_refused_and_left_as_it_is(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(FileError, match='name another --out'):
        AttemptLog(tmp_path, ASKED)
    assert (tmp_path / FILE).read_text() == text


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / 'out').write_text('')
    with pytest.raises(FileError, match='cannot be written'):
        AttemptLog(tmp_path / 'out', ASKED)
