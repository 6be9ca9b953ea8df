# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node dies, is asked to end, or hangs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import signal

from benchmarks.chaos.fault import ALL, Fault
from benchmarks.chaos.stage import Stage

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def killed(stage: Stage) -> Iterator[None]:
    """Kill the node; afterwards start it again."""
    stage.node.kill()
    yield
    stage.restart_node()
    stage.wait_until_served()


@contextmanager
def ended(stage: Stage) -> Iterator[None]:
    """End the node by a signal, which must work; afterwards start it again."""
    number = SIGNALS[stage.rng.integers(len(SIGNALS))]
    code = stage.node.end(number)
    if code:
        stage.tell(f'{number.name} ended the node with {code}: {stage.last_words()}')
    yield
    stage.restart_node()
    stage.wait_until_served()


@contextmanager
def stopped(stage: Stage) -> Iterator[None]:
    """Stop the process of the node; afterwards let it go on."""
    stage.node.signal(signal.SIGSTOP)
    yield
    stage.node.signal(signal.SIGCONT)


KILLED = Fault('kill -9 of the node', 0.5, ALL, killed)
ENDED = Fault('SIGTERM or SIGINT to the node', 0.5, ALL, ended)
STOPPED = Fault('node stopped (SIGSTOP)', 3.0, ALL, stopped)
