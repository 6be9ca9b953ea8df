# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Put a node through every fault, again and again; exit 1 if anything is wrong or unexplained."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
import signal
import sys
import time

import numpy as np

from benchmarks.chaos import bout
from benchmarks.chaos.bout import Bout
from benchmarks.chaos.fault import CAMERAS, Fault
from benchmarks.chaos.faults import FAULTS
from benchmarks.chaos.machine import move_in
from benchmarks.chaos.report import results_of, troubles
from benchmarks.chaos.stage import Stage


def main() -> int:
    """Run until the time is over; the file is whole after every fault."""
    arguments = parse_arguments()
    move_in('benchmarks.chaos', sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # end what was started, too
    chosen = [each for each in FAULTS if not arguments.only or each.name in arguments.only]
    able = [each for each in chosen if not each.lacks()]
    missing = [each for each in chosen if each not in able]
    rng = np.random.default_rng(arguments.seed)
    stage = Stage(arguments.out.with_suffix(''), rng)
    settings = (
        f'{arguments.minutes:g} minutes, seed {arguments.seed}: one node with {len(CAMERAS)} '
        'cameras of 3 frames/s on the CPU, every driver a process of its own.'
    )
    bouts: list[Bout] = []
    ending: list[str] = []
    try:
        stage.open()
        for each in run(stage, able, minutes=arguments.minutes):
            bouts.append(each)
            results_of(bouts, settings, missing=missing, ending=()).write(arguments.out)
    finally:
        ending += how_it_ended(stage)
    found = results_of(bouts, settings, missing=missing, ending=ending)
    found.report(arguments.out)
    return 1 if ending or troubles(bouts) or not bouts else 0


def run(stage: Stage, faults: Sequence[Fault], *, minutes: float) -> Iterator[Bout]:
    """Yield what becomes of the faults, in another order each round, until the time is over."""
    bout.warm_up(stage)
    end_sec = time.monotonic() + 60 * minutes
    while time.monotonic() < end_sec:
        for place in stage.rng.permutation(len(faults)):
            if time.monotonic() > end_sec:
                return
            stage.victim = CAMERAS[stage.rng.integers(len(CAMERAS))]
            begun_sec = time.monotonic()
            found = bout.run(faults[place], stage)
            took_sec = time.monotonic() - begun_sec
            print(f'{took_sec:5.1f} s {found.fault} ({found.victim}): {_shown(found)}', flush=True)
            yield found


def how_it_ended(stage: Stage) -> list[str]:
    """End the stage and return what is wrong with that."""
    code = stage.close()
    told = [f'the node ended with {code}: {stage.last_words()}'] if code else []
    if 'Traceback' in stage.node.log.read_text(errors='replace'):
        told.append(f'the node printed a traceback: {stage.node.log}')
    return told


def _shown(found: Bout) -> str:
    lines = [
        f'{found.judged} outputs, {found.lost} pairs lost {found.reasons or ""}, '
        f'recovery {found.recovery}',
        *(f'WRONG {each}' for each in found.wrong),
        *(f'UNEXPLAINED {each}' for each in found.unexplained),
    ]
    return '\n    '.join(lines)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--minutes', type=float, default=30.0)
    parser.add_argument('--seed', type=int, default=1)
    names = [each.name for each in FAULTS]
    told = ', '.join(names).replace('%', '%%')  # argparse formats it
    parser.add_argument('--only', nargs='+', choices=names, metavar='NAME', help=told)
    parser.add_argument('--out', type=Path, default=Path('benchmark_output/chaos.json'))
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
