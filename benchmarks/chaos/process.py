# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A process of the stage: started, killed, started again, with other words before its command."""

from __future__ import annotations

from collections.abc import Sequence
import os
from pathlib import Path
from signal import SIGTERM
import subprocess
import sys
from typing import ClassVar

from benchmarks.results import REPOSITORY

END_SEC = 60.0  # far above what ending takes on a busy machine


class Process:
    """A command that can be run again and again; what it says is appended to a log.

    `prefix` stands before the command and `environment` is added to ours, both from the next
    start on: `ip netns exec NAME`, `prlimit --as=N`, `nice`; each must become the command.
    """

    output: ClassVar[int | None] = None  # where what it prints goes; None: to the log

    def __init__(self, command: Sequence[str], *, log: Path) -> None:
        self.command = [*command]
        self.log = log
        self.prefix: list[str] = []
        self.environment: dict[str, str] = {}
        self.is_wanted = False  # whether its end would be a surprise
        self._popen: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it; it must not run."""
        assert not self.is_running
        self.is_wanted = True
        with self.log.open('a') as log:
            self._popen = subprocess.Popen(
                [*self.prefix, *self.command],
                cwd=REPOSITORY,
                env={**os.environ, **self.environment},
                stdin=subprocess.PIPE,
                stdout=log if self.output is None else self.output,
                stderr=log,
                text=True,
            )

    def signal(self, number: int) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it at once, by SIGKILL."""
        self.is_wanted = False
        self._process.kill()
        self._wait()

    def end(self, number: int = SIGTERM) -> int:
        """Ask it to end by a signal, wait, and return its exit code."""
        self.is_wanted = False
        self._process.send_signal(number)
        return self._wait()

    def restart(self) -> None:
        """Kill it where it runs, and start it."""
        if self.is_running:
            self.kill()
        self.start()

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Tell whether it runs."""
        return self._popen is not None and self._popen.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Return how it ended; None while it runs."""
        return self._process.poll()

    def _wait(self) -> int:
        try:
            return self._process.wait(END_SEC)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            print(f'{self.command[0]} did not end within {END_SEC:g} s', file=sys.stderr)
            return self._process.returncode

    @property
    def _process(self) -> subprocess.Popen[str]:
        assert self._popen is not None, 'it was never started'
        return self._popen
