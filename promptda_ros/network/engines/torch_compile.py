# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The network compiled by torch itself, whose kernels do several steps at once.

Tested with the compiler of torch for CPUs, never on a GPU.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
import os
import threading
from typing import Any, cast

import torch
from torch import Tensor

from promptda_ros.network.engines.compiled import Compilable, Run
from promptda_ros.network.engines.cuda_graph import CudaGraphs
from promptda_ros.network.files.folder import cache_folder

LONGEST_SEC = 60.0
WORTH_IT = 0.1  # share of the time that it must save: it takes longer to start
# Of a torch that finds no compiler for a GPU or for C++.
FAILURES = (
    *(AssertionError, AttributeError, ImportError, LookupError),
    *(MemoryError, OSError, TypeError, ValueError),
)

Backend = Callable[[Any, list[Tensor]], Callable[..., Any]]


class TorchCompile:
    """Compiles for one size, in bounded time, and lets another compiler capture what it made."""

    name = 'torch.compile'
    # Steps in one kernel are not rounded between: 3 mm at 1 m, but for single pixels.
    tolerance, outliers = 3e-3, 1e-3
    longest_sec = LONGEST_SEC + CudaGraphs.longest_sec

    def __init__(
        self,
        record: Callable[..., Run],
        *,
        least_gain: float = 0.0,
        backend: Backend | None = None,
    ) -> None:
        """Take what makes a run of a network; on a GPU that is a compiler of graphs."""
        self.least_gain = least_gain
        self._record = record
        self._backend = backend

    @staticmethod
    def key(*inputs: Tensor) -> Hashable:
        """Return the shapes."""
        return CudaGraphs.key(*inputs)

    def __call__(self, network: Compilable, *inputs: Tensor) -> Run:
        """Compile and capture.

        Raises:
            RuntimeError: torch can't compile the network, or takes too long.
        """
        use_cache()
        backend = _Counting(self._backend or _inductor())
        compiled: Any = torch.compile(network, backend=backend, dynamic=False)
        _within(LONGEST_SEC, lambda: _run_once(compiled, inputs))
        if not backend.graphs:
            raise RuntimeError('torch compiled nothing: it is told not to, or did for many sizes')
        backend.is_open = False
        return self._record(compiled, *inputs)


class _Counting:
    """A backend that compiles only as long as it may."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.graphs = 0
        self.is_open = True

    def __call__(self, graph: Any, inputs: list[Tensor]) -> Callable[..., Any]:
        if not self.is_open:
            raise RuntimeError('torch would compile the network once more for the same size')
        self.graphs += 1
        return self._backend(graph, inputs)


def use_cache() -> None:
    """Keep what is compiled where the next start finds it, unless the user chose a place."""
    os.environ.setdefault('TORCHINDUCTOR_CACHE_DIR', str(cache_folder() / 'torch_compile'))
    os.environ.setdefault('TORCHINDUCTOR_FX_GRAPH_CACHE', '1')  # the default since torch 2.5


def _inductor() -> Backend:
    try:
        from torch._inductor.compile_fx import compile_fx
    except FAILURES as error:
        raise RuntimeError(f'{type(error).__name__}: {error}') from error
    return cast(Backend, compile_fx)


def _run_once(compiled: Callable[..., Tensor], inputs: tuple[Tensor, ...]) -> None:
    """Let torch compile, which it does in the first run."""
    device = inputs[0].device
    with torch.inference_mode():
        if device.type == 'cuda':
            torch.cuda.set_device(device)  # of this thread
        compiled(*inputs)


def _within(limit_sec: float, work: Callable[[], None]) -> None:
    """Do some work in a thread; what takes longer goes on there, and RuntimeError is raised."""
    outcome: Future[None] = Future()

    def run() -> None:
        try:
            work()
        except (RuntimeError, *FAILURES) as error:
            outcome.set_exception(error)
        else:
            outcome.set_result(None)

    # A compiler that hangs must not keep the process alive.
    threading.Thread(target=run, name='torch.compile', daemon=True).start()
    if not wait((outcome,), limit_sec).done:
        raise RuntimeError(f'not compiled within {limit_sec:.0f} s; the next start may be faster')
    try:
        outcome.result()
    except FAILURES as error:
        raise RuntimeError(f'{type(error).__name__}: {error}') from error
