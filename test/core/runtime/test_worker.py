# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The worker takes each slot's newest item, counts the others and survives bad ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
import gc
import queue
import threading
import time
from typing import Any
import weakref

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from promptda_ros.core.runtime.guard import FAILURES_IN_A_ROW
from promptda_ros.core.runtime.worker import Worker

LIMIT_SEC = 20.0  # far above what anything here takes
SLOT = 'camera'


class Stage:
    """Work that begins and ends when the test says so."""

    def __init__(self) -> None:
        self.begun: queue.Queue[Any] = queue.Queue()
        self._ends = threading.Semaphore(0)
        self.done: list[Any] = []

    def __call__(self, item: Any) -> None:
        self.begun.put(item)
        assert self._ends.acquire(timeout=LIMIT_SEC)
        if isinstance(item, BaseException):
            raise item
        self.done.append(item)

    def wait_begun(self) -> Any:
        return self.begun.get(timeout=LIMIT_SEC)

    def end(self, times: int = 1) -> None:
        self._ends.release(times)


class CountedWorker(Worker[Any, Any]):
    """Counts what becomes of its items, by what it says to those who offer and process them.

    offered == taken + waiting + overrun, and taken == processed + failed between two batches.
    """

    def __init__(self, process: Callable[[Mapping[Any, Any]], None], **callbacks: Any) -> None:
        super().__init__(self._counted, **callbacks)
        self._work = process
        self._lock = threading.Lock()
        self.offered = self.overrun = self.taken = self.processed = self.failed = 0

    def offer(self, slot: Any, item: Any) -> bool:
        is_overrun = super().offer(slot, item)
        with self._lock:
            self.offered += 1
            self.overrun += is_overrun
        return is_overrun

    @property
    def waiting(self) -> int:
        """Items that may still be taken; of a worker that has stopped, those it discarded."""
        with self._lock:
            return self.offered - self.overrun - self.taken

    def _counted(self, batch: Mapping[Any, Any]) -> None:
        with self._lock:
            self.taken += len(batch)
        try:
            self._work(batch)
        except BaseException:
            self.failed += len(batch)
            raise
        self.processed += len(batch)


class Outcome:
    """What the worker reports."""

    def __init__(self) -> None:
        self.errors: queue.Queue[Exception] = queue.Queue()
        self.fatal: queue.Queue[BaseException] = queue.Queue()

    def wait_error(self) -> Exception:
        return self.errors.get(timeout=LIMIT_SEC)

    def wait_fatal(self) -> BaseException:
        return self.fatal.get(timeout=LIMIT_SEC)


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def outcome() -> Outcome:
    return Outcome()


@pytest.fixture
def start(stage: Stage, outcome: Outcome) -> Iterator[Callable[..., CountedWorker]]:
    workers = []

    def _start(process: Callable[[Any], None] = stage, **callbacks: Any) -> CountedWorker:
        given = {'on_error': outcome.errors.put, 'on_fatal': outcome.fatal.put, **callbacks}

        def process_only(batch: Mapping[Any, Any]) -> None:
            (item,) = batch.values()
            process(item)

        worker = CountedWorker(process_only, **given)
        workers.append(worker)
        worker.start()
        return worker

    yield _start
    stage.end(times=1000)
    for worker in workers:
        assert worker.stop(LIMIT_SEC)
        assert worker.offered >= worker.taken + worker.overrun
        assert worker.taken == worker.processed + worker.failed


def test_the_newest_item_is_taken_and_the_others_are_counted(start, stage):
    worker = start()
    worker.offer(SLOT, 0)
    assert stage.wait_begun() == 0
    for item in (1, 2, 3, 4, 5):
        worker.offer(SLOT, item)
    stage.end()
    assert stage.wait_begun() == 5
    assert worker.overrun == 4
    stage.end()


def test_slow_work_adds_at_most_one_period_and_builds_no_backlog(start, stage):
    """F18: input five times faster than the work, in a time that the test advances."""
    period, duration = 1.0, 5.0
    worker = start()
    offered_at = next_offer = now = 0.0
    latencies = []
    worker.offer(SLOT, offered_at)
    for _ in range(200):
        item = stage.wait_begun()
        now = max(now, item) + duration
        while next_offer + period <= now:
            next_offer += period
            worker.offer(SLOT, next_offer)
        assert worker.waiting == 1
        latencies.append(now - item)
        stage.end()
    assert max(latencies) <= period + duration
    assert worker.overrun == pytest.approx(0.8 * worker.offered, rel=0.02)


def test_offer_returns_at_once_while_an_item_hangs(start, stage):
    worker = start()
    worker.offer(SLOT, 'hangs')
    stage.wait_begun()
    for item in range(10_000):
        worker.offer(SLOT, item)
    assert worker.overrun == 9_999


def test_offers_from_many_threads_are_all_accounted_for(start):
    seen = []
    worker = start(seen.append)

    def flood(thread: int) -> None:
        for number in range(1000):
            worker.offer(SLOT, (thread, number))

    threads = [threading.Thread(target=flood, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_SEC)
    assert worker.stop(LIMIT_SEC)
    assert worker.offered == 8000
    assert worker.processed == len(seen)
    assert worker.taken + worker.overrun + worker.waiting == 8000
    assert worker.waiting in (0, 1)  # what was in the mailbox when the worker stopped
    for thread in range(8):  # what one thread offered is never worked on in another order
        numbers = [number for origin, number in seen if origin == thread]
        assert numbers == sorted(numbers)


def test_all_work_happens_on_one_thread_that_is_not_the_callers(start):
    """CUDA wants it so."""
    threads = queue.Queue()
    worker = start(lambda item: threads.put(threading.get_ident()))
    idents = set()
    for item in range(100):
        worker.offer(SLOT, item)
        idents.add(threads.get(timeout=LIMIT_SEC))
    assert len(idents) == 1
    assert threading.get_ident() not in idents


def test_one_bad_item_does_not_end_the_stream(start, stage, outcome):
    """F19, I3: the error is told once, the next item is worked on."""
    worker = start()
    stage.end(times=2)
    error = ValueError('bad item')
    worker.offer(SLOT, error)
    assert outcome.wait_error() is error
    worker.offer(SLOT, 'good')
    assert stage.wait_begun() is error
    assert stage.wait_begun() == 'good'
    assert worker.stop(LIMIT_SEC)
    assert stage.done == ['good']
    assert outcome.errors.empty()
    assert worker.failed == 1


def test_ten_failures_in_a_row_are_fatal_once(start, stage, outcome):
    """I3: whatever fails ten times in a row will not fix itself."""
    worker = start()
    stage.end(times=100)
    errors = [RuntimeError(str(number)) for number in range(FAILURES_IN_A_ROW)]
    for error in errors:
        worker.offer(SLOT, error)
        assert outcome.wait_error() is error
    assert FAILURES_IN_A_ROW == 10
    assert outcome.wait_fatal().__cause__ is errors[-1]
    assert worker.stop(LIMIT_SEC)
    worker.offer(SLOT, 'too late')
    assert outcome.fatal.empty()
    assert worker.failed == 10
    assert worker.waiting == 1


def test_a_success_ends_the_run_of_failures(start, stage, outcome):
    worker = start()
    stage.end(times=100)
    for _ in range(3):
        for _ in range(FAILURES_IN_A_ROW - 1):
            worker.offer(SLOT, RuntimeError('again'))
            outcome.wait_error()
            stage.wait_begun()
        worker.offer(SLOT, 'good')
        assert stage.wait_begun() == 'good'  # before anything can replace it
    assert outcome.fatal.empty()
    assert worker.failed == 3 * (FAILURES_IN_A_ROW - 1)


@pytest.mark.parametrize('escape', [SystemExit(3), KeyboardInterrupt()])
def test_what_is_no_exception_ends_the_worker_but_is_never_silent(start, stage, outcome, escape):
    """I4: threading alone would swallow a SystemExit."""
    worker = start()
    stage.end()
    worker.offer(SLOT, escape)
    assert outcome.wait_fatal() is escape
    assert worker.stop(LIMIT_SEC)
    assert outcome.errors.empty()


def test_an_error_in_on_error_is_fatal(start, stage, outcome):
    """I4: a logger that fails must not hide that the worker is gone."""
    broken = OSError('no space left on device')

    def on_error(error: Exception) -> None:
        raise broken

    worker = start(on_error=on_error)
    stage.end()
    worker.offer(SLOT, ValueError('bad item'))
    assert outcome.wait_fatal() is broken
    assert worker.stop(LIMIT_SEC)


def test_stop_lets_the_item_in_work_finish_and_takes_no_other(start, stage):
    worker = start()
    worker.offer(SLOT, 'in work')
    stage.wait_begun()
    worker.offer(SLOT, 'waiting')
    stopped = queue.Queue()
    stopper = threading.Thread(target=lambda: stopped.put(worker.stop(LIMIT_SEC)))
    stopper.start()
    stage.end()
    assert stopped.get(timeout=LIMIT_SEC) is True
    stopper.join(LIMIT_SEC)
    assert stage.done == ['in work']
    assert worker.waiting == 1


def test_stop_gives_up_at_its_limit(start, stage):
    """I1, H3: an item that hangs must not keep the node from exiting."""
    worker = start()
    worker.offer(SLOT, 'hangs')
    stage.wait_begun()
    assert worker.stop(0.01) is False
    stage.end()
    assert worker.stop(LIMIT_SEC) is True


def test_stop_is_harmless_before_start_twice_and_while_idle(stage, outcome, start):
    never_started = Worker(stage, on_error=outcome.errors.put, on_fatal=outcome.fatal.put)
    assert never_started.stop(LIMIT_SEC)
    idle = start()
    assert idle.stop(LIMIT_SEC)
    assert idle.stop(LIMIT_SEC)


def test_the_worker_may_be_stopped_by_its_own_work(start):
    stopped = queue.Queue()
    worker = start(lambda item: stopped.put(worker.stop(LIMIT_SEC)))
    worker.offer(SLOT, 'last')
    assert stopped.get(timeout=LIMIT_SEC) is False
    assert worker.stop(LIMIT_SEC)


def test_busy_since_tells_a_watchdog_when_the_item_in_work_was_taken(start, stage):
    worker = start()
    assert worker.busy_since_ns is None
    before_ns = time.monotonic_ns()
    worker.offer(SLOT, 'item')
    stage.wait_begun()
    assert before_ns <= worker.busy_since_ns <= time.monotonic_ns()
    stage.end()
    assert worker.stop(LIMIT_SEC)
    assert worker.busy_since_ns is None


def test_no_item_stays_in_memory_while_the_worker_waits(start):
    class Image:
        pass

    released = threading.Event()
    worker = start(lambda item: None)
    image = Image()
    weakref.finalize(image, released.set)
    worker.offer(SLOT, image)
    del image
    gc.collect()
    assert released.wait(LIMIT_SEC)


# Several slots


class Batches:
    """Work on batches that begins and ends when the test says so."""

    def __init__(self) -> None:
        self.begun: queue.Queue[dict[str, int]] = queue.Queue()
        self._ends = threading.Semaphore(0)

    def __call__(self, batch: Mapping[str, int]) -> None:
        self.begun.put(dict(batch))
        assert self._ends.acquire(timeout=LIMIT_SEC)

    def take(self) -> dict[str, int]:
        """Let the batch in work end and return the next one."""
        self._ends.release()
        return self.begun.get(timeout=LIMIT_SEC)

    def end(self) -> None:
        """Let everything end."""
        self._ends.release(1000)


@contextmanager
def working(batches: Batches) -> Iterator[CountedWorker]:
    """Start a worker that is busy with one item of a slot of its own."""
    worker = CountedWorker(batches, on_error=pytest.fail, on_fatal=pytest.fail)
    worker.start()
    worker.offer('busy', 0)
    assert batches.begun.get(timeout=LIMIT_SEC) == {'busy': 0}
    yield worker
    batches.end()
    assert worker.stop(LIMIT_SEC)


def test_what_waits_in_several_slots_is_one_batch_of_the_newest_of_each():
    batches = Batches()
    with working(batches) as worker:
        assert not worker.offer('left', 1)
        assert not worker.offer('right', 2)
        assert worker.offer('left', 3)  # in place of 1
        assert worker.waiting == 2
        assert batches.take() == {'left': 3, 'right': 2}
        assert worker.overrun == 1
        assert worker.waiting == 0


def test_a_slot_that_offers_alone_waits_for_no_other():
    batches = Batches()
    with working(batches) as worker:
        for item in range(5):
            worker.offer('left', item)
            assert batches.take() == {'left': item}


@given(
    st.lists(
        st.one_of(st.sampled_from(['left', 'right', 'wrist']), st.just('take')),
        max_size=40,
    )
)
@settings(max_examples=60)
def test_no_slot_starves_and_no_other_slot_pushes_its_item_out(steps: list[str]):
    """Whatever is offered in which order: the next batch is all that waits, first come first."""
    batches, waiting = Batches(), {}
    with working(batches) as worker:
        for number, step in enumerate(steps):
            if step != 'take':
                assert worker.offer(step, number) is (step in waiting)
                waiting[step] = number  # the place of a slot that waits already is kept
            elif waiting:
                assert [*batches.take().items()] == [*waiting.items()]
                waiting = {}
        assert worker.waiting == len(waiting)
    assert worker.waiting in (0, len(waiting))  # taken before it stopped, or discarded


def test_a_batch_that_fails_counts_as_many_items_as_it_has():
    entered, release = threading.Event(), threading.Event()
    errors: queue.Queue[Exception] = queue.Queue()

    def process(batch: Mapping[str, int]) -> None:
        entered.set()
        assert release.wait(LIMIT_SEC)
        if len(batch) > 1:
            raise ValueError('no memory for two')

    worker = CountedWorker(process, on_error=errors.put, on_fatal=pytest.fail)
    worker.start()
    worker.offer('left', 0)
    assert entered.wait(LIMIT_SEC)
    worker.offer('left', 1)
    worker.offer('right', 1)
    release.set()
    assert str(errors.get(timeout=LIMIT_SEC)) == 'no memory for two'
    assert worker.stop(LIMIT_SEC)
    assert (worker.processed, worker.failed) == (1, 2)
