# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Others take the processor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import shutil
import subprocess
import sys

from benchmarks.chaos.fault import Fault, NONE
from benchmarks.chaos.stage import Stage

COUNT = 6
MOST_SEC = 60  # of processor time, should nobody be left to end them


@contextmanager
def hogged(_: Stage) -> Iterator[None]:
    """Let other processes calculate as fast as they can."""
    spin = ['prlimit', f'--cpu={MOST_SEC}', sys.executable, '-c', 'while True: pass']
    hogs = [subprocess.Popen(spin) for _ in range(COUNT)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


def _lacks() -> str:
    return '' if shutil.which('prlimit') else 'it needs prlimit'


HOGGED = Fault(f'{COUNT} busy processes', 6.0, NONE, hogged, _lacks)
