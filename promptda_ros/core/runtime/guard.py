# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The one border where any exception is caught, so that one bad item never ends the stream."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from promptda_ros.core.errors import ExitCode, PromptdaError

FAILURES_IN_A_ROW = 10


class GaveUp(PromptdaError):
    """Too many failures in a row: the program is broken, not the items."""

    exit_code = ExitCode.INTERNAL


class Guard:
    """Runs functions that may fail; `on_error` is told of every failure.

    `patience` is how many failures in a row mean a broken program, None that none do: where what
    fails is decided by what others send.
    """

    def __init__(
        self,
        on_error: Callable[[Exception], None],
        *,
        patience: int | None = FAILURES_IN_A_ROW,
    ) -> None:
        self._on_error = on_error
        self._patience = patience
        self._failures = 0

    def run(self, function: Callable[..., object], *arguments: Any) -> bool:
        """Call the function and return whether it succeeded.

        Raises:
            GaveUp: the function failed as often in a row as patience lasts.
        """
        try:
            function(*arguments)
        except GaveUp:
            raise
        except Exception as error:
            # What a message, the graph or the device can do to a callback cannot be listed.
            self._failures += 1
            self._on_error(error)
            if self._failures == self._patience:
                raise GaveUp(f'{self._failures} failures in a row, the last: {error}') from error
            return False
        self._failures = 0
        return True


def guarded(
    function: Callable[..., object], on_error: Callable[[Exception], None]
) -> Callable[..., bool]:
    """Return the function behind a guard of its own, so that others' successes don't count."""
    return partial(Guard(on_error).run, function)


class Foreseen:
    """A block in which any exception becomes one of ours, which says what can be done.

    For libraries that read files: what damaged bytes do to them cannot be listed.
    """

    def __init__(self, explain: Callable[[Exception], PromptdaError]) -> None:
        self._explain = explain

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, PromptdaError):
            raise self._explain(error) from error
