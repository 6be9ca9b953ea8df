# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The network replayed from a CUDA graph: one launch a frame in place of one for every kernel.

A small network is done sooner than the host can launch its kernels one by one.

`torch.cuda.graph` is not used: its stream belongs to the first GPU of the process, another
thread that allocates meanwhile makes its capture fail, and it unpins the host's buffers.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor
from torch.torch_version import TorchVersion

from promptda_ros.core.runtime.memory import free_unused_memory
from promptda_ros.network.engines.background import goes_on
from promptda_ros.network.engines.compiled import Compilable, LONGEST_SEC, MayPass

WARM_UP_RUNS = 3  # in which libraries choose their kernels; torch's own figure
# Versions before keep a reference to the memory of a capture that failed (CUDAGraph::reset); of
# later ones it is not known, and to let go of it twice would take it from other graphs.
KNOWN_UNTIL = '2.14'
# torch's allocator of pinned memory may ask a capture that failed whether it still goes on.
_failed: list[torch.cuda.CUDAGraph] = []


class CudaGraph:
    """A captured run: inputs are copied to where it reads, depth from where it writes."""

    def __init__(self, graph: torch.cuda.CUDAGraph, inputs: list[Tensor], depth_m: Tensor) -> None:
        self.graph = graph
        self.inputs = inputs
        self.depth_m = depth_m

    def __call__(self, *inputs: Tensor) -> Tensor:
        """Return depth of its own memory: the next run overwrites that of the graph."""
        for here, given in zip(self.inputs, inputs, strict=True):
            here.copy_(given)
        self.graph.replay()
        return self.depth_m.clone()


class CudaGraphs:
    """Captures the networks of one estimator, which never run at once: they share memory.

    kernels: what they are captured in, see `timed_kernels`.
    """

    name = 'CUDA graphs'
    least_gain = 0.0
    longest_sec = LONGEST_SEC

    def __init__(
        self, kernels: Callable[[], AbstractContextManager[object]] = nullcontext
    ) -> None:
        self._kernels = kernels
        # The same kernels add up in another order; others may round each product differently.
        is_usual = kernels is nullcontext
        self.tolerance, self.outliers = (1e-3, 0.0) if is_usual else (3e-3, 1e-3)
        self._graphs: WeakSet[CudaGraph] = WeakSet()  # those that share `_pool`
        self._pool: Any = None
        self._aside: torch.cuda.Stream | None = None

    @staticmethod
    def key(*inputs: Tensor) -> Hashable:
        """Return the shapes: batches of other sizes are other graphs."""
        return tuple(each.shape for each in inputs)

    def __call__(self, network: Compilable, *inputs: Tensor) -> CudaGraph:
        """Capture a run on a stream of its own.

        Raises:
            RuntimeError: it can't be captured; the next one may be.
        """
        device = inputs[0].device
        # What compiles in the background waits for the whole device, which breaks a capture.
        is_disturbed = goes_on()
        with torch.cuda.device(device), self._kernels():
            try:
                run = self._capture(network, [each.clone() for each in inputs], device)
            except BaseException as error:
                # The next capture shares neither stream nor memory with one that failed.
                self._aside = None
                self._graphs.clear()
                if is_disturbed and isinstance(error, RuntimeError):
                    raise MayPass(str(error)) from error
                raise
        self._graphs.add(run)
        return run

    def _capture(
        self, network: Compilable, inputs: list[Tensor], device: torch.device
    ) -> CudaGraph:
        usual = torch.cuda.current_stream(device)
        if self._aside is None:
            self._aside = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        aside = self._aside
        aside.wait_stream(usual)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.stream(aside):
            for _ in range(WARM_UP_RUNS):
                network(*inputs)
            aside.synchronize()
            free_unused_memory()  # of which a capture can use nothing
            with _capturing(graph, self._shared_pool(), device):
                depth_m = network(*inputs)
        usual.wait_stream(aside)
        return CudaGraph(graph, inputs, depth_m)

    def _shared_pool(self) -> Any:
        """Return the handle of the memory that captures use one after the other.

        A new one where no graph is left: torch refuses memory that it is about to free.
        """
        if not self._graphs:
            self._pool = torch.cuda.graph_pool_handle()
        return self._pool


@contextmanager
def timed_kernels() -> Iterator[None]:
    """Let cuDNN take the fastest of its kernels for every convolution, by running them.

    Of the deterministic ones: for these it still has to choose, after frames that ran before.
    """
    cudnn = torch.backends.cudnn
    before = cudnn.benchmark, cudnn.deterministic
    cudnn.benchmark = cudnn.deterministic = True
    try:
        yield
    finally:
        cudnn.benchmark, cudnn.deterministic = before


@contextmanager
def _capturing(graph: torch.cuda.CUDAGraph, pool: Any, device: torch.device) -> Iterator[None]:
    """Capture what is launched; after an error torch's allocator is as it was before."""
    # Other threads may allocate meanwhile, as those of a program that hosts an Estimator.
    graph.capture_begin(pool=pool, capture_error_mode='thread_local')
    try:
        yield
    except BaseException:
        with suppress(RuntimeError):  # which follows from the first error and hides it
            _end(graph, pool, device)
        raise
    _end(graph, pool, device)


def _end(graph: torch.cuda.CUDAGraph, pool: Any, device: torch.device) -> None:
    try:
        graph.capture_end()
    except RuntimeError:
        _failed.append(graph)
        _unwind(pool, device)
        raise


def _unwind(pool: Any, device: torch.device) -> None:
    """Tell torch's allocator that a capture is over, which `capture_end` omits when it fails.

    Before torch 2.12 it would count as going on for ever: when memory runs out, none would be
    taken from what is cached, and the stream's memory would go to the capture.
    """
    calls: Any = torch._C  # noqa: SLF001 (no public name)
    end = getattr(calls, '_cuda_endAllocateToPool', None)
    end = end or calls._cuda_endAllocateCurrentStreamToPool  # noqa: SLF001 (before torch 2.8)
    with suppress(RuntimeError):  # where torch told it itself
        end(device.index, pool)
    if TorchVersion(torch.__version__) < KNOWN_UNTIL:
        with suppress(RuntimeError):
            calls._cuda_releasePool(device.index, pool)  # noqa: SLF001
