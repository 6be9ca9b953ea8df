# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A fault: what happens to the stage, for how long, and whose frames may be lost by it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.chaos.stage import Stage

CAMERAS = ('left', 'right', 'wrist')
VICTIM = 'victim'  # stands for the camera that the stage has chosen for this time
NONE: frozenset[str] = frozenset()
ONE = frozenset({VICTIM})
ALL = frozenset(CAMERAS)


def _nothing() -> str:
    return ''


@dataclass(frozen=True)
class Fault:
    """One kind of trouble.

    `run` begins it on enter and ends it on exit, when all that it took away is there again and
    heard (`Stage.wait_until_served`). `may_lose` are the cameras of which frames may be missing
    uncounted until the exit; every other loss must be found in /diagnostics. `lacks` says what
    this machine lacks for it, '' if nothing.
    """

    name: str
    lasts_sec: float
    may_lose: frozenset[str]
    run: Callable[[Stage], AbstractContextManager[None]]
    lacks: Callable[[], str] = _nothing
