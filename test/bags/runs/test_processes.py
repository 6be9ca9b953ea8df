# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.runs: serial and in processes, and what a dying process costs."""

from __future__ import annotations

from contextlib import closing
import os
from pathlib import Path
import time

import pytest

from promptda_ros.bags.runs.processes import places, Processes
from promptda_ros.bags.runs.serial import Serial
from promptda_ros.bags.runs.work import WorkEnded
from promptda_ros.core.errors import ExitCode

GONE_SEC = 30.0


def units(*names: str) -> list:
    from small_work import units_of

    return units_of(names)


def run(runner, *names: str) -> dict[str, tuple[str, int]]:
    """Return the state and the tries of every unit, in the order of the outcomes."""
    with closing(runner.run(units(*names))) as outcomes:
        return {Path(each.source).name: (each.state, each.tries) for each in outcomes}


def is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def test_serial_loads_once_and_keeps_the_order(small_work):
    work, told = small_work(), []
    outcomes = run(Serial(work, lambda *each: told.append(each)), 'a', 'bad', 'b')
    assert outcomes == {'a': ('done', 1), 'bad': ('failed', 1), 'b': ('done', 1)}
    assert [note[0] for note in work.notes()] == ['load', 'a', 'bad', 'b']
    assert [(unit.source.name, *rest) for unit, *rest in told[:2]] == [('a', 1, 3), ('a', 3, 3)]


def test_every_unit_is_done_once_by_workers_that_load_once(small_work):
    work, told = small_work(), []
    runner = Processes(work, lambda *each: told.append(each), places(2, [3, 5]))
    names = ['meets', 'b', 'bad', 'c', 'd']
    outcomes = run(runner, *names)
    assert {name: outcome[0] for name, outcome in outcomes.items()} == {
        **dict.fromkeys(names, 'done'),
        'bad': 'failed',
    }
    notes = work.notes()
    assert sorted(note[0] for note in notes if note[0] != 'load') == sorted(names)
    loaded = {note[1]: note[3] for note in notes if note[0] == 'load'}
    assert sorted(loaded.values()) == ['3', '5']  # the GPUs are dealt out
    assert str(os.getpid()) not in loaded
    assert {(unit.source.name, done) for unit, done, _ in told} >= {(name, 3) for name in names}
    assert not any(is_alive(int(process_id)) for process_id in loaded)


def test_a_killed_worker_costs_its_unit_a_try_and_the_others_nothing(small_work):
    work = small_work()
    runner = Processes(work, lambda *_: None, places(2, []))
    outcomes = run(runner, 'a', 'killed1', 'killed9', 'b')
    assert outcomes == {
        'a': ('done', 1),
        'b': ('done', 1),
        'killed1': ('done', 2),
        'killed9': ('failed', 3),
    }


def test_a_unit_that_kills_its_workers_says_how(small_work):
    runner = Processes(small_work(), lambda *_: None, places(1, []))
    (outcome,) = runner.run(units('killed9'))
    assert 'was ended by SIGKILL in each of 3 tries; if memory ran out' in outcome.error
    assert outcome.source == 'in/killed9'


@pytest.mark.parametrize(
    'loading, said, code',
    [
        ('unusable', 'no such network', ExitCode.MODEL_OR_DEVICE),
        ('broken', 'internal error, LookupError: nobody foresaw this', ExitCode.INTERNAL),
        ('killed', '3 workers were lost before .* ended by SIGKILL', ExitCode.MODEL_OR_DEVICE),
    ],
)
def test_a_network_that_cannot_be_loaded_ends_the_run(small_work, loading, said, code):
    runner = Processes(small_work(loading), lambda *_: None, places(1, []))
    with pytest.raises(WorkEnded, match=said) as ended:
        run(runner, 'a', 'b')
    assert ended.value.exit_code == code


def test_a_lost_device_ends_the_run_and_all_workers(small_work):
    work = small_work()
    runner = Processes(work, lambda *_: None, places(2, []))
    with pytest.raises(WorkEnded, match='the GPU is lost') as ended:
        run(runner, 'hangs', 'lost')
    assert ended.value.exit_code == ExitCode.GPU_LOST
    assert not any(is_alive(int(note[1])) for note in work.notes())


def test_closing_ends_workers_in_the_middle_of_a_unit(small_work):
    """As Ctrl-C and --fail-fast do."""
    work = small_work()
    outcomes = Processes(work, lambda *_: None, places(2, [])).run(units('hangs', 'bad', 'a'))
    assert next(outcomes).state == 'failed'
    outcomes.close()
    assert not any(is_alive(int(note[1])) for note in work.notes())


def test_workers_end_when_their_parent_is_killed(small_work, tmp_path):
    """K20: not even kill -9 leaves a process behind."""
    import subprocess
    import sys

    program = (
        f'import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n'
        'from pathlib import Path\n'
        'from small_work import SmallWork, units_of\n'
        'from promptda_ros.bags.runs.processes import Processes, places\n'
        'if __name__ == "__main__":\n'
        f'    work = SmallWork(Path({str(tmp_path)!r}))\n'
        '    tell = lambda *_: print("begun", flush=True)\n'
        '    list(Processes(work, tell, places(1, [])).run(units_of(["hangs"])))\n'
    )
    (tmp_path / 'parent.py').write_text(program)
    command = [sys.executable, str(tmp_path / 'parent.py')]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == 'begun\n'
        parent.kill()
    worker = int(small_work().notes()[0][1])
    deadline_sec = time.monotonic() + GONE_SEC
    while is_alive(worker) and time.monotonic() < deadline_sec:
        time.sleep(0.05)
    assert not is_alive(worker)


def test_threads_are_shared_unless_their_number_is_given(monkeypatch):
    monkeypatch.delenv('OMP_NUM_THREADS', raising=False)
    monkeypatch.setattr(os, 'sched_getaffinity', lambda _: set(range(8)), raising=False)
    assert places(3, []) == [{'OMP_NUM_THREADS': '2'}] * 3
    assert places(20, [])[0] == {'OMP_NUM_THREADS': '1'}
    monkeypatch.setenv('OMP_NUM_THREADS', '5')
    assert places(2, []) == [{}, {}]


def test_gpus_are_those_that_the_process_may_see(monkeypatch):
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '4,GPU-abc')
    assert places(3, [0, 1]) == [{'CUDA_VISIBLE_DEVICES': name} for name in ('4', 'GPU-abc', '4')]
