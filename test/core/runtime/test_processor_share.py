# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What Linux says of the processor time that a process asked for and got."""

from __future__ import annotations

import multiprocessing
import os
import time

import pytest

from promptda_ros.core.runtime.processor_share import ProcessorShare, TASKS

on_linux = pytest.mark.skipif(not TASKS.exists(), reason='no /proc')


def spin(processor: int) -> None:
    os.sched_setaffinity(0, {processor})
    while True:
        pass


def ask_for(seconds: float) -> None:
    """Take processor time."""
    end_sec = time.thread_time() + seconds
    while time.thread_time() < end_sec:
        pass


@pytest.fixture
def crowded():
    """Share one core with three processes that always want it."""
    before = os.sched_getaffinity(0)
    processor = min(before)
    context = multiprocessing.get_context('spawn')
    hogs = [context.Process(target=spin, args=(processor,), daemon=True) for _ in range(3)]
    for hog in hogs:
        hog.start()
    os.sched_setaffinity(0, {processor})
    yield
    os.sched_setaffinity(0, before)
    for hog in hogs:
        hog.kill()
        hog.join()


@on_linux
def test_a_process_among_others_gets_a_part(crowded):
    """H3."""
    share = ProcessorShare()
    deadline_sec = time.monotonic() + 60.0
    while True:  # until the others have begun
        ask_for(0.02)
        found = share.since_last()
        if found < 0.6:
            break
        assert time.monotonic() < deadline_sec, found
    assert found > 0


@on_linux
def test_a_process_that_waits_for_something_else_asks_for_nothing():
    """H3: a device that never answers counts in full, on a busy machine too."""
    share = ProcessorShare()
    share.since_last()
    time.sleep(0.05)
    assert 0 < share.since_last() <= 1.0


def test_a_system_without_accounts_gives_everything(tmp_path):
    assert ProcessorShare(tmp_path / 'none').since_last() == 1.0


@on_linux
def test_accounts_that_can_not_be_opened_give_everything():
    """H3: as many files are open as the process may have, which is nothing to end for."""
    resource = pytest.importorskip('resource')
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    share = ProcessorShare()
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        found = share.since_last()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert found == 1.0


def test_threads_that_end_take_nothing_from_the_share(tmp_path):
    def note(thread: int, ran: int, waited: int) -> None:
        (tmp_path / str(thread)).mkdir(exist_ok=True)
        (tmp_path / str(thread) / 'schedstat').write_text(f'{ran} {waited} 7\n')

    note(1, 100, 100)
    note(2, 900, 900)
    share = ProcessorShare(tmp_path)
    note(1, 200, 400)
    assert share.since_last() == 0.25
    (tmp_path / '2' / 'schedstat').write_text('')
    assert share.since_last() == 1.0
