# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Fit a recipe to this machine and to the minutes there are, and train it: see on_a_card.sh.

python training/on_a_card.py training/promptda-tiny.yaml --work runs/card --minutes 9
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import os
from pathlib import Path
import shutil
import sys
import time
from typing import Any

import yaml

from promptda_ros.lab.training.recipe import read_recipe
from promptda_ros.tools import train
from promptda_ros.tools.main import main as promptda

RENDERED_SHARE = 0.2  # of the minutes, on all cores
VIEW_SEC = 0.4  # of one core, for a view of 640x480
MOST_VIEWS = 8000  # of 3 MB each
JUDGED_SHARE = 0.15  # of the minutes, for evaluations
LEFT_SHARE = 0.12  # of them, for what is slower than it was when it was tried
TRIED_STEPS = 40
TRIED_SHARE = 0.06  # of the minutes, for each phase
WARM_STEPS = 3
LARGER_BATCH = 4  # a card sees this many times as many examples in a step
# What a dry run sees: enough to go through everything.
TINY_CELL = {'scenes': 1, 'views': 2, 'validation_scenes': 1, 'height': 168, 'width': 224}
TINY_PHASE = {'steps': 2, 'batch': 1, 'height': 84, 'width': 112}

Values = dict[str, Any]


@dataclass
class Trial:
    """Stops a trainer when its speed is known."""

    seconds: float  # at most
    begun_sec: float = 0.0
    warm_sec: float = 0.0
    now_sec: float = 0.0
    asked: int = 0  # once before every step

    def __call__(self) -> bool:
        """Tell whether enough steps were timed."""
        self.now_sec = time.monotonic()
        self.asked += 1
        if self.asked == WARM_STEPS + 1:
            self.warm_sec = self.now_sec
        return self.asked > WARM_STEPS + 1 and (
            self.asked > TRIED_STEPS or self.now_sec - self.warm_sec > self.seconds
        )

    @property
    def step_sec(self) -> float:
        """Return how long a step takes, its batch included."""
        if self.asked <= WARM_STEPS + 1:  # the recipe of a dry run is shorter than a trial
            return 0.01
        return max(1e-4, (self.now_sec - self.warm_sec) / (self.asked - WARM_STEPS - 1))


def main(argv: Sequence[str]) -> int:
    """Fit the recipe unless an earlier call did, and train it."""
    arguments = _parser().parse_args(argv)
    deadline_sec = time.monotonic() + 60 * arguments.minutes
    work: Path = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    fitted = work / 'recipe.yaml'
    if not fitted.exists():
        values = _sized(yaml.safe_load(arguments.recipe.read_text()), arguments)
        values = _timed(values, deadline_sec, arguments)
        unfinished = work / 'recipe.unfinished'
        unfinished.write_text(yaml.safe_dump(values, sort_keys=False))
        unfinished.rename(fitted)
    return promptda(['train', str(fitted), *_options(arguments, work / 'run')])


def _sized(values: Values, arguments: argparse.Namespace) -> Values:
    """Render as many views as all cores can in a share of the minutes; take larger batches."""
    cell = values.get('cell', {})
    if arguments.dry_run:
        return {
            **values,
            'cell': {**cell, **TINY_CELL},
            'phases': [{**phase, **TINY_PHASE} for phase in values['phases']],
        }
    cores_sec = (os.cpu_count() or 1) * 60 * arguments.minutes * RENDERED_SHARE
    views = cell.get('views', 4)
    scenes = int(min(MOST_VIEWS, cores_sec / VIEW_SEC) / views)
    return {
        **values,
        'cell': {**cell, 'scenes': max(scenes, cell.get('scenes', 0))},
        'phases': [
            {**phase, 'batch': arguments.larger_batch * phase['batch']}
            for phase in values['phases']
        ],
    }


def _timed(values: Values, deadline_sec: float, arguments: argparse.Namespace) -> Values:
    """Take as many steps as there is time for; the phases keep their shares of it."""
    trials = [_try(values, phase, arguments) for phase in values['phases']]
    left_sec = (1 - LEFT_SHARE - JUDGED_SHARE) * max(1.0, deadline_sec - time.monotonic())
    wanted_sec = sum(
        phase['steps'] * trial.step_sec
        for phase, trial in zip(values['phases'], trials, strict=True)
    )
    times = left_sec / wanted_sec
    phases = [
        {**phase, 'steps': max(2, int(times * phase['steps']))} for phase in values['phases']
    ]
    steps = sum(phase['steps'] for phase in phases)
    judged_sec = max(trial.begun_sec for trial in trials)
    # The start is judged, too.
    evaluations = int(JUDGED_SHARE * 60 * arguments.minutes / (judged_sec + 1)) - 1
    evaluations = max(1, min(8, evaluations))
    if arguments.dry_run:
        phases, steps, evaluations = values['phases'], 2, 1
    for phase, trial in zip(phases, trials, strict=True):
        print(f'{phase["steps"]} steps of {1000 * trial.step_sec:.1f} ms', flush=True)
    return {
        **values,
        'phases': phases,
        'evaluate_every': max(1, steps // evaluations),
        'save_every': max(1, steps // 20),
    }


def _try(values: Values, phase: Mapping[str, Any], arguments: argparse.Namespace) -> Trial:
    """Take a few steps of one phase, from the start, and forget them."""
    folder = arguments.work / 'trial'
    shutil.rmtree(folder, ignore_errors=True)
    path = arguments.work / 'trial.yaml'
    path.write_text(yaml.safe_dump({**values, 'phases': [{**phase}]}))
    options = train.make_parser().parse_args([str(path), *_options(arguments, folder)])
    trainer = train.make_trainer(read_recipe(path), options)
    trial = Trial(seconds=60 * arguments.minutes * TRIED_SHARE)
    begun_sec = time.monotonic()

    def should_stop() -> bool:
        trial.begun_sec = trial.begun_sec or time.monotonic() - begun_sec
        return trial()

    trainer.run(should_stop)
    shutil.rmtree(folder)
    return trial


def _options(arguments: argparse.Namespace, folder: Path) -> list[str]:
    """Return what `promptda train` is told beside the recipe."""
    device = ['--device', 'cpu'] if arguments.dry_run else ['--device', 'cuda']
    precision = ['--precision', 'fp32' if arguments.dry_run else 'bf16']
    workers = ['--workers', '0'] if arguments.dry_run else []
    data = ['--data', *map(str, arguments.data)] if arguments.data else []
    init = ['--init', str(arguments.init)] if arguments.init else []
    frames = ['--frames', str(arguments.work / 'frames'), '--out', str(folder)]
    return [*device, *precision, *workers, *data, *init, *frames]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('recipe', type=Path)
    parser.add_argument('--work', type=Path, required=True, help='folder to resume from')
    parser.add_argument('--data', type=Path, nargs='*', help='folders of real frames')
    parser.add_argument('--init', type=Path, help='network folder to begin with')
    parser.add_argument('--minutes', type=float, default=9.0)
    parser.add_argument('--larger-batch', type=int, default=LARGER_BATCH)
    parser.add_argument('--dry-run', action='store_true')
    return parser


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
