# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ends a process in which Python stands still, as where a library waits for ever with the GIL.

Nothing written in Python can: neither timers nor signal handlers run any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import faulthandler
import threading

LIMIT_SEC = 120.0  # far above what a library keeps Python from running on a busy machine
BEATS = 8  # within the limit


@contextmanager
def ended_by_standstill(limit_sec: float | None = None) -> Iterator[None]:
    """End the process with 1 and the stacks of its threads where no Python runs for so long.

    Default is `LIMIT_SEC`. A process that is stopped as a whole for longer ends when it goes on.
    """
    most_sec = LIMIT_SEC if limit_sec is None else limit_sec
    over = threading.Event()

    def beat() -> None:
        while not over.is_set():
            with suppress(RuntimeError):  # short of memory; the next may succeed
                faulthandler.dump_traceback_later(most_sec, exit=True)
            over.wait(most_sec / BEATS)

    thread = threading.Thread(target=beat, name='standstill', daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        faulthandler.cancel_dump_traceback_later()
