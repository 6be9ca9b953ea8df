# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What Linux tells of a running process: its status, its open files, its processor time."""

from __future__ import annotations

import os
from pathlib import Path


def status_of(pid: int) -> dict[str, str]:
    """Return the lines of /proc/PID/status by name, as text: `Threads`, `VmRSS`, `SigCgt`."""
    lines = Path(f'/proc/{pid}/status').read_text().splitlines()
    parts = (line.partition(':') for line in lines)
    return {name: value.strip() for name, _, value in parts}


def mib(value: str) -> float:
    """Convert an amount of memory of a status, `1024 kB`."""
    return int(value.split()[0]) / 1024


def open_files(pid: int) -> int:
    """Return how many file descriptors a process has."""
    return len(os.listdir(f'/proc/{pid}/fd'))


def processor_sec(pid: int) -> float:
    """Return the processor time that a process has taken."""
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
