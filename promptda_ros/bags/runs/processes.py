# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Several recordings at once on one machine: processes with a network each."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import wait
import os
import signal

from promptda_ros.bags.processing.unit import Outcome, Unit
from promptda_ros.bags.runs.work import (
    Ending,
    MOST_TRIES,
    Outcomes,
    Task,
    Tell,
    Work,
    WorkEnded,
)
from promptda_ros.bags.runs.worker import serve
from promptda_ros.core.errors import ExitCode

END_SEC = 5.0
CHOICE_OF_GPUS = 'CUDA_VISIBLE_DEVICES'
SPAWN = get_context('spawn')  # torch and its device survive no fork


def places(jobs: int, gpus: Sequence[int]) -> list[dict[str, str]]:
    """Return the environment of each of some workers: its share of the CPUs, and its GPU."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
    share = str(max(1, (cpus or 1) // jobs))
    visible = [name for name in os.environ.get(CHOICE_OF_GPUS, '').split(',') if name]
    names = [visible[gpu] if gpu < len(visible) else str(gpu) for gpu in gpus]
    threads = {} if 'OMP_NUM_THREADS' in os.environ else {'OMP_NUM_THREADS': share}
    gpu_of = [{CHOICE_OF_GPUS: name} for name in names] or [{}]
    return [{**threads, **gpu_of[number % len(gpu_of)]} for number in range(jobs)]


class Processes:
    """Works on units in processes; a unit whose process dies is tried again."""

    def __init__(self, work: Work, tell: Tell, places: Sequence[Mapping[str, str]]) -> None:
        self._work = work
        self._tell = tell
        self._places = places

    def run(self, units: Sequence[Unit]) -> Outcomes:
        """Yield outcomes; see Runner."""
        crew = _Crew(self._work, self._places, units)
        try:
            while crew.has_work:
                for worker in crew.heard():
                    said = worker.hear()
                    if isinstance(said, Outcome):
                        yield said
                    elif said is not None:
                        self._tell(*said)
                    if worker.is_lost and (outcome := crew.replace(worker)):
                        yield outcome
                crew.deal()
        finally:
            crew.end()


class _Crew:
    """The workers, and what nobody works on yet."""

    def __init__(
        self, work: Work, places: Sequence[Mapping[str, str]], units: Sequence[Unit]
    ) -> None:
        self._work = work
        self._tasks = deque(map(Task, units))
        self._lost = 0  # before they had loaded the network
        self._workers: list[_Worker] = []
        for place in places[: len(units)]:
            self._workers.append(_Worker(work, place))

    @property
    def has_work(self) -> bool:
        return bool(self._tasks) or any(worker.task for worker in self._workers)

    def heard(self) -> list[_Worker]:
        """Wait until workers say something or die, and return these."""
        ready = wait([worker.connection for worker in self._workers])
        return [worker for worker in self._workers if worker.connection in ready]

    def deal(self) -> None:
        """Give units to those that have none."""
        for worker in self._workers:
            if worker.is_ready and self._tasks:
                worker.begin(self._tasks.popleft())

    def replace(self, worker: _Worker) -> Outcome | None:
        """Start another worker for one that was lost; return the end of a unit tried too often.

        Raises:
            WorkEnded: no worker is left, nor could one be.
        """
        how = worker.end()
        self._workers.remove(worker)
        outcome = None
        if worker.task is None:
            self._lost += 1
        elif isinstance(after := worker.task.after_loss(how), Outcome):
            outcome = after
        else:
            self._tasks.appendleft(after)
        if self._tasks and self._lost < MOST_TRIES:
            self._workers.append(_Worker(self._work, worker.place))
        if self._tasks and not self._workers:
            raise WorkEnded(Ending(_no_worker(how), ExitCode.MODEL_OR_DEVICE))
        return outcome

    def end(self) -> None:
        """End all workers, whatever they do."""
        for worker in self._workers:
            worker.stop()
        for worker in self._workers:
            worker.end()


def _no_worker(how: str) -> str:
    return (
        f'{MOST_TRIES} workers were lost before they had loaded the network, the last {how}; if '
        'memory ran out, run fewer at once with --jobs'
    )


class _Worker:
    """A process and what it works on."""

    def __init__(self, work: Work, place: Mapping[str, str]) -> None:
        self.place = place
        self.task: Task | None = None
        self.is_ready = self.is_lost = False
        self.connection, theirs = SPAWN.Pipe()
        self._process = SPAWN.Process(target=serve, args=(theirs, work, place), daemon=True)
        with _without_ctrl_c():
            self._process.start()
        theirs.close()  # or its end would not be heard

    def begin(self, task: Task) -> None:
        """Send it a unit."""
        self.task, self.is_ready = task, False
        with suppress(OSError):  # it is lost, which will be heard
            self.connection.send(task.unit)

    def hear(self) -> Outcome | tuple[Unit, int, int] | None:
        """Return what it says of its unit, None where it says something else or nothing more.

        Raises:
            WorkEnded: it can't go on, and nor could another one.
        """
        try:
            said = self.connection.recv()
        except (EOFError, OSError):  # killed, perhaps in the middle of a sentence
            self.is_lost = True
            return None
        if isinstance(said, Ending):
            raise WorkEnded(said)
        task = self.task
        if task is None or isinstance(said, Outcome):
            self.task, self.is_ready = None, True
        if task is None:
            return None
        return task.settled(said) if isinstance(said, Outcome) else (task.unit, *said)

    def stop(self) -> None:
        """Let it go: nothing that it works on is of use any more."""
        self.connection.close()
        if self.task is not None or not self.is_ready:
            self._process.terminate()

    def end(self) -> str:
        """Wait for its end, hasten it, and say how it was."""
        self._process.join(END_SEC)
        if self._process.is_alive():
            self._process.kill()  # it hangs in a driver
            self._process.join()
        code = self._process.exitcode or 0
        return f'was ended by {signal.Signals(-code).name}' if code < 0 else f'ended with {code}'


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Keep Ctrl-C, which a terminal sends to all, from processes that are started meanwhile."""
    # Starting multiprocessing's tracker, as the first process else does, unblocks SIGINT.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
