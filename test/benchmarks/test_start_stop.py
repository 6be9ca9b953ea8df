# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What start_stop makes of its cycles, and where a run that was ended goes on."""

from __future__ import annotations

from dataclasses import asdict, replace
import json
import signal

import pytest

from benchmarks.start_stop import Cycle, cycles_of, MOST_SEC, table_of, troubles

RUN = {'seed': 1, 'commit': 'abc'}
CYCLE = Cycle('while it is idle', int(signal.SIGINT), 0.5, 0, 0.3, 0.2, 0.0, '')


@pytest.fixture
def checkpoint(tmp_path):
    """Return a checkpoint with one cycle."""
    path = tmp_path / 'start_stop.jsonl'
    cycles_of(path, RUN)
    with path.open('a') as file:
        file.write(json.dumps(asdict(CYCLE)) + '\n')
    return path


def test_a_run_goes_on_after_the_cycles_of_its_checkpoint(checkpoint):
    assert cycles_of(checkpoint, RUN) == [CYCLE]
    assert cycles_of(checkpoint, RUN) == [CYCLE]


@pytest.mark.parametrize('other', [{'seed': 2}, {'commit': 'abd and changes'}])
def test_cycles_of_another_seed_or_commit_do_not_count(checkpoint, other):
    assert cycles_of(checkpoint, RUN | other) == []
    assert cycles_of(checkpoint, RUN) == []  # they are gone


@pytest.mark.parametrize(
    'wrong',
    [
        replace(CYCLE, exit_code=-2),
        replace(CYCLE, said='Traceback (most recent call last)'),
        replace(CYCLE, end_sec=MOST_SEC + 0.1),
    ],
)
def test_a_cycle_that_is_wrong_or_late_is_told(wrong):
    assert troubles([CYCLE]) == []
    assert len(troubles([CYCLE, wrong])) == 1


def test_the_time_of_a_frame_in_work_does_not_count():
    assert troubles([replace(CYCLE, end_sec=MOST_SEC + 0.1, frame_sec=0.2)]) == []


def test_every_moment_that_came_has_a_row_and_all_have_the_last():
    rows = table_of([CYCLE, replace(CYCLE, exit_code=1)]).rows
    assert [row[:3] for row in rows] == [['while it is idle', 2, 1], ['all', 2, 1]]
