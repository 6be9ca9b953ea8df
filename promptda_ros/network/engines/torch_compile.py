# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The network compiled by torch itself, whose kernels do several steps at once.

Tested with the compiler of torch for CPUs, never on a GPU.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
import os
from typing import Any, cast

import torch
from torch import Tensor

from promptda_ros.core.model_files import cache_folder
from promptda_ros.network.engines.background import within
from promptda_ros.network.engines.compiled import Compilable, Run
from promptda_ros.network.engines.cuda_graph import CudaGraphs
from promptda_ros.network.engines.folded import FoldedNetwork

LONGEST_SEC = 60.0
WORTH_IT = 0.1  # share of the time that it must save: it takes longer to start

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
        if isinstance(network, FoldedNetwork) and network.precision.decoder_tf32:
            # It traces past the flag, which is set for the decoder alone.
            raise RuntimeError('it would run the decoder without TF32, which is slower')
        use_cache()
        backend = _Counting(self._backend or _inductor)
        compiled: Any = torch.compile(network, backend=backend, dynamic=False)
        within(LONGEST_SEC, self.name, lambda: _run_once(compiled, inputs))
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


def _inductor(graph: Any, inputs: list[Tensor]) -> Callable[..., Any]:
    from torch._inductor.compile_fx import compile_fx  # which fails where Triton is broken

    return cast(Backend, compile_fx)(graph, inputs)


def _run_once(compiled: Callable[..., Tensor], inputs: tuple[Tensor, ...]) -> None:
    """Let torch compile, which it does in the first run."""
    device = inputs[0].device
    with torch.inference_mode():
        if device.type == 'cuda':
            torch.cuda.set_device(device)  # of this thread
        compiled(*inputs)
