# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The driver of a camera dies, hangs or is started twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import signal

from benchmarks.chaos.fault import Fault, ONE
from benchmarks.chaos.stage import Stage


@contextmanager
def killed(stage: Stage) -> Iterator[None]:
    """Kill the driver; afterwards start it again."""
    stage.drivers[stage.victim].kill()
    yield
    stage.restart_driver(stage.victim)
    stage.wait_until_served()


@contextmanager
def stopped(stage: Stage) -> Iterator[None]:
    """Stop the process of the driver; afterwards let it go on."""
    driver = stage.drivers[stage.victim]
    driver.signal(signal.SIGSTOP)
    yield
    driver.signal(signal.SIGCONT)


@contextmanager
def started_twice(stage: Stage) -> Iterator[None]:
    """Start a second driver of the camera, whose frames come between those of the first.

    Smoothing takes depth that changes by a few percent under the same picture for noise. The
    numbers of one driver are farther apart, those of two may not be.
    """
    stage.set_parameters({f'{stage.victim}.prompt.smoothing': 0})
    second = stage.new_driver(stage.victim)
    second.start()
    second.tell('resume')
    stage.wait_until(lambda: second.heard > 0, 'the second driver heard by the node')
    try:
        yield
    finally:
        second.kill()
    stage.set_parameters({f'{stage.victim}.prompt.smoothing': 1})


KILLED = Fault('kill -9 of a driver', 3.0, ONE, killed)
STOPPED = Fault('driver stopped (SIGSTOP)', 3.0, ONE, stopped)
STARTED_TWICE = Fault('two drivers of one camera', 3.0, ONE, started_twice)
