# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rows of figures as text with aligned columns, for terminals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import itertools
import math

from promptda_ros.lab.evaluation.flicker import Flicker
from promptda_ros.lab.evaluation.summary import SummaryRow


@dataclass(frozen=True)
class Column:
    """One figure of a row as text."""

    title: str
    text: Callable[[SummaryRow], str]


COLUMNS = (
    Column('MAE', lambda row: _mm(row.means.mae_m)),
    Column('x bilinear', lambda row: _number(row.means.relative_mae, 2)),
    Column('worst', lambda row: _number(row.worst, 2)),
    Column('edge x', lambda row: _number(row.means.relative_edge_mae, 2)),
    Column('flat x', lambda row: _number(row.means.relative_flat_mae, 2)),
    Column('print x', lambda row: _number(row.means.relative_print_mae, 2)),
    Column('hole x', lambda row: _number(row.means.relative_hole_mae, 2)),
    Column('RMSE', lambda row: _mm(row.means.rmse_m)),
    Column('AbsRel', lambda row: _number(row.means.abs_rel, 4)),
    Column('delta %', lambda row: _percent(row.means.delta)),
    Column('edge', lambda row: _mm(row.means.edge_mae_m)),
    Column('flat', lambda row: _mm(row.means.flat_mae_m)),
    Column('print', lambda row: _mm(row.means.print_mae_m)),
    Column('flying %', lambda row: _percent(row.means.flying_share)),
    Column('hole', lambda row: _mm(row.means.hole_mae_m)),
    Column('where correct', lambda row: _mm(row.means.right_m, 2)),
    Column('(bilinear)', lambda row: _mm(row.means.sensor_right_m, 2)),
    Column('coverage %', lambda row: _percent(row.means.coverage)),
    Column('MAE covered', lambda row: _mm(row.means.answered_mae_m)),
    Column('saturated %', lambda row: _percent(row.means.saturated)),
    Column('<0.5 m', lambda row: _mm(row.means.to_half_m)),
    Column('<1 m', lambda row: _mm(row.means.to_one_m)),
    Column('<2 m', lambda row: _mm(row.means.to_two_m)),
    Column('>2 m', lambda row: _mm(row.means.beyond_two_m)),
    Column('refused', lambda row: str(row.refused)),
)
HEADER = ['method', *(column.title for column in COLUMNS)]


def error_tables(
    rows: Sequence[SummaryRow], missing: Sequence[str]
) -> list[tuple[str, list[list[str]]]]:
    """Return a title and lines of cells for each sensor and share of holes.

    `missing` are lines, method and reason, that are added for what could not run.
    """
    tables = []
    for (sensor, share), group in itertools.groupby(
        rows, lambda row: (row.sensor, row.hole_share)
    ):
        members = list(group)
        title = f'{sensor}, {share:.0%} cut out, {members[0].frames} frames'
        lines = [HEADER, *(_line(row) for row in members)]
        tables.append((title, lines + [line.split(' ', 1) for line in missing]))
    return tables


def flicker_table(flickers: Sequence[Flicker]) -> list[list[str]]:
    """Return lines of cells."""
    header = ['sensor', 'method', 'flicker', 'of the sensor', 'ratio', 'videos', 'frames']
    return [
        header,
        *(
            [
                each.sensor,
                each.method,
                _mm(each.deviation_m, 2),
                _mm(each.sensor_deviation_m, 2),
                _number(each.ratio, 2),
                str(each.videos),
                str(each.frames),
            ]
            for each in flickers
        ),
    ]


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Return the cells in columns: the first to the left, the others to the right."""
    full = [line for line in lines if len(line) == len(lines[0])]
    widths = [max(len(cell) for cell in column) for column in zip(*full, strict=True)]
    return '\n'.join(_align(line, widths) for line in lines)


def _align(line: Sequence[str], widths: Sequence[int]) -> str:
    name, *cells = line
    if len(line) != len(widths):  # a remark in place of figures
        return f'{name:{widths[0]}}  {" ".join(cells)}'
    figures = (f'{cell:>{width}}' for cell, width in zip(cells, widths[1:], strict=True))
    return '  '.join((f'{name:{widths[0]}}', *figures)).rstrip()


def _line(row: SummaryRow) -> list[str]:
    return [row.method, *(column.text(row) for column in COLUMNS)]


def _mm(value_m: float, digits: int = 1) -> str:
    return _number(value_m * 1e3, digits)


def _percent(share: float) -> str:
    return _number(share * 100, 1)


def _number(value: float, digits: int) -> str:
    return '-' if math.isnan(value) else f'{value:.{digits}f}'
