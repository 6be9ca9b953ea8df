# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The networks alone, on inputs that are on the device, in the order of what matters most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import cast

import numpy as np
import torch

from benchmarks.gpu_suite import engines
from benchmarks.gpu_suite.bench import Bench, COMPILED, ENGINES, OURS, Plan, THEIRS, Timed
from benchmarks.gpu_suite.networks import GFLOP, Size
from benchmarks.results import Cell, Table

TITLE = 'On the device'
COLUMNS = (
    '',
    'height x width',
    'batch',
    'median ms',
    '5 to 95 %',
    'images/s',
    'bound ms',
    'times',
)


@dataclass(frozen=True)
class Case:
    """One thing to time."""

    engine: str
    network: str
    size: Size
    batch: int


@dataclass(frozen=True)
class Row:
    """What became of a case."""

    case: Case
    timed: Timed
    bound_ms: float | None  # operations of the batch at the card's peak, where they are known

    @property
    def megapixels(self) -> float:
        """Of the network's input."""
        return self.case.size[0] * self.case.size[1] / 1e6

    @property
    def work(self) -> tuple[str, Size, int]:
        """What other engines do as well."""
        return self.case.network, self.case.size, self.case.batch


def cases_of(plan: Plan) -> Iterator[Case]:
    """Yield ours and theirs for single images first, what compiles for long last."""
    for engines_at_once in ((OURS, THEIRS), (COMPILED,)):
        for batch in plan.batches:
            for name in plan.shapes:
                for size in reversed(plan.sizes):
                    for engine in engines_at_once:
                        yield Case(engine, name, size, batch)


def run(bench: Bench, peak_tflops: float | None) -> list[Row]:
    """Time every case that there is time for."""
    rows: list[Row] = []
    for case in cases_of(bench.plan):
        rows.append(row_of(case, bench, peak_tflops))
        _note(rows, bench)
    return rows


def row_of(case: Case, bench: Bench, peak_tflops: float | None) -> Row:
    """Time one case, if there is time."""
    gflop = GFLOP.get((case.network, case.size))
    timed = bench.time(
        lambda: _work(case, bench),
        engine=case.engine,
        runs_on=(lambda: bench.ours(case.network)) if case.engine == OURS else None,
        clock=bench.plan.device,
    )
    bound_ms = case.batch * gflop / peak_tflops if gflop and peak_tflops else None
    return Row(case, timed, bound_ms)


def _work(case: Case, bench: Bench) -> engines.Work:
    """Return the work of a case on inputs of its own."""
    batch = engines.random_batch(np.random.default_rng(1), case.batch, case.size)
    if case.engine == OURS:
        return engines.ours(bench.ours(case.network), batch)
    network = bench.theirs(case.network)
    if case.engine == COMPILED:
        torch.compiler.reset()  # or the ninth size would not be compiled any more
        compiled = torch.compile(network, backend=bench.plan.compiler, dynamic=False)
        network = cast(torch.nn.Module, compiled)
    return engines.theirs(network, batch)


def _note(rows: Sequence[Row], bench: Bench) -> None:
    """Write all rows down, and say the last one."""
    newest, journal = rows[-1], bench.journal
    if newest.timed.why_not:
        case = newest.case
        journal.lose(f'{case.engine}, {case.network}: {newest.timed.why_not}')
    journal.figures['rows'] = [asdict(row) for row in rows]
    journal.put(Table(TITLE, COLUMNS, table_rows(rows)))
    print(_line(newest), flush=True)


def table_rows(rows: Sequence[Row]) -> list[list[Cell]]:
    """Return the rows, those of equal work behind one another."""
    ours_ms = {
        row.work: row.timed.spread.median
        for row in rows
        if row.case.engine == OURS and row.timed.spread
    }
    ordered = sorted(rows, key=lambda row: (*row.work, ENGINES.index(row.case.engine)))
    return [_table_row(row, ours_ms.get(row.work)) for row in ordered]


def _table_row(row: Row, ours_ms: float | None) -> list[Cell]:
    case, timed = row.case, row.timed
    height, width = case.size
    bound: Cell = '' if row.bound_ms is None else row.bound_ms
    per_sec: Cell = ''
    times: Cell = ''
    if timed.spread is not None:
        per_sec = 1e3 * case.batch / timed.spread.median
        times = '' if ours_ms is None else timed.spread.median / ours_ms
    named: list[Cell] = [
        f'{case.network} {timed.name(case.engine)}',
        f'{height}x{width}',
        case.batch,
    ]
    return [*named, *timed.cells(), per_sec, bound, times]


def _line(row: Row) -> str:
    result = f'{row.timed.spread.median:.2f} ms' if row.timed.spread else row.timed.why_not
    height, width = row.case.size
    name = row.timed.name(row.case.engine)
    return f'{name}, {row.case.network}, {height}x{width}, batch {row.case.batch}: {result}'
