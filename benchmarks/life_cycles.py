# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is left of a node that goes up and down again and again: in one process, and as processes.

Exits 1 where anything is more than it was after the third time, or a process does not end with 0.
The processes have a /dev/shm of their own where that may be mounted (root).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass
import json
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import time

from benchmarks.environment import private_environment
from benchmarks.processes import mib, open_files, status_of
from benchmarks.results import REPOSITORY, Results, Table

SETTLED = 3  # rounds after which nothing may grow
MEMORY_MIB = 2.0  # of the C library and Python, which give back late
SHARED_MEMORY = Path('/dev/shm')
COLUMNS = ('round', 'file descriptors', 'threads', 'files in /dev/shm', 'RSS (MiB)')
MOUNTED = 'PROMPTDA_OWN_SHM'
ARGUMENTS = ('-p', 'device:=cpu', '-p', 'engine:=torch')  # the others compile for seconds


@dataclass(frozen=True)
class Left:
    """What there is after one round."""

    descriptors: int
    threads: int
    shared_files: int
    rss_mib: float

    def exceeds(self, before: Left) -> bool:
        """Whether anything is more than it was."""
        return (
            self.descriptors > before.descriptors
            or self.threads > before.threads
            or self.shared_files > before.shared_files
            or self.rss_mib > before.rss_mib + MEMORY_MIB
        )


def most(rounds: Sequence[Left]) -> Left:
    """Return the most of each that there was after any of the rounds."""
    columns = zip(*(asdict(each).values() for each in rounds), strict=True)
    return Left(*(max(column) for column in columns))


def look() -> Left:
    """Look at this process and at shared memory."""
    status = status_of(os.getpid())
    return Left(
        descriptors=open_files(os.getpid()),
        threads=int(status['Threads']),
        shared_files=len(list(SHARED_MEMORY.iterdir())),
        rss_mib=mib(status['VmRSS']),
    )


def cycle(rounds: int) -> list[Left]:
    """Take a node up and down in this process."""
    import rclpy

    from promptda_ros.node.node import PromptDepthNode

    rclpy.init(args=['--ros-args', *ARGUMENTS])
    node, left = PromptDepthNode(), []
    for _ in range(rounds):
        for transition in ('configure', 'activate', 'deactivate', 'cleanup'):
            getattr(node, f'trigger_{transition}')()
        left.append(look())
    node.destroy_node()
    rclpy.try_shutdown()
    return left


def run_processes(number: int) -> tuple[list[Left], list[int]]:
    """Start the node's process and end it; return what is left, and the exit codes."""
    left, codes = [], []
    command = [sys.executable, '-m', 'promptda_ros.main', '--ros-args', *ARGUMENTS]
    for _ in range(number):
        node = subprocess.Popen(
            command, cwd=REPOSITORY, env=private_environment(), stderr=subprocess.PIPE, text=True
        )
        assert node.stderr is not None
        for line in node.stderr:
            if 'listening to' in line:
                node.send_signal(signal.SIGINT)
        codes.append(node.wait())
        left.append(look())
    return left, codes


def rows_of(left: Sequence[Left]) -> list[list[str | float | int]]:
    """Return the first rounds, some on the way, and the last."""
    shown = sorted({*range(min(SETTLED, len(left))), *range(9, len(left), 10), len(left) - 1})
    return [[n + 1, *asdict(left[n]).values()] for n in shown]


def has_grown(left: Sequence[Left]) -> bool:
    """Whether anything is more after the last rounds than it was after the first three."""
    return len(left) > SETTLED and most(left[SETTLED:]).exceeds(most(left[:SETTLED]))


def with_own_shared_memory() -> None:
    """Run this program again where /dev/shm is its own, if that can be."""
    unshare = shutil.which('unshare')
    if MOUNTED in os.environ or os.geteuid() != 0 or unshare is None:
        return
    mount = f'mount -t tmpfs tmpfs {SHARED_MEMORY} && exec "$@"'
    os.environ[MOUNTED] = '1'
    program = [sys.executable, '-m', 'benchmarks.life_cycles', *sys.argv[1:]]
    os.execv(unshare, [unshare, '-m', 'sh', '-c', mount, 'sh', *program])


def main() -> int:
    """Measure both."""
    arguments = parse_arguments()
    with_own_shared_memory()
    if arguments.inside:
        print(json.dumps([asdict(each) for each in cycle(arguments.rounds)]))
        return 0
    begun_sec = time.monotonic()
    inside = [sys.executable, '-m', 'benchmarks.life_cycles', '--inside']
    said = subprocess.run(
        [*inside, '--rounds', str(arguments.rounds)],
        cwd=REPOSITORY,
        env=private_environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    rounds = [Left(**each) for each in json.loads(said.splitlines()[-1])]
    processes, codes = run_processes(arguments.processes)
    wrong = [code for code in codes if code != 0]
    lost = [f'{len(wrong)} processes ended with {sorted({*wrong})}'] * bool(wrong)
    for name, left in (('one process', rounds), ('processes', processes)):
        lost += [f'{name}: more is left than after the third'] * has_grown(left)
    Results(
        title='Up and down',
        tables=[
            Table('In one process, after clean-up', COLUMNS, rows_of(rounds)),
            Table('As processes, of which the last has ended', COLUMNS, rows_of(processes)),
        ],
        settings=f'{len(rounds)} rounds of the life cycle, {len(processes)} processes ended by '
        f'SIGINT, {time.monotonic() - begun_sec:.0f} s.',
        lost=lost,
    ).report(arguments.out)
    return 1 if lost else 0


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--rounds', type=int, default=100)
    parser.add_argument('--processes', type=int, default=50)
    parser.add_argument('--inside', action='store_true', help='be the one process')
    parser.add_argument(
        '--out', type=Path, default=REPOSITORY / 'benchmark_output' / 'life_cycles.json'
    )
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
