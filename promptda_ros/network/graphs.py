# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The network replayed from CUDA graphs: one launch a frame in place of one for every kernel.

A small network is done sooner than the host can launch its kernels one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

# Each holds the memory of a whole run. What comes later runs without one.
GRAPHS_AT_MOST = 4
WARM_UP_RUNS = 3  # in which libraries choose their kernels; torch's own figure
# Of the depth: the kernels are the same, but may add up in another order.
TOLERANCE = 1e-3

Size = tuple[torch.Size, torch.Size]  # of the pixels and the prompt


class Network(Protocol):
    """What is recorded: a folded network on a CUDA device."""

    patch_px: int

    def __call__(self, pixels: Tensor, prompt_m: Tensor) -> Tensor:
        """Predict metres (B, h, w) from pixels (B, 3, h, w) and prompts (B, 1, hp, wp)."""


class Replay(Protocol):
    """Runs what was recorded on inputs of the recorded size."""

    def __call__(self, pixels: Tensor, prompt_m: Tensor) -> Tensor:
        """Return depth of its own memory."""


class CudaGraph:
    """A recorded run: inputs are copied to where it reads, depth from where it writes."""

    def __init__(self, network: Network, pixels: Tensor, prompt_m: Tensor) -> None:
        self._pixels, self._prompt_m = pixels.clone(), prompt_m.clone()
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.device(pixels.device):
            usual = torch.cuda.current_stream()
            # Entered once more, because a recording that fails may leave its own stream behind.
            with torch.cuda.stream(usual):
                self._depth_m = self._record(network, usual)

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


@dataclass(frozen=True)
class _Missed:
    """Inputs of a size that nothing was recorded for."""

    pixels: Tensor
    prompt_m: Tensor

    @property
    def size(self) -> Size:
        return self.pixels.shape, self.prompt_m.shape


class GraphedNetwork:
    """Replays sizes that it knows and runs the network for all others; never records in a frame.

    A recording that gives other depth than the network is not used. `problem` says why nothing
    more is recorded.
    """

    def __init__(
        self,
        network: Network,
        record: Callable[[Network, Tensor, Tensor], Replay] = CudaGraph,
    ) -> None:
        self.patch_px = network.patch_px
        self.problem = ''
        self._network = network
        self._record = record
        self._replays: dict[Size, Replay] = {}
        self._missed: _Missed | None = None

    def __call__(self, pixels: Tensor, prompt_m: Tensor) -> Tensor:
        """Predict metres (B, h, w)."""
        replay = self._replays.get((pixels.shape, prompt_m.shape))
        if replay is not None:
            return replay(pixels, prompt_m)
        if not self.problem and len(self._replays) < GRAPHS_AT_MOST:
            self._missed = _Missed(pixels, prompt_m)
        return self._network(pixels, prompt_m)

    @property
    def recorded(self) -> int:
        """How many sizes are replayed; any thread may ask."""
        return len(self._replays)

    def forget(self, problem: str = '') -> None:
        """Let go of all recordings and their memory; begin anew unless there is a problem."""
        self._replays.clear()
        self._missed = None
        self.problem = problem

    @torch.inference_mode()
    def record_missed(self) -> None:
        """Record the size that was missed last, which takes some frames' time."""
        missed, self._missed = self._missed, None
        if missed is None:
            return
        try:
            replay = self._record(self._network, missed.pixels, missed.prompt_m)
            # On other inputs: what is left of the recorded run must not pass for an answer.
            others = missed.pixels.flip(-1), 2 * missed.prompt_m
            exact_m, found_m = self._network(*others), replay(*others)
            is_right = torch.allclose(found_m, exact_m, rtol=TOLERANCE, atol=0.0)
        except RuntimeError as error:
            # Of a device that is lost the next frame will tell.
            self.forget(f'no CUDA graphs: {str(error).partition(chr(10))[0]}')
            return
        if not is_right:
            self.forget('no CUDA graphs: one gave other depth than the network')
            return
        self._replays[missed.size] = replay
