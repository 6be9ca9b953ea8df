# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Curves of one run: error against the share of holes, and against range."""

from __future__ import annotations

from collections.abc import Sequence
import math
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from promptda_ros.lab.evaluation.summary import SummaryRow

COLUMNS = 3
PANEL_INCHES = (4.6, 3.4)
RANGES = ('to 0.5', '0.5 to 1', '1 to 2', 'beyond 2')


def save_hole_curves(path: Path, rows: Sequence[SummaryRow]) -> None:
    """Draw MAE against the share of the measurements that was cut out, a panel a sensor."""
    figure, panels = _panels(rows)
    for axis, members in panels:
        for method in _methods(members):
            points = [row for row in members if row.method == method]
            shares = [row.hole_share * 100 for row in points]
            axis.plot(shares, [row.means.mae_m * 1e3 for row in points], 'o-', label=method)
        axis.set_xlabel('cut out of the sensor depth, %')
    _finish(figure, panels, path)


def save_range_curves(path: Path, rows: Sequence[SummaryRow]) -> None:
    """Draw MAE against range, of the smallest share of holes, a panel a sensor."""
    least = min(row.hole_share for row in rows)
    figure, panels = _panels([row for row in rows if row.hole_share == least])
    for axis, members in panels:
        for row in members:
            means = row.means
            errors_m = (means.to_half_m, means.to_one_m, means.to_two_m, means.beyond_two_m)
            places, errors_mm = range(len(RANGES)), [error_m * 1e3 for error_m in errors_m]
            axis.plot(places, errors_mm, 'o-', label=row.method)
        axis.set_xticks(range(len(RANGES)), RANGES)
        axis.set_xlabel('true depth, m')
    _finish(figure, panels, path)


def _panels(rows: Sequence[SummaryRow]) -> tuple[Figure, list[tuple[Axes, list[SummaryRow]]]]:
    sensors = list(dict.fromkeys(row.sensor for row in rows))
    down, across = math.ceil(len(sensors) / COLUMNS), min(len(sensors), COLUMNS)
    wide, tall = PANEL_INCHES
    figure = Figure(figsize=(wide * across, tall * down), layout='constrained')
    FigureCanvasAgg(figure)
    axes = list(figure.subplots(down, across, squeeze=False).flat)
    for axis in axes[len(sensors) :]:
        axis.remove()
    panels = []
    for axis, sensor in zip(axes, sensors, strict=False):
        axis.set_title(sensor, fontsize=10)
        panels.append((axis, [row for row in rows if row.sensor == sensor]))
    return figure, panels


def _methods(rows: Sequence[SummaryRow]) -> list[str]:
    return list(dict.fromkeys(row.method for row in rows))


def _finish(figure: Figure, panels: list[tuple[Axes, list[SummaryRow]]], path: Path) -> None:
    for axis, _ in panels:
        axis.set_ylabel('MAE, mm')
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
    panels[0][0].legend(fontsize=8)
    figure.savefig(path, dpi=100)
