# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is to be reached on an H200, against what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import operator

from benchmarks.results import Cell, Table

MEAN_MM, P999_MM = 0.5, 3.0  # off the CPU's float32, nearer than 4 m
HOST_MS = {'S': 2.5, 'B': 4.5, 'L': 11.0}
TIMES = 8.0
NOT_MEASURED = 'not measured'
TITLE = 'Goals'
COLUMNS = ('', 'goal', 'measured', '')


@dataclass(frozen=True)
class Goal:
    """A figure and its limit."""

    name: str  # under which the suite notes it
    limit: float
    unit: str
    is_least: bool = False

    def row(self, measured: Mapping[str, float]) -> list[Cell]:
        """Return the row of the table."""
        goal = f'{"at least" if self.is_least else "at most"} {self.limit:g} {self.unit}'
        if self.name not in measured:
            return [self.name, goal, NOT_MEASURED, '']
        found = measured[self.name]
        reaches = operator.ge if self.is_least else operator.le
        return [self.name, goal, found, 'reached' if reaches(found, self.limit) else 'missed']


def host_name(network: str) -> str:
    """Name the time from host to host."""
    return f'{network}, host to host, 756x1008 out'


def times_name(network: str) -> str:
    """Name how often ours goes into the pipeline of Hugging Face."""
    return f'{network}, times as fast as the Hugging Face pipeline'


def error_names(network: str) -> tuple[str, str]:
    """Name the mean error and its 99.9th percentile."""
    return f'{network}, mean error', f'{network}, p99.9 of the error'


def all_goals() -> list[Goal]:
    """Return every goal."""
    names = list(HOST_MS)
    errors = [error_names(name) for name in (*names, 'embedded')]
    return [
        *(Goal(host_name(name), HOST_MS[name], 'ms') for name in names),
        *(Goal(times_name(name), TIMES, 'times', is_least=True) for name in names),
        *(
            Goal(name, limit, 'mm')
            for both in errors
            for name, limit in zip(both, (MEAN_MM, P999_MM), strict=True)
        ),
    ]


def table(measured: Mapping[str, float]) -> Table:
    """Compare every goal with what was measured."""
    return Table(TITLE, COLUMNS, [goal.row(measured) for goal in all_goals()])
