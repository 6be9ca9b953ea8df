# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The network compiled for the sizes that come, because that runs faster than torch alone.

What compiles is chosen by device: `cuda_graph.py`, `openvino_model.py`.
"""

from __future__ import annotations

from collections.abc import Hashable
import time
from typing import Protocol

import torch
from torch import Tensor

# Each may hold the memory of a whole run. What comes later runs without.
SIZES_AT_MOST = 4
LONGEST_REASON = 300  # characters of an error, which may be a page


class Compilable(Protocol):
    """What is compiled: a folded network or an anchor, on its device."""

    patch_px: int

    def __call__(self, *inputs: Tensor) -> Tensor:
        """Predict metres, of the batch of the inputs: every other of them is in metres."""


class Run(Protocol):
    """The network compiled for inputs of one key."""

    def __call__(self, *inputs: Tensor) -> Tensor:
        """Return depth of its own memory."""


class Compiler(Protocol):
    """Compiles a network for inputs like the given ones; RuntimeError says why not."""

    name: str
    tolerance: float  # of the depth, for sums that are made in another order

    def key(self, *inputs: Tensor) -> Hashable:
        """Return what inputs have in common that are served by one run."""

    def __call__(self, network: Compilable, *inputs: Tensor) -> Run:
        """Return what runs the network."""


class CompiledNetwork:
    """Runs sizes that it knows compiled and all others as they are; never compiles in a frame.

    What gives other depth than the network is not used. `problem` says why nothing more is
    compiled. `compiling_since_ns` is when the last compilation began (time.monotonic_ns).
    """

    def __init__(self, network: Compilable, compiler: Compiler) -> None:
        self.patch_px = network.patch_px
        self.name = compiler.name
        self.problem = ''
        self.compiling_since_ns = 0
        self.is_compiling = False
        self._network = network
        self._compiler = compiler
        self._runs: dict[Hashable, Run] = {}
        self._missed: tuple[Tensor, ...] = ()  # inputs that nothing was compiled for

    def __call__(self, *inputs: Tensor) -> Tensor:
        """Predict metres (B, ...)."""
        key = self._compiler.key(*inputs)
        run = self._runs.get(key)
        if run is not None:
            return run(*inputs)
        if not self.problem and len(self._runs) < SIZES_AT_MOST:
            self._missed = inputs
        return self._network(*inputs)

    @property
    def has_missed(self) -> bool:
        """Whether `compile_missed` has something to compile."""
        return bool(self._missed)

    @property
    def sizes(self) -> int:
        """How many sizes run compiled; any thread may ask."""
        return len(self._runs)

    def describe(self) -> str:
        """Say what runs the network."""
        return self.problem or f'{self.name}, sizes compiled: {self.sizes}'

    def forget(self, problem: str = '') -> None:
        """Discard all compiled runs; compile again unless there is a problem."""
        self._runs.clear()
        self._missed = ()
        self.problem = f'torch alone, no {self.name}: {problem}' if problem else ''

    @torch.inference_mode()
    def compile_missed(self) -> None:
        """Compile for the last size seen uncompiled; stalls for several frames."""
        missed, self._missed = self._missed, ()
        if not missed:
            return
        self.compiling_since_ns = time.monotonic_ns()
        self.is_compiling = True
        try:
            self._compile(missed)
        finally:
            self.is_compiling = False

    def _compile(self, missed: tuple[Tensor, ...]) -> None:
        try:
            run = self._compiler(self._network, *missed)
            off = self._largest_difference(run, missed)
        except RuntimeError as error:
            # Of a device that is lost the next frame will tell.
            self.forget(' '.join(str(error).split())[:LONGEST_REASON])
            return
        if off > self._compiler.tolerance:
            self.forget(f'its depth is {off:.1e} off that of torch > {self._compiler.tolerance:g}')
            return
        self._runs[self._compiler.key(*missed)] = run

    def _largest_difference(self, run: Run, missed: tuple[Tensor, ...]) -> float:
        """Return how far the depth is off at most, as a share of it.

        On other inputs: what is left of the compiler's own run must not pass for an answer.
        """
        turned = [each.flip(-2, -1) for each in missed]
        others = [2 * each if number % 2 else each for number, each in enumerate(turned)]
        exact_m, found_m = self._network(*others), run(*others)
        return float((found_m / exact_m - 1).abs().nan_to_num(nan=torch.inf).max())
