# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether `promptda process` survives being killed, and what memory a long bag takes.

    python -m benchmarks.bag_endurance kill assets/demo.mcap
    python -m benchmarks.bag_endurance memory assets/demo.mcap -- --resolution 252

What follows `--` is given to `promptda process`. Ends with 1 if a run after a kill leaves anything
else than one that was not disturbed, or if ten times the length takes 5 % more memory.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
import hashlib
import os
from pathlib import Path
import random
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import get_typestore, Stores

from benchmarks.bag_acceptance import described, qos_of, rows_of
from benchmarks.results import Table

LEDGER = 'process.jsonl'
LIMIT = 1.05  # of the peak memory of the short bag


@dataclass(frozen=True)
class Run:
    """How one run ended."""

    exit_code: int
    seconds: float
    peak_mb: float


def main() -> None:
    """Print one line for each kill, or one for each bag."""
    own, passed_on = _split(sys.argv[1:])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('trial', choices=('kill', 'memory'))
    parser.add_argument('recording', type=Path)
    parser.add_argument('--times', type=int, help='kills (20), or lengths of the recording (10)')
    parser.add_argument('--seed', type=int, default=0, help='of the moments of the kills')
    arguments = parser.parse_args(own)
    with tempfile.TemporaryDirectory(prefix='promptda_endurance_') as folder:
        if arguments.trial == 'kill':
            moments = random.Random(arguments.seed)
            trial = Kills(arguments.recording, Path(folder), passed_on, moments)
            raise SystemExit(trial.run(arguments.times or 20))
        raise SystemExit(
            compare_memory(arguments.recording, Path(folder), passed_on, arguments.times or 10)
        )


class Kills:
    """Kills runs at random moments and compares what the next run leaves with a clean run."""

    def __init__(
        self, recording: Path, folder: Path, options: Sequence[str], moments: random.Random
    ) -> None:
        self._recording = recording
        self._folder = folder
        self._options = options
        self._moments = moments

    def run(self, times: int) -> bool:
        """Print a line for each kill and return whether any result differs."""
        clean = self._folder / 'clean'
        undisturbed = process(self._recording, clean, self._options)
        if undisturbed.exit_code:
            raise SystemExit(f'a run that is not disturbed ends with {undisturbed.exit_code}')
        print(f'undisturbed: {undisturbed.seconds:.1f} s')
        differing = 0
        for number in range(times):
            row = self._kill(number, clean, undisturbed.seconds)
            differing += row['content'] != 'equal'
            print(', '.join(f'{name} {value}' for name, value in row.items()), flush=True)
        print(f'{times} kills, {differing} results differ')
        return differing > 0

    def _kill(self, number: int, clean: Path, longest_sec: float) -> dict[str, str]:
        out = self._folder / f'{number}'
        moment_sec = self._moments.uniform(0.0, longest_sec)
        process(self._recording, out, self._options, kill_after_sec=moment_sec)
        left = 'a result' if results_in(out) else 'nothing' if not out.exists() else 'no result'
        was_equal = not results_in(out) or content_of(out) == content_of(clean)
        again = process(self._recording, out, self._options)
        equal = was_equal and content_of(out) == content_of(clean)
        return {
            'killed after': f'{moment_sec:.1f} s',
            'left': left,
            'run again': f'{again.seconds:.1f} s',
            'exit code': f'{again.exit_code}',
            'content': 'equal' if equal else 'DIFFERS',
        }


def compare_memory(recording: Path, folder: Path, options: Sequence[str], times: int) -> bool:
    """Print the peak memory of a recording and of a longer one; return whether it grew."""
    rows: list[list[str | float | int]] = []
    for length in (1, times):
        bag = folder / f'{length}'
        repeat(recording, bag, length)
        run = process(bag, folder / f'out_{length}', options)
        if run.exit_code:
            raise SystemExit(f'{bag} ends with {run.exit_code}')
        rows.append([length, sum(1 for _ in rows_of(bag)), round(run.peak_mb), run.seconds])
    print('\n'.join(Table('', ('length', 'messages', 'peak memory MB', 's'), rows).lines()))
    share = float(rows[1][2]) / float(rows[0][2])
    print(f'\n{share:.3f} times the memory')
    return share > LIMIT


def process(
    recording: Path, out: Path, options: Sequence[str], *, kill_after_sec: float | None = None
) -> Run:
    """Run `promptda process`, perhaps killing it and all that it started."""
    command = [sys.executable, '-m', 'promptda_ros.tools.main', 'process', str(recording)]
    begun = time.monotonic()
    started = subprocess.Popen(
        [*command, '--out', str(out), '--quiet', *options], start_new_session=True
    )
    if kill_after_sec is not None:
        try:
            started.wait(kill_after_sec)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()
        return Run(started.returncode, time.monotonic() - begun, 0.0)
    _, status, usage = os.wait4(started.pid, 0)  # the only one that tells the memory of one child
    started.returncode = os.waitstatus_to_exitcode(status)
    return Run(started.returncode, time.monotonic() - begun, usage.ru_maxrss / 1024)


def results_in(out: Path) -> list[Path]:
    """Return the bags below a folder, by their final names."""
    found = (path.parent for path in out.rglob('metadata.yaml'))
    return sorted(each for each in found if not each.name.startswith('.'))


def content_of(out: Path) -> str:
    """Return a digest of all that is below a folder but times and the ledger."""
    digest = hashlib.sha256()
    for bag in results_in(out):
        digest.update(str(bag.relative_to(out)).encode())
        for name, each in sorted(described(bag).items()):
            digest.update(repr((name, each.msgtype, each.digest, qos_of(each))).encode())
        for row in rows_of(bag, as_written=True):
            digest.update(repr((row.topic, row.logged_ns, row.published_ns)).encode() + row.data)
    names = [str(each.relative_to(out)) for each in out.rglob('*') if each.name != LEDGER]
    digest.update(repr(sorted(names)).encode())
    return digest.hexdigest()


def repeat(recording: Path, out: Path, times: int) -> None:
    """Write a recording several times, one after the other, with its stamps moved on."""
    store = get_typestore(Stores.ROS2_JAZZY)
    with (
        AnyReader([recording], default_typestore=store) as bag,
        Writer(out, version=9, storage_plugin=StoragePlugin.MCAP) as writer,
    ):
        written = {
            each.id: writer.add_connection(
                each.topic,
                each.msgtype,
                typestore=bag.typestore,
                offered_qos_profiles=qos_of(each),
            )
            for each in bag.connections
        }
        for number in range(times):
            later_ns = number * (bag.duration + 33_000_000)
            for connection, logged_ns, data in bag.messages():
                message = bag.deserialize(data, connection.msgtype)
                _move_on(message, later_ns)
                moved = bag.typestore.serialize_cdr(message, connection.msgtype)
                writer.write(written[connection.id], logged_ns + later_ns, moved)


def _move_on(message: Any, later_ns: int) -> None:
    for each in getattr(message, 'transforms', [message]):
        if stamp := getattr(getattr(each, 'header', None), 'stamp', None):
            moved_ns = stamp.sec * 1_000_000_000 + stamp.nanosec + later_ns
            object.__setattr__(stamp, 'sec', moved_ns // 1_000_000_000)
            object.__setattr__(stamp, 'nanosec', moved_ns % 1_000_000_000)


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    place = words.index('--') if '--' in words else len(words)
    return words[:place], words[place + 1 :]


if __name__ == '__main__':
    main()
