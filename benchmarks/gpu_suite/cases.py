# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the suite times, in the order of what matters most, as long as there is time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch

from benchmarks.gpu_suite import engines, networks
from benchmarks.gpu_suite.networks import GFLOP, Size
from benchmarks.gpu_suite.timing import Budget, measure, Spread
from promptda_ros.core.estimator import Estimator
from promptda_ros.network import PromptDepthAnythingForDepthEstimation

OURS, THEIRS, COMPILED = 'ours', 'Hugging Face', 'Hugging Face compiled'
ENGINES = (OURS, THEIRS, COMPILED)
# What one case takes at the most, building and warming up included.
CASE_SEC = {OURS: 8.0, THEIRS: 8.0, COMPILED: 90.0}


@dataclass(frozen=True)
class Case:
    """One thing to time."""

    engine: str
    network: str
    size: Size
    batch: int


@dataclass(frozen=True)
class Row:
    """What became of a case: a spread of milliseconds a batch, or why there is none."""

    engine: str
    network: str
    size: Size
    batch: int
    spread: Spread | None
    bound_ms: float | None  # operations of the batch at the card's peak, where they are known
    why_not: str = ''

    @property
    def megapixels(self) -> float:
        """Of the network's input."""
        return self.size[0] * self.size[1] / 1e6


@dataclass(frozen=True)
class Plan:
    """The suite's whole extent."""

    networks: dict[str, PromptDepthAnythingForDepthEstimation]
    sizes: Sequence[Size]
    batches: Sequence[int]
    device: torch.device
    dtype: torch.dtype
    runs: int
    compiler: str

    def cases(self) -> Iterator[Case]:
        """Yield ours and theirs for single images first, what compiles for long last."""
        for engines_at_once in ((OURS, THEIRS), (COMPILED,)):
            for batch in self.batches:
                for name in self.networks:
                    for size in reversed(self.sizes):
                        for engine in engines_at_once:
                            yield Case(engine, name, size, batch)


def run(plan: Plan, budget: Budget, peak_tflops: float) -> list[Row]:
    """Time every case that there is time for."""
    built = _Built(plan)
    rows = []
    for case in plan.cases():
        rows.append(_row(case, plan, budget, built, peak_tflops))
        print(_line(rows[-1]), flush=True)
    return rows


def _row(case: Case, plan: Plan, budget: Budget, built: _Built, peak_tflops: float) -> Row:
    gflop = GFLOP.get((case.network, case.size))
    bound_ms = case.batch * gflop / peak_tflops if gflop else None
    spread, why_not = None, ''
    if not budget.allows(CASE_SEC[case.engine]):
        why_not = 'left out: no time'
    else:
        try:
            work = built.work(case)
            spread = measure(work, plan.device, runs=plan.runs)
        except torch.cuda.OutOfMemoryError:
            why_not = 'no memory'
        except Exception as error:  # one engine that fails must not cost the others their turn
            why_not = f'failed: {type(error).__name__}: {str(error)[:100]}'
        if why_not and plan.device.type == 'cuda':
            torch.cuda.empty_cache()
    return Row(case.engine, case.network, case.size, case.batch, spread, bound_ms, why_not)


class _Built:
    """The networks on the device, built when first needed."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._ours: dict[str, Estimator] = {}
        self._theirs: dict[str, torch.nn.Module] = {}

    def work(self, case: Case) -> engines.Work:
        """Return the work of a case on inputs of its own."""
        plan, name = self._plan, case.network
        batch = engines.random_batch(np.random.default_rng(1), case.batch, case.size)
        if case.engine == OURS:
            if name not in self._ours:
                plain = plan.networks[name]
                self._ours[name] = networks.estimator(plain, plan.device, plan.dtype)
            return engines.ours(self._ours[name], batch)
        if name not in self._theirs:
            theirs = networks.hugging_face(plan.networks[name])
            self._theirs[name] = theirs.to(device=plan.device, dtype=plan.dtype)
        return engines.theirs(self._way(case), batch)

    def _way(self, case: Case) -> torch.nn.Module:
        network = self._theirs[case.network]
        if case.engine != COMPILED:
            return network
        torch.compiler.reset()  # or the ninth size would not be compiled any more
        compiled = torch.compile(network, backend=self._plan.compiler, dynamic=False)
        return cast(torch.nn.Module, compiled)


def _line(row: Row) -> str:
    result = f'{row.spread.median:.2f} ms' if row.spread else row.why_not
    height, width = row.size
    return f'{row.engine}, {row.network}, {height}x{width}, batch {row.batch}: {result}'
