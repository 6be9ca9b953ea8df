# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The network replayed from a CUDA graph: one launch a frame in place of one for every kernel.

A small network is done sooner than the host can launch its kernels one by one.
"""

from __future__ import annotations

from collections.abc import Hashable

import torch
from torch import Tensor

from promptda_ros.network.compiled import Network

WARM_UP_RUNS = 3  # in which libraries choose their kernels; torch's own figure


class CudaGraph:
    """A recorded run: inputs are copied to where it reads, depth from where it writes."""

    name = 'CUDA graphs'
    tolerance = 1e-3  # the kernels are the same, but may add up in another order

    def __init__(self, network: Network, pixels: Tensor, prompt_m: Tensor) -> None:
        self._pixels, self._prompt_m = pixels.clone(), prompt_m.clone()
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.device(pixels.device):
            usual = torch.cuda.current_stream()
            # Entered once more, because a recording that fails may leave its own stream behind.
            with torch.cuda.stream(usual):
                self._depth_m = self._record(network, usual)

    @staticmethod
    def key(pixels: Tensor, prompt_m: Tensor) -> Hashable:
        """Return the shapes: batches of other sizes are other graphs."""
        return pixels.shape, prompt_m.shape

    def _record(self, network: Network, usual: torch.cuda.Stream) -> Tensor:
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(usual)
        with torch.cuda.stream(aside):
            for _ in range(WARM_UP_RUNS):
                network(self._pixels, self._prompt_m)
        usual.wait_stream(aside)
        with torch.cuda.graph(self._graph):
            return network(self._pixels, self._prompt_m)

    def __call__(self, pixels: Tensor, prompt_m: Tensor) -> Tensor:
        """Return depth of its own memory: the next run overwrites that of the graph."""
        self._pixels.copy_(pixels)
        self._prompt_m.copy_(prompt_m)
        self._graph.replay()
        return self._depth_m.clone()
