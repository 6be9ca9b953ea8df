# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""/dev/shm is full, or that of the node is another one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.chaos.fault import ALL, Fault, ONE
from benchmarks.chaos.machine import fill, lacks_machine, SHARED_MEMORY
from benchmarks.chaos.stage import Stage

ELSEWHERE = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs tmpfs /dev/shm && exec "$@"', 'sh']
SAID = 'do not share /dev/shm'
SAID_SEC = 120.0  # with the start of the node


@contextmanager
def full_for_driver(stage: Stage) -> Iterator[None]:
    """Start the driver anew while there is no shared memory: its images come by UDP."""
    full = fill(SHARED_MEMORY)
    try:
        stage.restart_driver(stage.victim)
        stage.wait_until_served()
        yield
    finally:
        full.unlink()
    stage.restart_driver(stage.victim)
    stage.wait_until_served()


@contextmanager
def full_for_node(stage: Stage) -> Iterator[None]:
    """Start the node anew while there is no shared memory: all goes by UDP."""
    full = fill(SHARED_MEMORY)
    try:
        stage.restart_node()
        stage.wait_until_served()
        yield
    finally:
        full.unlink()
    stage.restart_node()
    stage.wait_until_served()


@contextmanager
def apart(stage: Stage) -> Iterator[None]:
    """Start the node with another /dev/shm, as in a container: nothing comes, and it says why."""
    said = stage.node.log.read_text().count(SAID)
    stage.node.prefix = ELSEWHERE
    try:
        stage.restart_node()
        yield
        stage.wait_until(
            lambda: stage.node.log.read_text().count(SAID) > said,
            'the node says that /dev/shm is not shared',
            within_sec=SAID_SEC,
        )
    finally:
        stage.node.prefix = []
    stage.restart_node()
    stage.wait_until_served()


FULL_FOR_DRIVER = Fault(
    '/dev/shm full when a driver starts', 3.0, ONE, full_for_driver, lacks_machine
)
FULL_FOR_NODE = Fault('/dev/shm full when the node starts', 3.0, ALL, full_for_node, lacks_machine)
APART = Fault('/dev/shm not shared', 3.0, ALL, apart, lacks_machine)
