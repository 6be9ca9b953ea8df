# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Stamps jump, and jump back afterwards; nothing that is lost by it may go uncounted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from benchmarks.chaos.fault import CAMERAS, Fault, NONE
from benchmarks.chaos.stage import Stage

JUMPS_SEC = (2, 60, 3600, 30 * 86400)
FORWARDS, BACKWARDS = 1, -1


def jump(
    direction: int, topics: str = '', *, everyone: bool = False
) -> Callable[[Stage], AbstractContextManager[None]]:
    """Return what lets the clock jump of one camera or all, for its topics or some of them."""

    @contextmanager
    def run(stage: Stage) -> Iterator[None]:
        seconds = direction * JUMPS_SEC[stage.rng.integers(len(JUMPS_SEC))]
        cameras = CAMERAS if everyone else (stage.victim,)
        for camera in cameras:
            stage.drivers[camera].tell(f'jump {seconds} {topics}')
        yield
        for camera in cameras:
            stage.drivers[camera].tell(f'jump {-seconds} {topics}')

    return run


AHEAD = Fault('clock of a camera ahead', 3.0, NONE, jump(FORWARDS))
BEHIND = Fault('clock of a camera behind', 3.0, NONE, jump(BACKWARDS))
ALL_AHEAD = Fault('all clocks ahead', 3.0, NONE, jump(FORWARDS, everyone=True))
ALL_BEHIND = Fault('all clocks behind', 3.0, NONE, jump(BACKWARDS, everyone=True))
DEPTH_AHEAD = Fault('clock of depth alone ahead', 3.0, NONE, jump(FORWARDS, 'depth'))
DEPTH_BEHIND = Fault('clock of depth alone behind', 3.0, NONE, jump(BACKWARDS, 'depth'))
