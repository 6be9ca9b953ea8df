# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The handle of a driver's process: sends it commands, keeps what it says of its frames."""

from __future__ import annotations

import json
from pathlib import Path
import subprocess
import sys
import threading

from benchmarks.chaos.fault import CAMERAS
from benchmarks.chaos.process import Process
from benchmarks.chaos.truth import Truth

APART = 1000  # frames between the numbers of two drivers of a camera
ANEW_SEC = 30.0


class Driver(Process):
    """The driver of a camera; a new process begins paused, with the commands of none before."""

    output = subprocess.PIPE

    def __init__(self, camera: str, scene: Path, truth: Truth, *, log: Path) -> None:
        super().__init__([], log=log)
        self.camera = camera
        self.heard = 0  # subscriptions to the topic of the two pictures that has fewer
        self._scene, self._truth = scene, truth
        self._reader: threading.Thread | None = None
        self._is_anew = threading.Event()

    def start(self) -> None:
        """Start it with numbers that no frame of its camera had."""
        first = self._truth.last_number // len(CAMERAS) + APART
        module = ['-m', 'benchmarks.chaos.driver']
        words = [self.camera, str(self._scene), '--first', str(first)]
        self.command = [sys.executable, *module, *words]
        if self._reader is not None:
            self._reader.join()  # the last words of the process before
        self.heard = 0
        super().start()
        self._reader = threading.Thread(target=self._listen, args=(self._process,), daemon=True)
        self._reader.start()

    def tell(self, command: str) -> None:
        """Send a command: `rate 30`, `jump -5 depth`; driver.py lists them."""
        assert self._process.stdin is not None
        self._process.stdin.write(command + '\n')
        self._process.stdin.flush()

    def finish(self) -> None:
        """Let it end of itself, so that it leaves no shared memory behind."""
        self.is_wanted = False
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._wait()

    def change(self, command: str) -> None:
        """Send a command that makes publishers anew, and wait until it is obeyed."""
        self._is_anew.clear()
        self.tell(command)
        self._is_anew.wait(ANEW_SEC)

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if not line.endswith('\n'):
                return  # it was killed while it spoke
            said = json.loads(line)
            if 'anew' in said:
                self.heard = 0
                self._is_anew.set()
            elif 'heard' in said:
                self.heard = said['heard']
            else:
                self._truth.note(said)
