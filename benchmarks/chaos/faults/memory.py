# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node gets no more memory: allocations fail, or the kernel kills it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import os
from pathlib import Path
import resource
import signal
import sys

from benchmarks.chaos.content import HEIGHT, WIDTH
from benchmarks.chaos.fault import ALL, Fault, ONE
from benchmarks.chaos.stage import Stage

MIB = 1 << 20
ROOM_BYTES = 16 * MIB  # for what is small: rclpy and Fast DDS do not survive without
NEEDY = 'size 1280 960'  # takes far more
GROUPS = Path('/sys/fs/cgroup/memory')
GROUP_BYTES = 8 * MIB  # beside what the node has
KILLED_SEC = 30.0


@contextmanager
def limited(stage: Stage) -> Iterator[None]:
    """Let larger images come while the node gets no memory for them."""
    pid, driver = stage.node.pid, stage.drivers[stage.victim]
    _, most = before = resource.prlimit(pid, resource.RLIMIT_DATA)
    resource.prlimit(pid, resource.RLIMIT_DATA, (_data_bytes(pid) + ROOM_BYTES, most))
    driver.tell(NEEDY)
    try:
        yield
    finally:
        driver.tell(f'size {WIDTH} {HEIGHT}')
        if stage.node.is_running:
            resource.prlimit(pid, resource.RLIMIT_DATA, before)


@contextmanager
def out_of_memory(stage: Stage) -> Iterator[None]:
    """Let the kernel kill the node for its memory; afterwards start it, as systemd does."""
    driver = stage.drivers[stage.victim]
    stage.node.is_wanted = False
    with _group(stage.node.pid, GROUP_BYTES):
        driver.tell(NEEDY)
        yield
        stage.wait_until(
            lambda: not stage.node.is_running, 'killed for its memory', within_sec=KILLED_SEC
        )
        driver.tell(f'size {WIDTH} {HEIGHT}')
    if stage.node.exit_code not in (None, -signal.SIGKILL):
        stage.tell(f'short of memory the node ended with {stage.node.exit_code}')
    stage.restart_node()
    stage.wait_until_served()


@contextmanager
def _group(pid: int, size: int) -> Iterator[None]:
    """Give a process a control group in which it gets little more memory."""
    for left in GROUPS.glob('chaos_*'):
        with suppress(OSError):  # not of a run that was killed, but of one beside this one
            left.rmdir()
    group = GROUPS / f'chaos_{os.getpid()}'
    group.mkdir()
    try:
        (group / 'memory.limit_in_bytes').write_text(str(size))
        (group / 'cgroup.procs').write_text(str(pid))
        yield
    finally:
        for each in (group / 'cgroup.procs').read_text().split():
            (GROUPS / 'cgroup.procs').write_text(each)
        group.rmdir()


def _data_bytes(pid: int) -> int:
    lines = Path(f'/proc/{pid}/status').read_text().splitlines()
    (line,) = (each for each in lines if each.startswith('VmData'))
    return int(line.split()[1]) << 10


def _lacks_limits() -> str:
    return '' if sys.platform == 'linux' else 'it needs prlimit of Linux'


def _lacks_groups() -> str:
    has_groups = os.access(GROUPS, os.W_OK) and (GROUPS / 'memory.limit_in_bytes').exists()
    return '' if has_groups else f'it needs root and the memory controller of cgroup v1: {GROUPS}'


LIMITED = Fault('memory limit (ulimit -d)', 6.0, ONE, limited, _lacks_limits)
OUT_OF_MEMORY = Fault('killed for memory (cgroup)', 3.0, ALL, out_of_memory, _lacks_groups)
