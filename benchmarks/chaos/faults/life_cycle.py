# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A manager takes the node down and up again, a little or all the way, once or many times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lifecycle_msgs.msg import Transition

from benchmarks.chaos.fault import ALL, Fault
from benchmarks.chaos.stage import Stage

DOWN, UP = Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_ACTIVATE
UNLOAD, LOAD = Transition.TRANSITION_CLEANUP, Transition.TRANSITION_CONFIGURE
TIMES = 5


def make(stage: Stage, *transitions: int) -> None:
    """Make transitions, which must work, and ask for the last one again, which must not."""
    for each in transitions:
        if not stage.change_state(each):
            stage.tell(f'transition {each} was refused')
    if stage.change_state(transitions[-1]):
        stage.tell(f'transition {transitions[-1]} was made twice')


@contextmanager
def deactivated(stage: Stage) -> Iterator[None]:
    """Deactivate the node; afterwards activate it."""
    make(stage, DOWN)
    yield
    make(stage, UP)
    stage.wait_until_served()


@contextmanager
def unloaded(stage: Stage) -> Iterator[None]:
    """Let it give back everything; afterwards configure and activate it."""
    make(stage, DOWN, UNLOAD)
    yield
    make(stage, LOAD, UP)
    stage.wait_until_served()


@contextmanager
def down_and_up(stage: Stage) -> Iterator[None]:
    """Deactivate and activate it as fast as it goes."""
    make(stage, *[DOWN, UP] * TIMES)
    yield
    stage.wait_until_served()


DEACTIVATED = Fault('deactivated and activated', 1.0, ALL, deactivated)
UNLOADED = Fault('cleaned up and configured', 1.0, ALL, unloaded)
DOWN_AND_UP = Fault(f'deactivated and activated {TIMES} times', 0.5, ALL, down_and_up)
