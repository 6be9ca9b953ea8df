# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""oneDNN, which once had no memory for code in a thread, in a process whose memory is limited."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import subprocess
import sys
import threading

import pytest

from promptda_ros.core.runtime.faults import OutOfMemory, run_on_device
from promptda_ros.core.runtime.substitute import Substitute

PROGRAM = Path(__file__).parents[2] / 'short_of_memory.py'


@pytest.mark.skipif(sys.platform != 'linux', reason='limits the memory as Linux does')
def test_frames_come_again_when_memory_that_was_short_is_back():
    """H1: the thread that ran out can never have code of oneDNN again, and need not."""
    said = subprocess.check_output([sys.executable, str(PROGRAM)], text=True)
    assert said.splitlines() == ['35', 'out of memory', 'out of memory', '37 41 43']


def renew() -> None:
    """Let another thread work in the place of the calling one."""

    def fail() -> None:
        raise RuntimeError('could not create a primitive')

    with pytest.raises(OutOfMemory):
        run_on_device(fail)


def test_a_thread_works_itself_until_it_is_replaced():
    threads: list[threading.Thread] = []

    def work(answer: int) -> int:
        threads.append(threading.current_thread())
        return answer

    def work_on() -> threading.Thread:
        assert run_on_device(work, 1) == 1
        for answer in (2, 3):
            renew()
            assert run_on_device(work, answer) == answer
            assert run_on_device(work, answer) == answer
        return threading.current_thread()

    with ThreadPoolExecutor(1) as worker:
        own = worker.submit(work_on).result()
    assert threads[0] is own
    assert len({each.ident for each in threads}) >= 2
    assert threads[1] is threads[2] is not threads[3]


def test_what_fails_in_a_substitute_fails_for_its_caller():
    substitute = Substitute()
    substitute.renew()
    with pytest.raises(ZeroDivisionError):
        substitute.run(lambda: 1 / 0)


def test_what_found_no_thread_is_not_done_later(monkeypatch):
    """H1: it would publish a frame that was counted as dropped."""
    substitute, done = Substitute(), []
    substitute.renew()

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, 'start', refuse)
        with pytest.raises(RuntimeError, match='new thread'):
            substitute.run(done.append, 'stale')
    substitute.run(done.append, 'fresh')
    assert done == ['fresh']


def test_other_threads_keep_working_themselves():
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        one.submit(renew).result()
        threads = [
            [each.submit(run_on_device, threading.get_ident).result() for each in (one, other)],
            [each.submit(threading.get_ident).result() for each in (one, other)],
        ]
    assert threads[0][0] != threads[1][0]
    assert threads[0][1] == threads[1][1]
