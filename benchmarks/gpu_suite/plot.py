# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Draws time against pixels, with the bound that the card's own peak sets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.gpu_suite.bench import COMPILED, OURS, THEIRS
from benchmarks.gpu_suite.cases import Row

COLOURS = ('tab:blue', 'tab:orange', 'tab:green')
STYLES = {OURS: 'o-', THEIRS: 's:', COMPILED: '^-.'}


def draw(rows: Sequence[Row], path: Path) -> bool:
    """Write the plot of single images; return False where matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    figure = Figure(figsize=(8, 5), layout='constrained')
    axes = figure.add_subplot(xscale='log', yscale='log')
    networks = list(dict.fromkeys(row.case.network for row in rows))
    single = [row for row in rows if row.case.batch == 1 and row.timed.spread]
    for network, colour in zip(networks, COLOURS, strict=False):
        for engine, style in STYLES.items():
            line = [row for row in single if row.work[0] == network and row.case.engine == engine]
            pixels = [row.megapixels for row in line]
            medians = [row.timed.spread.median for row in line if row.timed.spread]
            if line:
                axes.plot(pixels, medians, style, color=colour, label=f'{network} {engine}')
        bound = {row.megapixels: row.bound_ms for row in single if row.work[0] == network}
        if any(bound.values()):
            label = f'{network} operations at peak'
            axes.plot([*bound], [*bound.values()], '--', color=colour, alpha=0.5, label=label)
    axes.set(xlabel='megapixels of the network', ylabel='ms an image')
    axes.grid(which='both', alpha=0.3)
    if axes.lines:
        axes.legend(fontsize='small')
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    return True
