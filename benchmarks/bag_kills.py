# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether `promptda process` leaves the same after a kill and another run as without the kill.

    python -m benchmarks.bag_kills assets/demo.mcap --times 20 -- --resolution 252

What follows `--` is given to `promptda process`. Each kill comes at a random moment, of all that
was started. Ends with 1 if a result is not equal to that of a run that was not disturbed.
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

from benchmarks.bag_acceptance import described, qos_of, rows_of

LEDGER = 'process.jsonl'


@dataclass(frozen=True)
class Run:
    """How one run ended."""

    exit_code: int
    seconds: float


def main() -> None:
    """Print one line for each kill."""
    own, passed_on = _split(sys.argv[1:])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('recording', type=Path)
    parser.add_argument('--times', type=int, default=20)
    parser.add_argument('--seed', type=int, default=0, help='of the moments')
    arguments = parser.parse_args(own)
    with tempfile.TemporaryDirectory(prefix='promptda_kills_') as folder:
        moments = random.Random(arguments.seed)
        kills = Kills(arguments.recording, Path(folder), passed_on, moments)
        raise SystemExit(kills.run(arguments.times))


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
    return Run(started.wait(), time.monotonic() - begun)


def results_in(out: Path) -> list[Path]:
    """Return the bags below a folder, by their final names."""
    found = sorted(path.parent for path in out.rglob('metadata.yaml'))
    names = [each.relative_to(out).parts for each in found]
    are_final = [not any(name.startswith('.') for name in parts) for parts in names]
    return [each for each, is_final in zip(found, are_final, strict=True) if is_final]


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


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    place = words.index('--') if '--' in words else len(words)
    return words[:place], words[place + 1 :]


if __name__ == '__main__':
    main()
