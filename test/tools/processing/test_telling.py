# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.tools.processing.telling: one line for people, one event a line."""

from __future__ import annotations

import io
import json
from pathlib import Path
import sys
from types import SimpleNamespace

import pytest

from promptda_ros.bags.processing.recipe import Recipe
from promptda_ros.bags.processing.unit import Outcome, Unit
from promptda_ros.bags.runs.progress import Progress
from promptda_ros.tools.processing import telling

CLEAR = telling.CLEAR
UNIT = Unit(Path('data/a'), Path('out/a'), Recipe({}, {}, model_sha256=''))
KNOWN = Outcome('data/k', 'out/k', 'up_to_date', pairs=5)
DONE = Outcome(
    'data/a', 'out/a', 'done', pairs=10, drops={'no_depth': 2}, wall_sec=2.0, warnings=('dim',)
)
BROKEN = Outcome('data/b', 'out/b', 'failed', error='data/b: cut off')


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(make, out: io.StringIO) -> str:
    """Return what is said of a run of two recordings, of which one fails."""
    clock = SimpleNamespace(now=0.0)
    voice = make(out)
    voice.warn('unknown parameter')
    progress = Progress({Path('data/a'): 1, Path('data/b'): 1}, lambda: clock.now)
    voice.begin([KNOWN], progress)
    for done in (0, 10):
        clock.now += 1.0
        progress.tell(UNIT, done, 10)
        voice.tell(UNIT, done, 10)
    for outcome in (DONE, BROKEN):
        progress.end(outcome)
        voice.end(outcome)
    voice.close([KNOWN, DONE, BROKEN])
    return out.getvalue()


def test_without_a_terminal_a_line_is_said_for_every_recording():
    assert told(telling.Lines, io.StringIO()).splitlines() == [
        'warning: unknown parameter',
        '2 recordings to process, 1 up to date, loading the network',
        'data/a: 10 pairs, other images: 2 no_depth, 5 frames/s (1/2 recordings, 10 frames/s)',
        'warning: data/a: dim',
        'failed: data/b: cut off',
        '1 done, 1 up to date, 1 failed in 2 s',
    ]


def test_a_terminal_has_one_line_that_is_redrawn_below_failures_and_warnings():
    text = told(telling.OnTerminal, Terminal())
    stay = [line.rpartition(CLEAR)[2] for line in text.split('\n')]
    assert stay == [
        'warning: unknown parameter',
        '2 recordings to process, 1 up to date, loading the network',
        'warning: data/a: dim',
        'failed: data/b: cut off',
        '1 done, 1 up to date, 1 failed in 2 s',
        '',
    ]
    assert f'{CLEAR}0/2 recordings: a 0/10{CLEAR}' in text
    assert f'{CLEAR}1/2 recordings, 10 frames/s{CLEAR}' in text


def test_events_are_lines_of_json():
    events = [json.loads(line) for line in told(telling.Events, io.StringIO()).splitlines()]
    assert [each.pop('event') for each in events] == [
        'warning', 'begin', 'recording', 'progress', 'progress', 'recording', 'recording', 'end',
    ]  # fmt: skip
    assert events[1] == {'recordings': 2, 'done': 0, 'up_to_date': 1, 'failed': 0}
    assert Outcome.of_json(events[5]) == DONE
    assert events[4]['pairs'] == events[4]['of'] == 10
    assert events[-1] == {'wall_sec': 2.0, 'done': 1, 'up_to_date': 1, 'failed': 1}


def test_quiet_says_what_failed_alone():
    assert told(telling.Failures, io.StringIO()) == 'failed: data/b: cut off\n'


@pytest.mark.parametrize(
    'options, out, kind',
    [
        ({'as_json': True, 'is_quiet': False}, io.StringIO(), telling.Events),
        ({'as_json': False, 'is_quiet': True}, Terminal(), telling.Failures),
        ({'as_json': False, 'is_quiet': False}, Terminal(), telling.OnTerminal),
        ({'as_json': False, 'is_quiet': False}, io.StringIO(), telling.Lines),
    ],
)
def test_what_is_said_suits_options_and_terminal(monkeypatch, options, out, kind):
    monkeypatch.setattr(sys, 'stderr', out)
    assert type(telling.telling_of(**options)) is kind
