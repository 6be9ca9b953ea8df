# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Work that is waited for only so long: what can't be interrupted goes on in the background."""

from __future__ import annotations

from collections.abc import Callable
import threading

from promptda_ros.core.runtime.guard import Guard

_late: list[threading.Thread] = []  # nobody waits for them any more


def within(limit_sec: float, name: str, work: Callable[[], None]) -> None:
    """Do some work in a thread of that name.

    Raises:
        RuntimeError: it failed, or takes longer.
    """
    errors: list[Exception] = []
    guard = Guard(errors.append, patience=None)
    # What hangs must not keep the process alive.
    thread = threading.Thread(target=guard.run, args=(work,), name=name, daemon=True)
    thread.start()
    thread.join(limit_sec)
    if thread.is_alive():
        _late.append(thread)
        raise RuntimeError(f'not compiled within {limit_sec:.0f} s; the next start may be faster')
    for error in errors:
        if isinstance(error, RuntimeError):
            raise error
        raise RuntimeError(f'{type(error).__name__}: {error}') from error


def goes_on() -> bool:
    """Return whether some work still runs that is not waited for."""
    _late[:] = [each for each in _late if each.is_alive()]
    return bool(_late)
