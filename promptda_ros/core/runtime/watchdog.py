# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How long the batch in work has taken, for a timer that looks now and then."""

from __future__ import annotations

from collections.abc import Callable

from promptda_ros.core.runtime.processor_share import ProcessorShare

# Longer gaps between looks are those of a process that was stopped as a whole, by a debugger or
# with its virtual machine: the network is not to blame.
LONGEST_GAP_SEC = 1.0


class Watchdog:
    """Adds up the time between looks at one batch.

    Time for which the process waits for a processor, because others have it, is no time of the
    batch: a machine that is too busy is made no faster by a restart.
    """

    def __init__(self, processor_share: Callable[[], float] | None = None) -> None:
        self._processor_share = processor_share or ProcessorShare().since_last
        self._batch_ns: int | None = None
        self._seen_ns = 0
        self._busy_sec = 0.0

    def measure(self, busy_since_ns: int | None, now_ns: int) -> float:
        """Return how many seconds the batch in work, which began at a time, has taken."""
        if busy_since_ns is None:
            self._batch_ns = None
            return 0.0
        share = self._processor_share()
        if busy_since_ns != self._batch_ns:
            self._batch_ns = self._seen_ns = busy_since_ns
            self._busy_sec = 0.0
        self._busy_sec += min((now_ns - self._seen_ns) / 1e9, LONGEST_GAP_SEC) * share
        self._seen_ns = now_ns
        return self._busy_sec
