# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node can't open anything more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import resource
import sys

from benchmarks.chaos.fault import Fault, ONE
from benchmarks.chaos.stage import Stage


@contextmanager
def limited(stage: Stage) -> Iterator[None]:
    """Start the driver anew while the node has as many files open as it may."""
    pid = stage.node.pid
    _, most = before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    count = sum(1 for _ in Path(f'/proc/{pid}/fd').iterdir())
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (count, most))
    try:
        stage.restart_driver(stage.victim)
        yield
    finally:
        if stage.node.is_running:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    stage.wait_until_served()


def _lacks() -> str:
    return '' if sys.platform == 'linux' else 'it needs prlimit of Linux'


LIMITED = Fault('no more files (ulimit -n)', 4.0, ONE, limited, _lacks)
