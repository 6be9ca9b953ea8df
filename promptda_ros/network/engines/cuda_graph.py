# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The network replayed from a CUDA graph: one launch a frame in place of one for every kernel.

A small network is done sooner than the host can launch its kernels one by one.
"""

from __future__ import annotations

from collections.abc import Hashable

import torch
from torch import Tensor

from promptda_ros.network.engines.compiled import Compilable

WARM_UP_RUNS = 3  # in which libraries choose their kernels; torch's own figure


class CudaGraph:
    """A recorded run: inputs are copied to where it reads, depth from where it writes."""

    name = 'CUDA graphs'
    tolerance = 1e-3  # the kernels are the same, but may add up in another order

    def __init__(self, network: Compilable, *inputs: Tensor) -> None:
        self.inputs = [each.clone() for each in inputs]
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.device(inputs[0].device):
            usual = torch.cuda.current_stream()
            # Entered once more, because a recording that fails may leave its own stream behind.
            with torch.cuda.stream(usual):
                self.depth_m = self._record(network, usual)

    @staticmethod
    def key(*inputs: Tensor) -> Hashable:
        """Return the shapes: batches of other sizes are other graphs."""
        return tuple(each.shape for each in inputs)

    def _record(self, network: Compilable, usual: torch.cuda.Stream) -> Tensor:
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(usual)
        with torch.cuda.stream(aside):
            for _ in range(WARM_UP_RUNS):
                network(*self.inputs)
        usual.wait_stream(aside)
        with torch.cuda.graph(self.graph):
            return network(*self.inputs)

    def __call__(self, *inputs: Tensor) -> Tensor:
        """Return depth of its own memory: the next run overwrites that of the graph."""
        for here, given in zip(self.inputs, inputs, strict=True):
            here.copy_(given)
        self.graph.replay()
        return self.depth_m.clone()
