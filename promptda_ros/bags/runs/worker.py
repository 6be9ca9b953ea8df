# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A process that works on the units that its parent sends it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
import os
import threading
import time
from typing import Any, TypeAlias

from promptda_ros.bags.processing.unit import Outcome, Unit
from promptda_ros.bags.runs.work import attempt, Ending, Work
from promptda_ros.process import let_threads_sleep

TELL_SEC = 0.2  # at most so often
READY = 'ready'
# What a worker says: that it has loaded the network, how far it is, what came of a unit.
Said: TypeAlias = str | tuple[int, int] | Outcome | Ending


def serve(connection: Connection, work: Work, environment: Mapping[str, str]) -> None:
    """Load the network, then work on each unit that comes, until the connection is closed."""
    os.environ.update(environment)  # before torch is imported
    let_threads_sleep()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    answer = attempt(_serve, connection, work)
    if isinstance(answer, Ending):
        with suppress(OSError):  # nobody listens any more
            connection.send(answer)


def _serve(connection: Connection, work: Work) -> None:
    model = work.load()
    connection.send(READY)
    while (unit := _next(connection)) is not None:
        connection.send(work.process(unit, model, _Teller(connection)))


def _next(connection: Connection) -> Unit | None:
    try:
        unit: Unit = connection.recv()
    except EOFError:
        return None
    return unit


class _Teller:
    """Sends progress now and then."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._told_sec = -TELL_SEC

    def __call__(self, done: int, of: int) -> None:
        """Send how many pairs are done."""
        if done == of or time.monotonic() - self._told_sec >= TELL_SEC:
            self._told_sec = time.monotonic()
            self._connection.send((done, of))


def _end_with_parent() -> Any:
    """End at once where the parent was killed: nobody would hear of the work."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
