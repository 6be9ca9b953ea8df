# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What Linux says of the processor time that a process asked for and got."""

from __future__ import annotations

from itertools import count
import multiprocessing
import os
import threading
import time

import pytest

from promptda_ros.core.runtime.processor_share import ProcessorShare, TASKS

on_linux = pytest.mark.skipif(not TASKS.exists(), reason='no /proc')


def spin(processor: int) -> None:
    os.sched_setaffinity(0, {processor})
    while True:
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


@pytest.fixture
def computing(crowded):
    """Compute in a thread until the test ends."""
    stop = threading.Event()

    def compute() -> None:
        while not stop.is_set():
            pass

    thread = threading.Thread(target=compute)
    thread.start()
    yield
    stop.set()
    thread.join()


@on_linux
def test_a_thread_that_computes_among_other_processes_gets_a_part(computing):
    """H3."""
    share = ProcessorShare()
    deadline_sec = time.monotonic() + 60.0
    while True:  # until the others have begun
        time.sleep(0.1)
        found = share.since_last()
        if found < 0.7:
            break
        assert time.monotonic() < deadline_sec, found
    assert found > 0


@on_linux
def test_threads_that_wait_for_something_else_ask_for_nothing(crowded):
    """H3: a device that never answers counts in full, on a busy machine too."""
    stop = threading.Event()
    threads = [threading.Thread(target=take_messages, args=(stop,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    share = ProcessorShare()
    time.sleep(0.5)
    assert share.since_last() == 1.0
    stop.set()
    for thread in threads:
        thread.join()


def take_messages(stop: threading.Event) -> None:
    """Ask for a processor twice in a second, and hardly use it."""
    while not stop.wait(0.5):
        pass


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


@pytest.fixture
def note(tmp_path):
    """Return what writes the accounts of a thread: how long it ran and waited."""

    def write(thread: int, ran: int, waited: int) -> None:
        (tmp_path / str(thread)).mkdir(exist_ok=True)
        (tmp_path / str(thread) / 'schedstat').write_text(f'{ran} {waited} 7\n')

    return write


@pytest.fixture
def share(tmp_path, note):
    """Return the share of two threads, 400 ns after they ran and waited 100 and 900 ns each."""
    note(1, 100, 100)
    note(2, 900, 900)
    return ProcessorShare(tmp_path, now_ns=count(1000, 400).__next__)


def test_only_threads_that_ask_all_the_time_compute(share, note):
    """H3: those that take messages wait long for little, and tell nothing of the network."""
    note(1, 200, 400)
    note(2, 901, 1000)
    assert share.since_last() == 0.25
    note(2, 902, 1100)
    assert share.since_last() == 1.0


def test_threads_that_compute_one_after_the_other_ask_all_the_time_together(share, note):
    """H3: that of the worker, and those of the library for which it waits."""
    note(1, 120, 260)
    note(2, 930, 1070)
    assert share.since_last() == 50 / 380
    note(1, 130, 280)
    note(2, 940, 1090)
    assert share.since_last() == 1.0


def test_threads_that_begin_or_end_change_nothing(tmp_path, share, note):
    note(1, 300, 300)
    (tmp_path / '2' / 'schedstat').write_text('')
    note(3, 700, 10)
    assert share.since_last() == 0.5
