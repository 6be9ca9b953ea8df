# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A process of this package: signals that end it, and how its threads wait.

Imports next to nothing, since the first signal may come at once.
"""

from __future__ import annotations

import _thread
from collections.abc import Callable
import io
import os
import signal
import sys
import threading
import time
from typing import Any, ClassVar, TypeVar

AGAIN_SEC = 0.5  # launch files and terminals send some signals twice
INSIST_SEC = 1.2 * AGAIN_SEC  # or the raise would be left out
SPINS = '1000'
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STREAMS = ('stdin', 'stdout', 'stderr')  # in the order of their file descriptors
T = TypeVar('T')


class LossyFile(io.FileIO):
    """An output that may be lost: what can't be written raises nothing."""

    def write(self, data: Any, /) -> int:
        """Write what can be written and report everything as written."""
        try:
            return super().write(data) or len(data)
        except OSError:  # the reader or the terminal is gone, the disk is full
            return len(data)


def keep_streams(*lossy: str) -> None:
    """Open closed standard streams, and let nothing fail when text of the named ones is lost.

    A file descriptor that is closed would be given to a socket, and the log be written into it.
    """
    for number, name in enumerate(STREAMS):
        try:
            os.fstat(number)
        except OSError:
            number = os.open(os.devnull, os.O_RDWR)  # the lowest that is free
            setattr(sys, name, os.fdopen(number, 'r' if name == 'stdin' else 'w', closefd=False))
        if name in lossy and getattr(sys, name) is getattr(sys, f'__{name}__'):
            file = io.BufferedWriter(LossyFile(number, 'w', closefd=False))
            text = io.TextIOWrapper(file, errors='backslashreplace', line_buffering=True)
            setattr(sys, name, text)


class Stopped(BaseException):
    """A signal asked the process to end.

    Not a KeyboardInterrupt: when one has passed through the import of a compiled module, Python
    ends with SIGINT's exit status even though it was caught.
    """


class StopSignal:
    """SIGINT, SIGTERM and the end of the terminal: noted, and raised where that harms nothing.

    An exception out of nowhere would leave whatever it meets half done, or be taken for a failure
    of the library that it passes through.
    """

    received: ClassVar[int] = 0  # the number of the last signal; handlers are the process's, too

    def __init__(self) -> None:
        StopSignal.received = 0
        self._interrupts = False
        self._raised_sec = -AGAIN_SEC
        for number in STOPS:
            # nohup has told the process to outlive its terminal.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._receive)

    def interruptible(self, function: Callable[..., T], *arguments: object) -> T:
        """Call what a signal may break off.

        Raises:
            Stopped: a signal came, during the call or before it.
        """
        self._interrupts = True
        try:
            if self.received:
                raise Stopped
            return function(*arguments)
        finally:
            self._interrupts = False  # the first thing: Python runs no handler before it

    def ignore(self) -> None:
        """Let no later signal change the exit code: Python drops other handlers as it ends."""
        for number in STOPS:
            signal.signal(number, signal.SIG_IGN)

    def _receive(self, number: int, *_: object) -> None:
        StopSignal.received = number
        now_sec = time.monotonic()
        # Some libraries swallow what a handler raises; whoever waits for them presses again.
        if self._interrupts and now_sec - self._raised_sec >= AGAIN_SEC:
            self._raised_sec = now_sec
            raise Stopped


class InsistentStop(StopSignal):
    """Raises again until the call that it breaks off has ended: libraries swallow some raises.

    For calls that leave nothing behind that an exception could keep from being cleaned up.
    """

    def __init__(self) -> None:
        super().__init__()
        self._insists = False

    def interruptible(self, function: Callable[..., T], *arguments: object) -> T:
        """Call what a signal may break off; what it returns after a signal does not count."""
        found = super().interruptible(function, *arguments)
        if self.received:
            raise Stopped
        return found

    def _receive(self, number: int, *_: object) -> None:
        if self._interrupts and not self._insists:
            self._insists = True
            threading.Thread(target=self._insist, args=(number,), daemon=True).start()
        super()._receive(number)

    def _insist(self, number: int) -> None:
        while self._interrupts:
            time.sleep(INSIST_SEC)
            if self._interrupts:
                _thread.interrupt_main(signal.Signals(number))


def let_threads_sleep() -> None:
    """Make threads sleep soon instead of spinning; to be called before torch is imported.

    GNU OpenMP spins for long by default, which is quickest while the machine has nothing else to
    do. Where another process has one of two cores it costs: promptda-tiny took 300 to 900 ms a
    frame in place of 130; on the quiet machine it takes 65 in place of 52.
    """
    os.environ.setdefault('GOMP_SPINCOUNT', SPINS)
