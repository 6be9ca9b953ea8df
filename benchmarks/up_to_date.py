# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How long `promptda process` takes where nothing is to be done, Python's own start included."""

from __future__ import annotations

import argparse
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile
import time

from benchmarks.process_bag import write_bag
from benchmarks.results import REPOSITORY, Results, Table

FRAMES = 2
ROUNDS = 5


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--recordings', type=int, default=100)
    parser.add_argument('--out', type=Path, default=Path('benchmark_output/up_to_date.json'))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix='promptda_up_to_date_') as work:
        source, out = Path(work) / 'in', Path(work) / 'out'
        write_bag(source / '0', FRAMES)
        command = ['-m', 'promptda_ros.tools.main', 'process', str(source), '--out', str(out)]
        _run(command)
        for number in range(1, arguments.recordings):
            # With their times, by which an input counts as unchanged
            shutil.copytree(source / '0', source / str(number))
            shutil.copytree(out / '0', out / str(number))
        said = _run(command)
        if f'{arguments.recordings} up to date' not in said:
            raise SystemExit(f'there was work: {said}')
        columns = ('recordings', 's', 's of Python itself')
        row = [arguments.recordings, _least_sec(command), _least_sec(['-c', 'pass'])]
    settings = f'least of {ROUNDS} runs'
    Results('Nothing to do', [Table('', columns, [row])], settings).report(arguments.out)


def _run(command: list[str]) -> str:
    run = subprocess.run(
        [sys.executable, *command], cwd=REPOSITORY, check=True, capture_output=True, text=True
    )
    return run.stderr


def _least_sec(command: list[str]) -> float:
    times_sec = []
    for _ in range(ROUNDS):
        begun_sec = time.perf_counter()
        _run(command)
        times_sec.append(time.perf_counter() - begun_sec)
    return min(times_sec)


if __name__ == '__main__':
    main()
