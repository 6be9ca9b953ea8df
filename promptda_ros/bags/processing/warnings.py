# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the node would have logged about a recording, once and not too much of it."""

from __future__ import annotations

import re
import threading

MOST = 40  # of different warnings; a recording has a handful
NUMBERS = re.compile(r'\d+(\.\d+)?')


class Warnings:
    """Keeps the first of every kind of line; those that differ in numbers alone are one kind."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: dict[str, str] = {}

    def info(self, text: str, /) -> None:
        """Pass over what is as it should be."""

    def warning(self, text: str, /) -> None:
        """Keep a line."""
        with self._lock:
            if len(self._lines) < MOST:
                self._lines.setdefault(NUMBERS.sub('#', text), text)

    error = warning

    @property
    def lines(self) -> tuple[str, ...]:
        """Return what was kept, in order."""
        with self._lock:
            return tuple(self._lines.values())
