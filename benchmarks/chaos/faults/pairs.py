# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Two faults at once, where one may hide in the middle of the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.chaos.fault import Fault
from benchmarks.chaos.faults import clocks, driver_ends, life_cycle, storms, topics
from benchmarks.chaos.stage import Stage


def both(outer: Fault, inner: Fault) -> Fault:
    """Return the fault of two, of which one begins later and ends sooner."""

    @contextmanager
    def run(stage: Stage) -> Iterator[None]:
        with outer.run(stage), inner.run(stage):
            yield

    lasts_sec = max(outer.lasts_sec, inner.lasts_sec)
    may_lose = outer.may_lose | inner.may_lose
    return Fault(f'{outer.name} + {inner.name}', lasts_sec, may_lose, run)


PAIRS = (
    both(storms.CAPTURES, life_cycle.DOWN_AND_UP),
    both(storms.PARAMETERS, topics.SPOILT),
    both(clocks.BEHIND, driver_ends.STOPPED),
    both(topics.RESIZED, topics.WRONG_INFO),
    both(topics.FAST, clocks.DEPTH_AHEAD),
)
