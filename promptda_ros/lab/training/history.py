# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The log of a run: a table on disk, and curves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import csv
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from promptda_ros.core.errors import FileError
from promptda_ros.core.output_folder import OutputFolder
from promptda_ros.lab.training.judge import SensorErrors

LOG = 'log.csv'
CURVES = 'curves.png'
FIELDS = ('step', 'what', 'value')
LOSS = 'loss'
MAE, EDGE = ERRORS = ' MAE', ' edge band'  # behind the name of a sensor
MARKED_POINTS = 32  # more make a line of their own


@dataclass(frozen=True)
class LogRow:
    """One number: the loss, or a sensor's error relative to bilinear upsampling."""

    step: int
    what: str
    value: float


class TrainingLog:
    """Appends to a folder's log; a resumed run forgets what came after its checkpoint."""

    def __init__(self, folder: Path, step: int) -> None:
        self._folder = folder
        # A run that has taken no step judges its start anew.
        self._rows = [row for row in read_log(folder / LOG) if step and row.step <= step]
        self._write()

    def add_loss(self, step: int, loss: float) -> None:
        """Note the mean loss of the last steps."""
        self._add([LogRow(step, LOSS, loss)])

    def add_verdicts(self, step: int, verdicts: Sequence[SensorErrors]) -> None:
        """Record errors relative to bilinear upsampling, and redraw the curves."""
        self._add(
            row
            for one in verdicts
            for row in (
                LogRow(step, f'{one.sensor}{MAE}', one.relative_mae),
                LogRow(step, f'{one.sensor}{EDGE}', one.relative_edge_mae),
            )
        )
        with OutputFolder(self._folder) as unfinished:
            _draw(self._rows, unfinished / CURVES)

    def _add(self, rows: Iterable[LogRow]) -> None:
        self._rows += rows
        self._write()

    def _write(self) -> None:
        with (
            OutputFolder(self._folder) as unfinished,
            (unfinished / LOG).open('w', newline='', encoding='utf-8') as file,
        ):
            table = csv.writer(file)
            table.writerow(FIELDS)
            table.writerows([row.step, row.what, f'{row.value:.6g}'] for row in self._rows)


def read_log(path: Path) -> list[LogRow]:
    """Read what a run has written; nothing when there is no log."""
    if not path.exists():
        return []
    try:
        with path.open(newline='', encoding='utf-8') as file:
            rows = csv.DictReader(file)
            return [LogRow(int(r['step']), r['what'], float(r['value'])) for r in rows]
    except (ValueError, TypeError, KeyError, csv.Error) as error:
        raise FileError(f'{path} is no log of a run ({error}); remove it') from None


def _draw(rows: Sequence[LogRow], path: Path) -> None:
    figure = Figure(figsize=(12, 4.5))
    figure.subplots_adjust(left=0.06, right=0.99, bottom=0.22, wspace=0.2)
    loss, *errors = figure.subplots(1, 1 + len(ERRORS))
    loss.set(title='loss', xlabel='step', yscale='log')
    _draw_line(loss, rows, LOSS)
    named = [row.what.removesuffix(MAE) for row in rows if row.what.endswith(MAE)]
    sensors = list(dict.fromkeys(named))
    for axes, error in zip(errors, ERRORS, strict=True):
        axes.set(title=f'{error.strip()} / that of bilinear upsampling', xlabel='step')
        axes.axhline(1, color='grey', linewidth=0.8)
        for sensor in sensors:
            _draw_line(axes, rows, f'{sensor}{error}', label=sensor)
    figure.legend(*errors[0].get_legend_handles_labels(), loc='lower center', ncol=6)
    figure.savefig(path, dpi=100)


def _draw_line(axes: Axes, rows: Sequence[LogRow], what: str, label: str = '') -> None:
    points = [(row.step, row.value) for row in rows if row.what == what]
    if not points:
        return
    marker = '' if len(points) > MARKED_POINTS else '.'
    axes.plot(*zip(*points, strict=True), marker=marker, label=label or what)
