# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Several recordings at once on a Ray cluster: the same work by actors with a network each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

from promptda_ros import __version__
from promptda_ros.bags.processing.unit import Outcome, Unit
from promptda_ros.bags.runs.ray_cluster import cluster, NoCluster, shares
from promptda_ros.bags.runs.ray_worker import size_of, UnusableWorker, Worker
from promptda_ros.bags.runs.work import Ending, MOST_TRIES, Outcomes, Task, Tell, Work, WorkEnded

START_SEC = 600.0  # in which a worker has to be placed and to load the network


class OnRay:
    """Works on units by actors; a unit whose actor is lost is tried again by another.

    Its progress is told by recording, not by pair.
    """

    def __init__(
        self,
        work: Work,
        tell: Tell,
        *,
        address: str,
        out: Path,
        workers: int | None = None,
        uses_gpus: bool = False,
    ) -> None:
        """Note the cluster and the folder of all results.

        `workers` None: as many as the cluster has GPUs, where they are used, else machines.

        Raises:
            NoCluster: the package is not installed.
        """
        if find_spec('ray') is None:
            raise NoCluster("--ray needs the package ray: run `pip install 'ray>=2.40'`")
        self._work = work
        self._tell = tell
        self._address = address
        self._out = out
        self._workers = workers
        self._uses_gpus = uses_gpus

    def run(self, units: Sequence[Unit]) -> Outcomes:
        """Yield outcomes; see Runner."""
        with cluster(self._address, self._workers or 1) as ray, _marked(self._out) as mark:
            count, resources = shares(ray, self._workers, uses_gpus=self._uses_gpus)
            make = ray.remote(Worker).options(**resources).remote
            crew = _Crew(ray, lambda: make(self._work), mark, units)
            for _ in range(min(count, len(units))):
                crew.hire()
            crew.wait_for_all()
            while crew.has_work:
                yield from crew.settle()


class _Crew:
    """The actors, what each works on, and what nobody works on yet."""

    def __init__(
        self,
        ray: Any,
        make: Callable[[], Any],
        mark: Path,
        units: Sequence[Unit],
    ) -> None:
        self._ray = ray
        self._make = make
        self._mark = mark
        self._sizes = {unit.absolute().source: size_of(unit.source) for unit in units}
        self._tasks = deque(map(Task, units))
        self._idle: list[Any] = []
        self._starting: dict[Any, Any] = {}  # actors by what they promise to answer
        self._working: dict[Any, tuple[Any, Task]] = {}
        self._lost = 0  # before they had loaded the network

    @property
    def has_work(self) -> bool:
        return bool(self._tasks or self._working)

    def hire(self) -> None:
        """Start an actor."""
        actor = self._make()
        self._starting[actor.start.remote(__version__, self._mark, self._sizes)] = actor

    def wait_for_all(self) -> None:
        """Wait until every actor has started: no work before all of them are of use."""
        while self._starting:
            for _ in self._wait(self._starting):
                raise AssertionError('no unit was given to anyone')

    def settle(self) -> Iterator[Outcome]:
        """Give units to idle actors, wait for an answer and yield what came of units."""
        while self._idle and self._tasks:
            actor, task = self._idle.pop(), self._tasks.popleft()
            self._working[actor.process.remote(task.unit.absolute())] = actor, task
        yield from self._wait({**self._starting, **self._working})

    def _wait(self, promises: Mapping[Any, Any]) -> Iterator[Outcome]:
        ready, _ = self._ray.wait([*promises], timeout=None if self._working else START_SEC)
        if not ready:
            raise NoCluster(
                f'{len(self._starting)} workers did not start within {START_SEC:.0f} s: `ray '
                'status` says what the cluster waits for; ask for fewer with --jobs'
            )
        for promise in ready:
            try:
                answer = self._ray.get(promise)
            except self._ray.exceptions.RayActorError as error:
                yield from self._after_loss(promise, str(error).strip().splitlines()[-1])
                continue
            if isinstance(answer, Ending):
                raise WorkEnded(answer)
            if promise in self._starting:
                self._idle.append(self._starting.pop(promise))
            else:
                actor, task = self._working.pop(promise)
                self._idle.append(actor)
                yield task.settled(answer)

    def _after_loss(self, promise: Any, why: str) -> Iterator[Outcome]:
        if self._starting.pop(promise, None) is not None:
            self._lost += 1
            if self._lost == MOST_TRIES:
                raise UnusableWorker(
                    f'{MOST_TRIES} workers were lost before they had loaded the network '
                    f'({why.strip()}); if memory ran out, run fewer at once with --jobs'
                )
        else:
            _, task = self._working.pop(promise)
            after = task.after_loss('was lost')
            if isinstance(after, Outcome):
                yield after
            else:
                self._tasks.appendleft(after)
        if self._tasks:
            self.hire()


@contextmanager
def _marked(folder: Path) -> Iterator[Path]:
    """Leave a file in a folder that others are to see."""
    mark = folder.resolve() / f'.cluster-{uuid4().hex}'
    folder.mkdir(parents=True, exist_ok=True)
    mark.touch()
    try:
        yield mark
    finally:
        mark.unlink()
