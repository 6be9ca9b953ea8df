# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How much of the processor computing threads get of what they ask for, by Linux's accounts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import threading
import time

TASKS = Path('/proc/self/task')
# Threads that compute ask all the time, one of them or one after the other, as where a library has
# threads of its own. Those that take messages ask now and then, also while the others hang.
COMPUTES = 0.8


class ProcessorShare:
    """Looks at the other threads of this process now and then."""

    def __init__(
        self, tasks: Path = TASKS, *, now_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._tasks = tasks
        self._now_ns = now_ns
        self._seen_ns, self._sums_ns = now_ns(), self._read()

    def since_last(self) -> float:
        """Return the share (0 to 1) that computing threads got since the last call.

        It is 1 where none computes, and where the system keeps no such accounts.
        """
        seen_ns, sums_ns = self._seen_ns, self._sums_ns
        self._seen_ns, self._sums_ns = self._now_ns(), self._read()
        asked: list[tuple[int, int]] = []  # by every thread: for how long it ran and asked
        for thread, (ran, waited) in self._sums_ns.items():
            ran_before, waited_before = sums_ns.get(thread, (ran, waited))
            asked.append((ran - ran_before, ran - ran_before + waited - waited_before))
        least_ns = COMPUTES * (self._seen_ns - seen_ns)
        computing = [each for each in asked if each[1] >= least_ns]
        if not computing and sum(each[1] for each in asked) >= least_ns:
            computing = asked  # one thread after the other
        ran_ns, asked_ns = (sum(each[part] for each in computing) for part in (0, 1))
        return ran_ns / asked_ns if asked_ns > 0 else 1.0

    def _read(self) -> dict[str, tuple[int, int]]:
        """Return for how long every other thread ran, and waited for a processor."""
        sums_ns: dict[str, tuple[int, int]] = {}
        try:
            threads = [*self._tasks.glob('*/schedstat')]
        except OSError:  # as many files are open as may be
            return sums_ns
        for path in threads:
            if path.parent.name == str(threading.get_native_id()):
                continue
            try:
                ran, waited, _ = path.read_text().split()
            except (OSError, ValueError):  # the thread has just ended
                continue
            sums_ns[path.parent.name] = int(ran), int(waited)
        return sums_ns
