# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Makes the tables of docs/accuracy.md: how far a network is from known depth.

Every figure comes from `promptda evaluate`, whose commands are printed. Name folders of real
frames that the network was not trained on.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
import io
import json
from pathlib import Path
import sys
import tempfile
from typing import Any

from benchmarks.results import Cell, Results, Table
from promptda_ros.lab.sim.renderer import NoRenderer, require_renderer
from promptda_ros.tools.arguments import add_model
from promptda_ros.tools.evaluate import SURFACE, WITHOUT_ANCHOR
from promptda_ros.tools.main import main as promptda

METHODS = ('--methods', 'bilinear', 'network')
FULL_RESOLUTION = ('--methods', 'full_resolution', 'bilinear', 'network')
BESIDE = WITHOUT_ANCHOR, SURFACE  # what `promptda evaluate` puts behind a network's name
FIGURES = {
    'MAE': 'relative_mae',
    'edge band': 'relative_edge_mae',
    'flat': 'relative_flat_mae',
    'holes': 'relative_hole_mae',
}
COLUMNS = ('bilinear, mm', 'ours, mm', *FIGURES, 'worst frame', *BESIDE, 'hole-filled sensor')
CELL_SIZE = '336x252'
MARK = 'benchmarks.accuracy'
Row = dict[str, Any]
Run = dict[str, Any]


@dataclass(frozen=True)
class Prompt:
    """One way to make sensor depth of known depth."""

    title: str
    words: Sequence[str]  # of `promptda evaluate`
    methods: Sequence[str] = METHODS


PROMPTS = (
    Prompt('64x48', ('--prompt-size', '64x48', '--holes', '0')),
    Prompt('64x48, 1 % noise', ('--prompt-size', '64x48', '--noise', '0.01', '--holes', '0')),
    Prompt('160x120', ('--prompt-size', '160x120', '--holes', '0')),
    Prompt('160x120, 25 % cut out', ('--prompt-size', '160x120', '--holes', '0.25')),
    Prompt('256x192', ('--prompt-size', '256x192', '--holes', '0')),
    Prompt('640x480, 25 % cut out', ('--prompt-size', 'full', '--holes', '0.25'), FULL_RESOLUTION),
    Prompt('8x8', ('--prompt-size', '8x8', '--holes', '0')),
)


def main() -> None:
    """Run every command and write the tables."""
    arguments = _parser().parse_args()
    folders = [str(folder) for folder in arguments.folders]
    more = ['--frames', str(arguments.frames), '--model', arguments.model]
    runs = {
        each.title: evaluate([*folders, *each.words, *each.methods, *more]) for each in PROMPTS
    }
    found = {title: run['rows'] for title, run in runs.items()}
    tables = list(source_tables(found))
    lost = []
    try:
        require_renderer()
        tables.append(cell_table(['--frames', str(arguments.views), '--model', arguments.model]))
    except NoRenderer as error:
        lost.append(f'no simulated cell: {error}')
    described = describe(next(iter(runs.values())))
    results = Results(f'Accuracy of {arguments.model}', tables, described, lost, figures=found)
    results.report(arguments.out)
    if arguments.page:
        results.insert(arguments.page, MARK)


def evaluate(words: Sequence[str]) -> Run:
    """Run `promptda evaluate` and return the content of its results.json."""
    command = ['evaluate', *words]
    print('promptda ' + ' '.join(command), file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        with redirect_stdout(io.StringIO()):
            code = promptda([*command, '--out', folder])
        if code:
            raise SystemExit(code)
        run: Run = json.loads((Path(folder) / 'results.json').read_text())
    return run


def describe(run: Run) -> str:
    """Say which weights were judged."""
    (model,) = run['models']
    weights = f'weights {model["model.sha256"][:8]}, anchor {model["anchor.sha256"][:8]}'
    return f'{model["model.name"]} ({weights}), torch {run["versions"]["torch"]}.'


def cell_table(more: Sequence[str]) -> Table:
    """Return the table of the simulated sensors."""
    rows = evaluate(['cell', '--size', CELL_SIZE, '--holes', '0', *METHODS, *more])['rows']
    return _table(
        f'simulated cell, {rows[0]["frames"]} views',
        'sensor',
        {sensor: _of(sensor, rows) for sensor in _sensors(rows)},
    )


def source_tables(found: dict[str, list[Row]]) -> Iterator[Table]:
    """Yield one table of all frames, and one of each source."""
    some = next(iter(found.values()))
    for source in reversed(_sensors(some)):
        title = f'{source}, {_of(source, some)[0]["frames"]} frames'
        groups = {name: _of(source, rows) for name, rows in found.items()}
        yield _table(title, 'sensor depth', groups)


def _table(title: str, first: str, groups: dict[str, list[Row]]) -> Table:
    lines = [[name, *_cells(rows)] for name, rows in groups.items()]
    return Table(title, (first, *COLUMNS), lines)


def _of(sensor: str, rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row['sensor'] == sensor]


def _cells(rows: Sequence[Row]) -> list[Cell]:
    """Return the figures of one group of methods; ratios are means over frames."""
    by_method = {row['method']: row for row in rows}
    networks = [name for name in by_method if name not in ('full_resolution', 'bilinear')]
    (ours,) = (name for name in networks if not name.endswith(BESIDE))
    beside = [by_method.get(f'{ours} {ending}') for ending in BESIDE]
    return [
        _number(by_method['bilinear']['means']['mae_m'], scale=1e3),
        _number(by_method[ours]['means']['mae_m'], scale=1e3),
        *(_number(by_method[ours]['means'][name]) for name in FIGURES.values()),
        _number(by_method[ours]['worst']),
        *(
            _number(row['means']['relative_mae']) if row else '-'
            for row in (*beside, by_method.get('full_resolution'))
        ),
    ]


def _number(value: float | None, *, scale: float = 0.0) -> str:
    if value is None:
        return '-'
    return f'{value * scale:.1f}' if scale else f'{value:.2f}'


def _sensors(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row['sensor'] for row in rows))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('folders', type=Path, nargs='+', help='of real frames')
    add_model(parser)
    parser.add_argument('--frames', type=int, default=8, help='of each folder, evenly spread')
    parser.add_argument('--views', type=int, default=8, help='of the simulated cell')
    parser.add_argument('--out', type=Path, default=Path('benchmark_output/accuracy.json'))
    parser.add_argument('--page', type=Path, help='put the tables in here, as docs/accuracy.md')
    return parser


if __name__ == '__main__':
    main()
