# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What was found so far, on the disk after every row: a suite that is ended loses one row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.gpu_suite import goals
from benchmarks.results import Cell, machine, replace_text, Results, Table

TITLE_SHOWN = 20  # characters, of a row on the screen
UNFINISHED = 'The suite was ended before its end: rows are missing.'


@dataclass
class Journal:
    """Tables in the order in which they begin, then goals against what was measured."""

    path: Path  # of the JSON; the tables in Markdown lie beside it
    title: str
    settings: str = ''
    measured: dict[str, float] = field(default_factory=dict)  # what goals are about, by name
    figures: dict[str, Any] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    tables: dict[str, Table] = field(default_factory=dict)
    _machine: dict[str, str] = field(default_factory=machine)

    def put(self, table: Table) -> None:
        """Take a table in place of the one of this title."""
        self.tables[table.title] = table
        self._write(self._results([UNFINISHED]))

    def add(self, title: str, columns: Sequence[str], row: Sequence[Cell]) -> None:
        """Add a row to a table."""
        before = self.tables.get(title)
        self.put(Table(title, columns, [*(before.rows if before else ()), row]))
        print(f'{title[:TITLE_SHOWN]} | {_line(row)}', flush=True)

    def lose(self, sentence: str) -> None:
        """Say once what is missing."""
        if sentence not in self.lost:
            self.lost.append(sentence)

    def finish(self) -> None:
        """Write everything for the last time, and print it."""
        results = self._results()
        self._write(results)
        print('\n' + results.markdown() + f'\nwritten to {self.path}', flush=True)

    def _results(self, unfinished: Sequence[str] = ()) -> Results:
        return Results(
            title=self.title,
            tables=[*self.tables.values(), goals.table(self.measured)],
            settings=self.settings,
            lost=[*self.lost, *unfinished],
            figures={**self.figures, 'measured': self.measured},
            machine=self._machine,
        )

    def _write(self, results: Results) -> None:
        results.write(self.path)
        replace_text(self.path.with_suffix('.md'), results.markdown())


def _line(row: Sequence[Cell]) -> str:
    """Return a row for the screen."""
    return ' | '.join(f'{cell:.4g}' if isinstance(cell, float) else str(cell) for cell in row)
