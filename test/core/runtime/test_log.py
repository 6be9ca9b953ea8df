# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Drops are counted, few are logged; tracebacks are kept and never fill the disk."""

from __future__ import annotations

import threading

import pytest

from promptda_ros.core.runtime import log
from promptda_ros.core.runtime.log import Drops, keep_traceback, SayOnce


class FakeTime:
    """A steady clock that the test moves."""

    def __init__(self) -> None:
        self.now_sec = 1000.0

    def monotonic(self) -> float:
        return self.now_sec


@pytest.fixture
def clock(monkeypatch):
    clock = FakeTime()
    monkeypatch.setattr(log, 'time', clock)
    return clock


@pytest.fixture
def lines():
    return []


@pytest.fixture
def drops(clock, lines):
    return Drops(lines.append, what='frame dropped')


def test_every_drop_is_counted_under_its_reason(drops):
    for _ in range(7):
        drops.add('image_step', 'step 10 < 1920')
    drops.add('no_listener')
    assert drops.snapshot() == {'image_step': 7, 'no_listener': 1}


def test_the_first_drop_is_logged_at_once(drops, lines):
    drops.add('image_step', 'step 10 < 1920')
    assert lines == ['frame dropped: step 10 < 1920']


def test_the_same_reason_is_logged_every_five_seconds_with_its_number(drops, clock, lines):
    """Log limits of the fault table: a count, not a flood."""
    for _ in range(161):  # 32 Hz for 5 s
        drops.add('image_step', 'step 10 < 1920')
        clock.now_sec += 1 / 32
    assert lines == [
        'frame dropped: step 10 < 1920',
        'frame dropped: step 10 < 1920 (160 in the last 5 s)',
    ]
    assert drops.snapshot() == {'image_step': 161}


def test_reasons_do_not_silence_one_another(drops, lines):
    drops.add('image_step', 'step 10 < 1920')
    drops.add('depth_unit', 'median 812 m')
    assert len(lines) == 2


def test_a_drop_without_a_text_is_counted_and_not_logged(drops, lines):
    drops.add('no_listener')
    assert lines == []
    assert drops.recent_text(within_sec=5.0) == ''


def test_the_last_reason_is_known_for_a_while(drops, clock):
    assert drops.recent_text(within_sec=5.0) == ''
    drops.add('image_step', 'step 10 < 1920')
    clock.now_sec += 5.0
    assert drops.recent_text(within_sec=5.0) == 'step 10 < 1920'
    clock.now_sec += 0.1
    assert drops.recent_text(within_sec=5.0) == ''


def test_no_drop_is_lost_between_threads(drops):
    def flood() -> None:
        for _ in range(1000):
            drops.add('image_step', 'step 10 < 1920')

    threads = [threading.Thread(target=flood) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20.0)
    assert drops.snapshot() == {'image_step': 4000}


def test_each_thing_is_said_once_until_all_is_forgotten():
    lines: list[str] = []
    say = SayOnce(lines.append)
    say('a', 'first')
    say('a', 'second')
    say('b', 'third')
    assert lines == ['first', 'third']
    say.forget()
    say('a', 'fourth')
    assert lines[-1] == 'fourth'


def test_tracebacks_are_appended_until_the_file_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path / 'log'))
    path = keep_traceback(ValueError('first'))
    assert keep_traceback(ValueError('second')) == path
    assert path.read_text().split() == ['ValueError:', 'first', 'ValueError:', 'second']
    monkeypatch.setattr(log, 'LARGEST', 10)
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
