# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Makes a dated page of what the benchmarks left in benchmark_output/."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any

from benchmarks.results import REPOSITORY, Table

MACHINE = ('processor', 'gpu', 'system', 'torch', 'rclpy')
MARK = '<!-- made by benchmarks.report -->'
NO_GPU = 'Nothing was measured on a GPU.'


def main() -> None:
    """Write the page."""
    arguments = _parser().parse_args()
    found = read_results(arguments.results)
    if not found:
        raise SystemExit(f'{arguments.results} holds no results; run `make benchmark` first')
    date = max(results['machine']['date'] for results in found)
    path = arguments.out or REPOSITORY / 'docs' / 'benchmarks' / f'{date}.md'
    if path.exists() and MARK not in path.read_text():
        raise SystemExit(f'{path} was written by hand; name another file with --out')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join(page_of(found, date)) + '\n')
    print(f'written to {path}')


def read_results(folder: Path) -> list[dict[str, Any]]:
    """Return the results of every benchmark that ran, by the name of its file."""
    found = [json.loads(path.read_text()) for path in sorted(folder.glob('*.json'))]
    return [results for results in found if isinstance(results, dict) and 'tables' in results]


def page_of(found: list[dict[str, Any]], date: str) -> Iterator[str]:
    """Yield the lines of a page."""
    machines = [results['machine'] for results in found]
    yield f'{MARK}\n# Measured on {date}\n'
    for name in MACHINE:
        different = dict.fromkeys(machine[name] for machine in machines)
        yield f'* {name}: {", ".join(different)}'
    if all(machine['gpu'] == 'none' for machine in machines):
        yield f'\n{NO_GPU}'
    for results in found:
        yield from _section(results)


def _section(results: dict[str, Any]) -> Iterator[str]:
    machine = results['machine']
    yield f'\n## {results["title"]}\n'
    yield f'{results["settings"]} Commit `{machine["commit"]}`, load {machine["load"]}:'
    yield f'`{results["command"]}`'
    for table in results['tables']:
        yield f'\n{table["title"]}\n' if table['title'] else ''
        yield from Table(**table).lines()
    if results['lost']:
        yield '\nWhat was lost:\n'
        yield from (f'* {sentence}' for sentence in results['lost'])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--results', type=Path, default=Path('benchmark_output'))
    parser.add_argument('--out', type=Path, help='default: docs/benchmarks/DATE.md')
    return parser


if __name__ == '__main__':
    main()
