# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The network compiled for the sizes that come, because that runs faster than torch alone.

What compiles is chosen by device and setting: `cuda_graph.py`, `torch_compile.py`,
`openvino_model.py`, `tensorrt_engine.py`.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
import math
import time
from typing import Protocol

import torch
from torch import Tensor

from promptda_ros.core.runtime.faults import fault_of, OutOfMemory
from promptda_ros.core.runtime.memory import free_unused_memory
from promptda_ros.network.engines.agreement import disagreement

# Each may hold the memory of a whole run. What comes later runs without.
SIZES_AT_MOST = 4
LONGEST_SEC = 120.0  # that a compilation takes, except where kernels are timed one by one
LONGEST_REASON = 300  # characters of an error, which may be a page
# Whoever took the memory may give it back. Each try in vain costs a pause.
FIRST_TRY_SEC = 60.0
LAST_TRY_SEC = 3600.0
TIMED_RUNS = 5


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
    outliers: float  # share of the pixels that may exceed it
    least_gain: float  # share of the next compiler's time that it must save, or that one runs
    longest_sec: float  # that a compilation may take before it counts as hanging

    def key(self, *inputs: Tensor) -> Hashable:
        """Return what inputs have in common that are served by one run."""

    def __call__(self, network: Compilable, *inputs: Tensor) -> Run:
        """Return what runs the network."""


@dataclass(frozen=True)
class Refusal:
    """Why a compiler is not used."""

    text: str
    may_pass: bool = False  # as when memory is short


class MayPass(RuntimeError):
    """A compiler failed for a reason that may be gone later."""


class CompiledNetwork:
    """Runs sizes that it knows compiled and all others as they are; never compiles in a frame.

    With `compiles_in_frames` it does, so that every frame of a size runs the same way. What gives
    other depth than the network is not used. `problem` says why nothing more is compiled.
    `compiling_since_ns` is when the last compilation began (time.monotonic_ns), and `longest_sec`
    how long it may take.
    """

    def __init__(self, network: Compilable, *compilers: Compiler) -> None:
        """Take compilers in the order in which they are tried."""
        self.patch_px = network.patch_px
        self.problem = ''
        self.refused: list[str] = []  # compilers that another one stands in for, with the reason
        self.longest_sec = 0.0
        self.compiling_since_ns = 0
        self.is_compiling = False
        self.compiles_in_frames = False
        self._network = network
        self._compilers = list(compilers)  # the first is in use
        self._runs: dict[Hashable, Run] = {}
        self._refused_sizes: dict[Hashable, str] = {}  # with the reason
        self._has_compiled = False  # the one in use, what is in `_runs`
        self._at_start = ''  # name of another one, which compiled what is in `_runs` at start
        self._missed: tuple[Tensor, ...] = ()  # inputs that nothing was compiled for
        self._is_settled = False  # whether the first compiler pays
        self._wait_sec = FIRST_TRY_SEC
        self._short_at_sec = -math.inf  # when memory was short
        self._next_try_sec = math.inf  # after a problem

    def __call__(self, *inputs: Tensor) -> Tensor:
        """Predict metres (B, ...)."""
        key = self._compilers[0].key(*inputs)
        run = self._runs.get(key)
        if run is not None:
            return run(*inputs)
        tried = len(self._runs) + len(self._refused_sizes)
        if self.compiles_in_frames and tried >= SIZES_AT_MOST:
            self.forget()  # also the fifth size runs as it would have run first
            tried = 0
        if self._may_compile and key not in self._refused_sizes and tried < SIZES_AT_MOST:
            self._missed = inputs
        if self.compiles_in_frames and self._missed:
            self.compile_missed()
            return self._runs.get(self._compilers[0].key(*inputs), self._network)(*inputs)
        return self._network(*inputs)

    @property
    def name(self) -> str:
        """What compiles."""
        return self._compilers[0].name

    @property
    def runs_by(self) -> str:
        """What compiled, and compiles."""
        return f'{self._at_start} and {self.name}' if self._at_start else self.name

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
        now = self.problem or f'{self.runs_by}, sizes compiled: {self.sizes}'
        return '; '.join((now, *self.refused, *self._refused_sizes.values()))

    def end_start(self) -> None:
        """Keep of what was compiled for a made-up frame only what took long to compile.

        What must be faster than the next to be used is not worth a long pause between frames:
        the next compiles what comes later.
        """
        first = self._compilers[0]
        if first.least_gain and len(self._compilers) > 1:
            self._compilers.pop(0)
            self._at_start = first.name if self._runs else ''
            self._has_compiled = False
        elif first.longest_sec <= LONGEST_SEC and not self.problem:
            self.forget()

    def forget(self, problem: str = '') -> None:
        """Discard all compiled runs; compile again unless there is a problem."""
        self._runs.clear()
        self._refused_sizes.clear()
        self._has_compiled, self._at_start = False, ''
        self._missed = ()
        self._next_try_sec = math.inf
        self.problem = f'torch alone, no {self.name}: {problem}' if problem else ''

    def make_room(self, problem: str) -> None:
        """Discard all compiled runs after running out of memory; compile again after a while.

        The wait doubles if memory runs out again soon after each try.
        """
        now_sec = time.monotonic()
        is_again = now_sec - self._short_at_sec < 2 * self._wait_sec
        self._wait_sec = min(2 * self._wait_sec, LAST_TRY_SEC) if is_again else FIRST_TRY_SEC
        self._short_at_sec = now_sec
        self.forget(problem)
        self._next_try_sec = now_sec + self._wait_sec

    @torch.inference_mode()
    def compile_missed(self) -> None:
        """Compile for the last size seen uncompiled; stalls for several frames."""
        missed, self._missed = self._missed, ()
        if not missed:
            return
        # One after the other, and fewer once one of them is refused.
        self.longest_sec = sum(each.longest_sec for each in self._compilers)
        self.compiling_since_ns = time.monotonic_ns()
        self.is_compiling = True
        try:
            self._compile(missed)
        finally:
            self.is_compiling = False

    @property
    def _may_compile(self) -> bool:
        return not self.problem or time.monotonic() >= self._next_try_sec

    def _compile(self, missed: tuple[Tensor, ...]) -> None:
        run = self._run_of(self._compilers[0], missed)
        while isinstance(run, Refusal) and not run.may_pass and self._may_go_on:
            self._go_on(run.text)
            run = self._run_of(self._compilers[0], missed)
        if isinstance(run, Refusal):
            self._do_without(run, missed)
            return
        if not self._is_settled and len(self._compilers) > 1:
            run = self._faster(run, missed)
        self.problem = ''
        self._runs[self._compilers[0].key(*missed)] = run
        self._has_compiled = True

    @property
    def _may_go_on(self) -> bool:
        return not self._has_compiled and len(self._compilers) > 1

    def _do_without(self, refusal: Refusal, missed: tuple[Tensor, ...]) -> None:
        if refusal.may_pass:
            self.make_room(refusal.text)
        elif self._runs:  # which are right, whatever fails for another size
            size = 'x'.join(str(side) for side in missed[0].shape)
            text = f'torch alone for {size}, no {self.name}: {refusal.text}'
            self._refused_sizes[self._compilers[0].key(*missed)] = text
        else:
            self.forget(refusal.text)

    def _run_of(self, compiler: Compiler, missed: tuple[Tensor, ...]) -> Run | Refusal:
        try:
            run = compiler(self._network, *missed)
            text = disagreement(
                self._network,
                run,
                missed,
                tolerance=compiler.tolerance,
                outliers=compiler.outliers,
            )
            refusal = Refusal(text)
        except RuntimeError as error:
            # Of a device that is lost the next frame will tell.
            text = ' '.join(str(error).split())[:LONGEST_REASON]
            refusal = Refusal(text, may_pass=_may_pass(error))
        if not refusal.text:
            return run
        free_unused_memory()  # of which an error holds some until here
        return refusal

    def _faster(self, run: Run, missed: tuple[Tensor, ...]) -> Run:
        """Return the run, or that of the next compiler if the first does not pay, once for all.

        The next one that works: without it nothing would be known of the first.
        """
        first, *others = self._compilers
        self._is_settled = True
        if not first.least_gain:
            return run
        reasons = []
        for compiler in others:
            other = self._run_of(compiler, missed)
            if isinstance(other, Refusal):
                reasons.append(other.text)
                continue
            reason = _too_slow(run, other, missed, first.least_gain, compiler.name)
            if not reason:
                return run
            for each in (reason, *reasons):
                self._go_on(each)
            return other
        return run

    def _go_on(self, reason: str) -> None:
        """Let the next compiler stand in for the one in use, which compiled nothing."""
        refused = self._compilers.pop(0)
        self.refused.append(f'no {refused.name}: {reason}')


def _may_pass(error: RuntimeError) -> bool:
    return isinstance(error, MayPass) or fault_of(error) is OutOfMemory


def _too_slow(
    run: Run, other: Run, inputs: tuple[Tensor, ...], least_gain: float, name: str
) -> str:
    """Say by how much a run fails to save a share of the time of another; empty: it saves it."""
    took_ms, other_ms = (1e3 * _least_sec(each, inputs) for each in (run, other))
    most_ms = (1 - least_gain) * other_ms
    if took_ms <= most_ms:
        return ''
    return f'{took_ms:.2f} ms > {most_ms:.2f} ms, {name} takes {other_ms:.2f} ms'


def _least_sec(run: Run, inputs: tuple[Tensor, ...]) -> float:
    """Return the least time of several runs, until the depth is there."""
    device, times_sec = inputs[0].device, []
    for _ in range(TIMED_RUNS):
        begun_sec = time.perf_counter()
        run(*inputs)
        if device.type == 'cuda':
            torch.cuda.synchronize(device)
        times_sec.append(time.perf_counter() - begun_sec)
    return min(times_sec)
