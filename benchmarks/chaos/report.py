# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Bouts -> a table with a row for each fault, and what is wrong in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from benchmarks.chaos.bout import Bout
from benchmarks.chaos.fault import Fault
from benchmarks.results import Cell, Results, Table

TITLE = 'Chaos'
COLUMNS = (
    'fault', 'times', 'outputs judged', 'wrong', 'pairs lost', 'counted as', 'never received',
    'unexplained', 'pairs until recovery',
)  # fmt: skip


def results_of(
    bouts: Sequence[Bout], settings: str, *, missing: Sequence[Fault], ending: Sequence[str]
) -> Results:
    """Return the results; `ending` is what was wrong with the end of the node."""
    names = dict.fromkeys(each.fault for each in bouts)
    rows = [_row(name, [each for each in bouts if each.fault == name]) for name in sorted(names)]
    rows.append(_row('all', bouts))
    left_out = [f'{each.name} was left out: {each.lacks()}' for each in missing]
    figures = [asdict(each) for each in bouts]
    told = [*ending, *troubles(bouts), *left_out]
    tables = [
        Table('', COLUMNS, rows),
        Table('What the faults did', ('what', 'times'), _done(bouts)),
    ]
    return Results(TITLE, tables, settings, told, figures)


def troubles(bouts: Sequence[Bout]) -> list[str]:
    """Return everything that is wrong or unexplained."""
    return [
        f'{bout.fault} ({bout.victim}): {each}'
        for bout in bouts
        for each in (*bout.wrong, *bout.unexplained)
    ]


def _done(bouts: Sequence[Bout]) -> list[tuple[str, int]]:
    done = sum((Counter(each.did) for each in bouts), Counter[str]())
    return sorted(done.items())


def _row(name: str, bouts: Sequence[Bout]) -> list[Cell]:
    reasons = sum((Counter(each.reasons) for each in bouts), Counter[str]())
    return [
        name,
        len(bouts),
        sum(each.judged for each in bouts),
        sum(len(each.wrong) for each in bouts),
        sum(each.lost for each in bouts),
        ', '.join(f'{reason} {count}' for reason, count in sorted(reasons.items())) or '-',
        sum(each.absent for each in bouts),
        sum(len(each.unexplained) for each in bouts),
        max((each.recovery for each in bouts), default=0),
    ]
