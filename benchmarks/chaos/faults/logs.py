# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The folder for logs can't be written to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import subprocess

from benchmarks.chaos.fault import ALL, Fault
from benchmarks.chaos.machine import fill, lacks_machine, mount, unmount
from benchmarks.chaos.stage import Stage
from promptda_ros.core.errors import ExitCode

END_SEC = 60.0


@contextmanager
def full(stage: Stage) -> Iterator[None]:
    """Start the node anew with a disk for its logs that is full."""
    with _disk_for_logs(stage) as folder:
        fill(folder)
        stage.restart_node()
        stage.wait_until_served()
        yield
    stage.restart_node()
    stage.wait_until_served()


@contextmanager
def read_only(stage: Stage) -> Iterator[None]:
    """Start the node anew with a folder for its logs that is read-only: it says so and ends."""
    with _disk_for_logs(stage) as folder:
        subprocess.run(['mount', '-o', 'remount,ro', str(folder)], check=True)
        stage.restart_node()
        stage.node.is_wanted = False
        yield
        stage.wait_until(lambda: not stage.node.is_running, 'end of the node', within_sec=END_SEC)
        words = stage.last_words().splitlines()[-1]
        if stage.node.exit_code != ExitCode.CONFIGURATION or str(folder) not in words:
            stage.tell(f'without a folder for logs it ended with {stage.node.exit_code}: {words}')
    stage.restart_node()
    stage.wait_until_served()


@contextmanager
def _disk_for_logs(stage: Stage) -> Iterator[Path]:
    """Yield a small disk for the logs of the node alone."""
    folder = stage.folder / 'logs'
    folder.mkdir(exist_ok=True)
    mount(folder, '64k')
    stage.node.environment['ROS_LOG_DIR'] = str(folder)
    try:
        yield folder
    finally:
        del stage.node.environment['ROS_LOG_DIR']
        unmount(folder)


FULL = Fault('disk full for logs', 3.0, ALL, full, lacks_machine)
READ_ONLY = Fault('log folder read-only', 1.0, ALL, read_only, lacks_machine)
