# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How much of the processor this process gets of what it asks for, by Linux's own accounts."""

from __future__ import annotations

from pathlib import Path

TASKS = Path('/proc/self/task')


class ProcessorShare:
    """Looks at the threads of a process now and then."""

    def __init__(self, tasks: Path = TASKS) -> None:
        self._tasks = tasks
        self._ran_ns, self._waited_ns = self._sums()

    def since_last(self) -> float:
        """Return the share (0 to 1) that was got since the last call.

        It is 1 where nothing was asked for, and where such accounts are not kept or can't be read.
        """
        before_ns = self._ran_ns, self._waited_ns
        self._ran_ns, self._waited_ns = self._sums()
        ran_ns, waited_ns = self._ran_ns - before_ns[0], self._waited_ns - before_ns[1]
        # Threads that have ended take their sums with them.
        if ran_ns < 0 or waited_ns <= 0:
            return 1.0
        return ran_ns / (ran_ns + waited_ns)

    def _sums(self) -> tuple[int, int]:
        """Return for how long threads ran, and for how long they waited for a processor."""
        ran_ns = waited_ns = 0
        try:
            threads = [*self._tasks.glob('*/schedstat')]
        except OSError:  # as many files are open as may be
            return 0, 0
        for path in threads:
            try:
                ran, waited, _ = path.read_text().split()
            except (OSError, ValueError):  # the thread has just ended
                continue
            ran_ns += int(ran)
            waited_ns += int(waited)
        return ran_ns, waited_ns
