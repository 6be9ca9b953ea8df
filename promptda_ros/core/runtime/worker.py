# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One thread that works on the newest items; one bad item ends nothing."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
import threading
import time
from typing import Generic, TypeVar

from promptda_ros.core.runtime.guard import Guard

S = TypeVar('S', bound=Hashable)
T = TypeVar('T')


class Worker(Generic[S, T]):
    """Runs `process` on one thread; of the waiting items of a slot only the newest is kept.

    Every slot is one stream. Whatever waits is taken at once, as a batch, so that no slot waits
    longer than for the batch in work, however often the others offer.

    Args:
        process: the work on a batch of at most one item a slot, in the order in which the slots
            began to wait; never runs twice at a time.
        on_error: told of every exception of `process`, on the worker's thread.
        on_fatal: told once, on the worker's thread, when the worker gives up: after ten
            failures in a row (GaveUp), or when something other than `process` raised.
    """

    def __init__(
        self,
        process: Callable[[Mapping[S, T]], None],
        *,
        on_error: Callable[[Exception], None],
        on_fatal: Callable[[BaseException], None],
        name: str = 'worker',
    ) -> None:
        self._process = process
        self._guard = Guard(on_error)
        self._on_fatal = on_fatal
        # A hung item must not keep the process alive after the limit of stop().
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._changed = threading.Condition()
        self._mailbox: dict[S, T] = {}  # in the order in which the slots began to wait
        self._stopping = False
        self._busy_since_ns: int | None = None

    def start(self) -> None:
        """Start the thread, once in the worker's life."""
        self._thread.start()

    def offer(self, slot: S, item: T) -> bool:
        """Replace the waiting item of a slot; never waits, never raises.

        Returns whether there was one, which is lost.
        """
        with self._changed:
            if self._stopping:
                return False
            is_overrun = slot in self._mailbox
            self._mailbox[slot] = item  # a slot that waits already keeps its place
            self._changed.notify()
            return is_overrun

    def stop(self, timeout_sec: float) -> bool:
        """Let the batch in work finish, take no other; return whether the thread ended in time."""
        self._close()
        if not self._thread.is_alive():
            return True
        if self._thread is threading.current_thread():
            return False  # it ends when the callback that called returns
        self._thread.join(timeout_sec)
        return not self._thread.is_alive()

    @property
    def busy_since_ns(self) -> int | None:
        """Steady time (time.monotonic_ns) at which the batch in work was taken; None when idle."""
        return self._busy_since_ns

    def _run(self) -> None:
        try:
            while self._work_on_next():
                pass
        except BaseException as error:
            # Left to threading it would be a line on stderr, or nothing at all for SystemExit,
            # while the node stays up without output.
            self._on_fatal(error)
        finally:
            self._close()

    def _work_on_next(self) -> bool:
        """Wait for items and process them; return False when there will be none.

        The batch is a local of this call, so that no image stays in memory during the next wait.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._mailbox or self._stopping)
            if self._stopping:
                return False
            batch, self._mailbox = self._mailbox, {}
            self._busy_since_ns = time.monotonic_ns()
        try:
            self._guard.run(self._process, batch)
        finally:
            self._busy_since_ns = None
        return True

    def _close(self) -> None:
        with self._changed:
            self._stopping = True
            self._mailbox = {}
            self._changed.notify()
