# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a run has said so far, as a table on disk and as a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import csv
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from promptda_ros.training.judge import Verdict

LOG = 'log.csv'
CURVES = 'curves.png'
FIELDS = ('step', 'what', 'value')
MARKED_POINTS = 32  # more make a line of their own


@dataclass(frozen=True)
class Row:
    """One number: the loss, or a sensor's error relative to bilinear upsampling."""

    step: int
    what: str
    value: float


class History:
    """Appends to a folder's log; a resumed run forgets what came after its checkpoint."""

    def __init__(self, folder: Path, step: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        # A run that has taken no step judges its start anew.
        self._rows = [row for row in read_log(folder / LOG) if step and row.step <= step]
        with self._path.open('w', newline='', encoding='utf-8') as file:
            csv.writer(file).writerow(FIELDS)
        self._append(self._rows)

    @property
    def _path(self) -> Path:
        return self._folder / LOG

    def add_loss(self, step: int, loss: float) -> None:
        """Note the mean loss of the last steps."""
        self._add([Row(step, 'loss', loss)])

    def add_verdicts(self, step: int, verdicts: Sequence[Verdict]) -> None:
        """Note errors relative to bilinear upsampling, and draw the curves anew."""
        self._add(
            row
            for one in verdicts
            for row in (
                Row(step, f'{one.sensor} MAE', one.mae_m / one.bilinear_mae_m),
                Row(step, f'{one.sensor} edge band', one.edge_mae_m / one.bilinear_edge_mae_m),
            )
        )
        _draw(self._rows, self._folder / CURVES)

    def _add(self, rows: Iterable[Row]) -> None:
        added = list(rows)
        self._rows += added
        self._append(added)

    def _append(self, rows: Sequence[Row]) -> None:
        with self._path.open('a', newline='', encoding='utf-8') as file:
            csv.writer(file).writerows([row.step, row.what, f'{row.value:.6g}'] for row in rows)


def read_log(path: Path) -> list[Row]:
    """Read what a run has written; nothing when there is no log."""
    if not path.exists():
        return []
    with path.open(newline='', encoding='utf-8') as file:
        return [Row(int(r['step']), r['what'], float(r['value'])) for r in csv.DictReader(file)]


def _draw(rows: Sequence[Row], path: Path) -> None:
    figure = Figure(figsize=(10, 4), layout='constrained')
    left, right = figure.subplots(1, 2)
    left.set(title='loss', xlabel='step', yscale='log')
    right.set(title='error / error of bilinear, validation frames', xlabel='step')
    for what in dict.fromkeys(row.what for row in rows):
        steps, values = zip(
            *((row.step, row.value) for row in rows if row.what == what), strict=True
        )
        axes = left if what == 'loss' else right
        axes.plot(steps, values, label=what, marker='' if len(steps) > MARKED_POINTS else '.')
    right.axhline(1, color='grey', linewidth=0.8)
    if right.lines[:-1]:
        right.legend(fontsize='small')
    figure.savefig(path, dpi=100)
