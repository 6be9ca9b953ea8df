# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a benchmark found, with what it was found on: a table on the screen and a file of JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
import json
import os
from pathlib import Path
import platform
import subprocess
import sys
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
CPU_MODEL = 'model name'
Cell = str | float | int


@dataclass(frozen=True)
class Table:
    """One table of a page; numbers with a point are shown with three digits."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def lines(self) -> list[str]:
        """Return the table in Markdown."""
        rows = [self.columns, ['---'] * len(self.columns), *self.rows]
        return ['| ' + ' | '.join(_shown(cell) for cell in row) + ' |' for row in rows]


@dataclass(frozen=True)
class Results:
    """Everything that one run of a benchmark found."""

    title: str
    tables: Sequence[Table]
    settings: str  # a sentence: sizes, rates, rounds
    lost: Sequence[str] = ()  # sentences: what did not arrive, what was left out, what costs
    figures: Any = None  # everything measured, for other programs
    command: str = field(default_factory=lambda: _command())
    machine: dict[str, str] = field(default_factory=lambda: machine())

    def report(self, path: Path) -> None:
        """Print the tables and write the file."""
        for table in self.tables:
            print('\n'.join([f'\n{table.title}' if table.title else '', *table.lines()]))
        for sentence in self.lost:
            print(f'* {sentence}')
        self.write(path)
        print(f'\nwritten to {path}')

    def write(self, path: Path) -> None:
        """Write the file; whoever reads it meanwhile, or after a kill, finds a whole one."""
        replace_text(path, json.dumps(asdict(self), indent=2) + '\n')

    def markdown(self) -> str:
        """Return the tables as a page of their own."""
        tables = [f'## {table.title}\n\n' + '\n'.join(table.lines()) for table in self.tables]
        told = '\n'.join(f'* {each}' for each in self.lost)
        return '\n\n'.join([f'# {self.title}', self.settings, *tables, told]).rstrip() + '\n'

    def insert(self, page: Path, mark: str) -> None:
        """Put the tables between `<!-- MARK -->` and `<!-- end MARK -->` of a page."""
        before, begin, rest = page.read_text().partition(f'<!-- {mark} -->')
        _, end, after = rest.partition(f'<!-- end {mark} -->')
        if not (begin and end):
            raise SystemExit(f'{page} has no place for the tables of {mark}')
        tables = [f'**{table.title}**\n\n' + '\n'.join(table.lines()) for table in self.tables]
        told = [self.settings, *tables, *(f'* {each}' for each in self.lost)]
        page.write_text('\n\n'.join([before + begin, *told, end + after]))
        print(f'and into {page}')


def replace_text(path: Path, text: str) -> None:
    """Write a file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f'.{path.name}.unfinished')
    unfinished.write_text(text)
    unfinished.replace(path)


def machine() -> dict[str, str]:
    """Return what was measured on, and when."""
    import torch  # late: it takes seconds, and the processes of transport need none of it

    return {
        'date': datetime.now(timezone.utc).date().isoformat(),
        'commit': _git('rev-parse', '--short', 'HEAD') + _changed(),
        'processor': f'{os.cpu_count()} cores of {_processor()}',
        'load': f'{os.getloadavg()[0]:.1f}',
        'gpu': torch.cuda.get_device_name() if torch.cuda.is_available() else 'none',
        'system': f'{platform.system()} {platform.release()}, Python {platform.python_version()}',
        'torch': f'{torch.__version__}, {torch.get_num_threads()} threads',
        'rclpy': _version_of('ros-jazzy-rclpy', 'rclpy'),
    }


def _command() -> str:
    module = sys.modules['__main__'].__spec__
    name = module.name.removesuffix('.__main__') if module else Path(sys.argv[0]).name
    return ' '.join(['python -m', name, *sys.argv[1:]])


def _processor() -> str:
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        return platform.processor()
    models = [line.partition(':')[2].strip() for line in lines if line.startswith(CPU_MODEL)]
    return models[0] if models else platform.processor()


def _git(*words: str) -> str:
    try:
        return subprocess.check_output(['git', *words], cwd=REPOSITORY, text=True).strip()
    except (OSError, subprocess.CalledProcessError):
        return 'unknown'


def _changed() -> str:
    return ' and changes' if _git('status', '--porcelain', '--untracked-files=no') else ''


def _version_of(*names: str) -> str:
    for name in names:
        try:
            return version(name)
        except PackageNotFoundError:
            pass
    return 'none'


def _shown(cell: Cell) -> str:
    if not isinstance(cell, float):
        return str(cell)
    return f'{cell:.0f}' if abs(cell) >= 100 else f'{cell:.3g}'
