# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Log lines that are worth saying once."""

from __future__ import annotations

from collections.abc import Callable

from promptda_ros.core.peer_text import printable


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
