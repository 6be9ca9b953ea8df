# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether the fast path says what the plain network says in float32."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
import math

import numpy as np
import torch
from torch import Tensor

from benchmarks.gpu_suite import engines, goals
from benchmarks.gpu_suite.bench import Bench, NO_TIME
from benchmarks.gpu_suite.networks import Size
from promptda_ros.core.runtime.number_modes import require_exact_numbers

TRIALS = 3
NEAR_M = 4.0
# Of random weights nobody knows how large errors are in millimetres. There the plain network in
# the fast path's number format is the measure.
SHARE_OF_PLAIN = 2.0
ROUNDING_MM = 0.05
TITLE = 'Against float32, nearer than 4 m'
COLUMNS = ('', 'mean mm', 'p99.9 mm', 'eager network: mean mm', 'its p99.9 mm', '')
CHECK_SEC = {'tiny': 2.0, 'S': 10.0, 'B': 15.0, 'L': 30.0}  # at the most, building included


@dataclass(frozen=True)
class Errors:
    """How far depths (nearer than 4 m) are from those of the plain network in float32.

    The largest of a million pixels says what one of them is like, and is no measure.
    """

    mean_mm: float
    p999_mm: float
    is_complete: bool  # every pixel was written anew, in every trial

    @classmethod
    def of(cls, found_m: Sequence[Tensor], exact_m: Sequence[Tensor]) -> Errors:
        """Compare depths of equal shapes, pair by pair."""
        pairs = zip(found_m, exact_m, strict=True)
        off_mm = torch.cat(
            [
                1e3 * (found.float().cpu() - exact.float().cpu()).abs()[exact.cpu() < NEAR_M]
                for found, exact in pairs
            ]
        )
        p999_mm = float(np.percentile(off_mm.numpy(), 99.9)) if off_mm.numel() else math.nan
        return cls(float(off_mm.mean()), p999_mm, bool(off_mm.isfinite().all()))

    def within(self, plain: Errors, *, real: bool) -> bool:
        """Tell whether the fast path may be used."""
        if not self.is_complete:
            return False
        if real:
            return self.mean_mm <= goals.MEAN_MM and self.p999_mm <= goals.P999_MM
        pairs = ((self.mean_mm, plain.mean_mm), (self.p999_mm, plain.p999_mm))
        return all(own <= SHARE_OF_PLAIN * other + ROUNDING_MM for own, other in pairs)


def check(bench: Bench, name: str, batch: int) -> list[str]:
    """Compare the fast path, and the plain network in its format, with the plain one in float32.

    Returns the name of what is wrong.
    """
    label = f'{name}, batch {batch}'
    verdicts: list[bool] = []

    def work() -> None:
        fast, slow = _errors_of(bench, name, batch)
        verdicts.append(fast.within(slow, real=name in bench.plan.folders))
        if batch == 1:
            note(bench, name, fast)
        figures = [fast.mean_mm, fast.p999_mm, slow.mean_mm, slow.p999_mm]
        verdict = 'right' if verdicts[0] else 'WRONG'
        bench.journal.add(TITLE, COLUMNS, [label, *figures, verdict])

    why_not = bench.attempt(work) if bench.budget.allows(CHECK_SEC[name]) else NO_TIME
    if why_not:
        bench.journal.add(TITLE, COLUMNS, [label, why_not, '', '', '', 'not checked'])
    return [label] if verdicts == [False] else []


def note(bench: Bench, name: str, errors: Errors) -> None:
    """Note errors of a network that there are goals for."""
    if bench.plan.is_on_card:
        figures = errors.mean_mm, errors.p999_mm
        bench.journal.measured.update(zip(goals.error_names(name), figures, strict=True))


def _errors_of(bench: Bench, name: str, batch: int) -> tuple[Errors, Errors]:
    exact = bench.plain(name)
    plain = deepcopy(exact).to(bench.plan.precision.products)
    fast, slow = (
        compare(
            make,
            partial(engines.theirs, exact),
            size=bench.plan.sizes[-1],
            count=batch,
            seed=batch,
        )
        for make in (partial(engines.ours, bench.ours(name)), partial(engines.theirs, plain))
    )
    return fast, slow


def compare(
    make: Callable[[engines.Batch], engines.Work],
    reference: Callable[[engines.Batch], engines.Work],
    *,
    size: Size,
    count: int,
    seed: int,
) -> Errors:
    """Run both on fresh inputs; what the last run wrote is poisoned before the next one.

    A run that answers with an older result, or leaves pixels out, then answers with NaN.
    """
    require_exact_numbers()
    random = np.random.default_rng(seed)
    found_m, right_m = [], []
    last_m: torch.Tensor | None = None
    for _ in range(TRIALS):
        batch = engines.random_batch(random, count, size)
        work = make(batch)
        if last_m is not None:
            with torch.inference_mode():
                last_m.fill_(torch.nan)
        last_m = work()
        right_m.append(reference(batch)().cpu())
        found_m.append(last_m.cpu().clone())
    return Errors.of(found_m, right_m)
