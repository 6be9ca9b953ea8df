# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is worth a line of the log: drops by reason, what is said once, tracebacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
import math
import os
from pathlib import Path
import threading
import time
import traceback

from promptda_ros.core.peer_text import printable

LOG_PERIOD_SEC = 5.0
TRACEBACK_FILE = 'promptda_tracebacks.txt'
LARGEST = 4 * 1024 * 1024  # bytes; a robot may fail for months


class Drops:
    """Counts dropped frames by reason and logs each reason at most every five seconds."""

    def __init__(
        self,
        log: Callable[[str], object],
        *,
        what: str,
        error: Callable[[str], object] | None = None,
        errors: Collection[str] = (),
    ) -> None:
        """Take how to log, and how to log the reasons that are errors."""
        self._log = log
        self._error = error or log
        self._errors = errors
        self._what = what
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._logged: dict[str, tuple[float, int]] = {}  # reason -> when, and the count then
        self._last: tuple[float, str] = (-math.inf, '')

    def add(self, reason: str, text: str = '') -> bool:
        """Say why one was dropped, unless the reason was said just now, and count it.

        Returns whether it was said. Whoever sees the count finds the line in the log.
        """
        with self._lock:
            line = self._line(reason, printable(text), now_sec=time.monotonic()) if text else None
        if line is not None and reason in self._errors:
            self._error(line)
        elif line is not None:
            self._log(line)
        with self._lock:
            self._counts[reason] += 1
        return line is not None

    def recent_text(self, *, within_sec: float) -> str:
        """Return why the last frame was dropped, '' if that was longer ago."""
        with self._lock:
            when_sec, text = self._last
        return text if time.monotonic() - when_sec <= within_sec else ''

    def snapshot(self) -> dict[str, int]:
        """Return the counters by reason."""
        with self._lock:
            return dict(self._counts)

    def _line(self, reason: str, text: str, *, now_sec: float) -> str | None:
        self._last = (now_sec, text)
        count = self._counts[reason] + 1
        when_sec, before = self._logged.get(reason, (-math.inf, 0))
        if now_sec - when_sec < LOG_PERIOD_SEC:
            return None
        self._logged[reason] = (now_sec, count)
        more = f' ({count - before} in the last {now_sec - when_sec:.0f} s)' if before else ''
        return f'{self._what}: {text}{more}'


def keep_traceback(error: Exception) -> Path | None:
    """Append the traceback to the file and return its path; None where it can't be written.

    A file that has become too large begins anew, and one before it is kept.
    """
    path = _log_folder() / TRACEBACK_FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > LARGEST:
            path.replace(path.with_suffix('.old.txt'))
        with path.open('a', encoding='utf-8', errors='backslashreplace') as file:
            file.write(''.join(traceback.format_exception(error)) + '\n')
    except OSError:  # a full disk is no reason to fail
        return None
    return path


def _log_folder() -> Path:
    """Return where ROS keeps its logs, also on a machine without ROS."""
    if folder := os.environ.get('ROS_LOG_DIR'):
        return Path(folder).expanduser()
    home = os.environ.get('ROS_HOME')
    return (Path(home).expanduser() if home else Path.home() / '.ros') / 'log'


class SayOnce:
    """Logs one text per subject; the subjects are few and named in the code."""

    def __init__(self, log: Callable[[str], object]) -> None:
        self._log = log
        self._said: set[str] = set()

    def __call__(self, about: str, text: str) -> None:
        """Log the text if nothing was said about this yet."""
        if about not in self._said:
            self._said.add(about)
            self._log(printable(text))

    def forget(self) -> None:
        """Be ready to say everything again."""
        self._said.clear()
