# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What every part of the suite works with: the plan, the time that is left, networks, results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from benchmarks.gpu_suite import networks
from benchmarks.gpu_suite.journal import Journal
from benchmarks.gpu_suite.networks import Shape, Size
from benchmarks.gpu_suite.timing import Budget, measure, Spread
from benchmarks.results import Cell
from promptda_ros.core.estimator import Estimator
from promptda_ros.network import PromptDepthAnythingForDepthEstimation
from promptda_ros.network.engines.precision import Precision

OURS, THEIRS, COMPILED = 'ours', 'Hugging Face', 'Hugging Face compiled'
ENGINES = (OURS, THEIRS, COMPILED)
NO_TIME = 'left out: no time'
# What one row takes at the most, building and warming up included.
ROW_SEC = {OURS: 8.0, THEIRS: 15.0, COMPILED: 90.0}


@dataclass(frozen=True)
class Plan:
    """The suite's whole extent."""

    shapes: Mapping[str, Shape]
    folders: Mapping[str, Path]
    sizes: Sequence[Size]  # of the network's input, the largest last
    images: Sequence[Size]  # of cameras, of which the first is the network's size
    batches: Sequence[int]
    cameras: Sequence[int]
    device: torch.device
    precision: Precision
    runs: int
    compiler: str
    side: int  # of the matrices by which the peak is found
    load: Mapping[str, str]  # settings of load_model, by name

    @property
    def is_on_card(self) -> bool:
        """Whether figures say anything about goals."""
        return self.device.type == 'cuda'


@dataclass(frozen=True)
class Timed:
    """What became of a row: a spread of milliseconds, or why there is none."""

    spread: Spread | None = None
    remark: str = ''  # what ran in place of what the row is named after
    why_not: str = ''

    def name(self, engine: str) -> str:
        """Name the engine of a row, and what it lacked."""
        return f'{engine} ({self.remark})' if self.remark else engine

    def cells(self) -> list[Cell]:
        """Return the median and the spread for a table."""
        if self.spread is None:
            return [self.why_not, '']
        return [self.spread.median, f'{self.spread.p5:.2f} to {self.spread.p95:.2f}']


@dataclass
class Bench:
    """The networks on the device are built when first needed."""

    plan: Plan
    budget: Budget
    journal: Journal
    _plain: dict[str, PromptDepthAnythingForDepthEstimation] = field(default_factory=dict)
    _ours: dict[str, Estimator] = field(default_factory=dict)
    _theirs: dict[str, torch.nn.Module] = field(default_factory=dict)

    def plain(self, name: str) -> PromptDepthAnythingForDepthEstimation:
        """Return the network as it is written down, in float32."""
        if name not in self._plain:
            plan = self.plan
            self._plain[name] = networks.make(
                plan.shapes[name], plan.folders.get(name), device=plan.device
            )
        return self._plain[name]

    def ours(self, name: str) -> Estimator:
        """Return what the node runs, in the number formats of the plan."""
        if name not in self._ours:
            plan = self.plan
            self._ours[name] = networks.estimator(self.plain(name), plan.device, plan.precision)
        return self._ours[name]

    def theirs(self, name: str) -> torch.nn.Module:
        """Return the network of transformers in the same number format."""
        if name not in self._theirs:
            made = networks.hugging_face(self.plain(name))
            self._theirs[name] = made.to(
                device=self.plan.device, dtype=self.plan.precision.products
            )
        return self._theirs[name]

    def time(
        self,
        make: Callable[[], Callable[[], object]],
        *,
        engine: str = OURS,
        runs_on: Callable[[], Estimator] | None = None,
        clock: torch.device = networks.CPU,
    ) -> Timed:
        """Time what is made, if there is time; one row that fails costs the others nothing.

        runs_on: the estimator whose compilers name the row. clock: the device whose time counts,
        a CPU's for what ends on the host.
        """
        if not self.budget.allows(ROW_SEC[engine]):
            return Timed(why_not=NO_TIME)
        taken: list[Timed] = []

        def work() -> None:
            spread = measure(make(), clock, runs=self.plan.runs)
            taken.append(Timed(spread, networks.remark(runs_on()) if runs_on else ''))

        why_not = self.attempt(work)
        return Timed(why_not=why_not) if why_not else taken[0]

    def attempt(self, work: Callable[[], object]) -> str:
        """Do a part of the suite; return why it failed, which costs the others nothing."""
        try:
            work()
        except torch.cuda.OutOfMemoryError:
            why_not = 'no memory'
        except Exception as error:  # of whatever an engine fails
            why_not = f'failed: {type(error).__name__}: {" ".join(str(error).split())[:150]}'
        else:
            return ''
        if self.plan.is_on_card:
            torch.cuda.empty_cache()
        return why_not

    def part(self, what: str, seconds: float, work: Callable[[], object]) -> None:
        """Do a part of the suite, if there is time; say what became of it if it was not done."""
        why_not = self.attempt(work) if self.budget.allows(seconds) else NO_TIME
        if why_not:
            self.journal.lose(f'{what}: {why_not}')
