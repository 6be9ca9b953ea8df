# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A thread that works in the place of one in which oneDNN can do nothing more.

A thread in which oneDNN once had no memory for machine code keeps that error, and every later
primitive fails in it, however much memory there is by then. Other threads are not concerned.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
import mmap
import threading
from typing import Any, TypeVar

import torch

T = TypeVar('T')

# GNU OpenMP ends the process where it gets no stacks for a thread's team.
STACK_BYTES = 16 << 20


class Substitute(threading.local):
    """The substitute of the calling thread, which has none to begin with."""

    executor: ThreadPoolExecutor | None = None

    def renew(self) -> None:
        """Let another thread work from now on."""
        if self.executor is not None:
            self.executor.shutdown(wait=False)
        self.executor = ThreadPoolExecutor(1, 'substitute')

    def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call the function where oneDNN works, and return what it returns.

        Raises:
            MemoryError: there is too little for a thread.
            RuntimeError: the system starts no thread.
        """
        assert self.executor is not None
        _require(STACK_BYTES * (1 + torch.get_num_threads()))
        try:
            work = self.executor.submit(function, *arguments)
        except RuntimeError:  # no thread starts; the queue has the call and would do it later
            self.renew()
            raise
        return work.result()


def _require(size: int) -> None:
    try:
        mmap.mmap(-1, size).close()
    except OSError as error:
        raise MemoryError(f'no {size >> 20} MiB for threads: {error.strerror}') from None
