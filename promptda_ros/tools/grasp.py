# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda grasp`: plans grasps on clouds of simulated scenes and lets physics decide."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
import sys
from typing import TYPE_CHECKING

from tqdm import tqdm

from promptda_ros.core.errors import ExitCode
from promptda_ros.lab.evaluation.table import aligned
from promptda_ros.lab.grasping.attempts import Attempt, AttemptLog
from promptda_ros.lab.grasping.clouds import ARMS, Clouds
from promptda_ros.lab.grasping.statistics import tables
from promptda_ros.lab.sim.renderer import require_renderer
from promptda_ros.loaded_model import LoadedModel
from promptda_ros.model import load_model
from promptda_ros.process import Stopped
from promptda_ros.tools.arguments import (
    add_model,
    Parser,
    require_sensors,
    settings_of,
    whole_from,
)

if TYPE_CHECKING:
    from promptda_ros.lab.grasping.run import GraspRun

PICTURES = 'failures.jpg'
SCENES = 300
SENSORS = ('phone_lidar', 'active_stereo', 'time_of_flight', 'zones_32x32')


def main(argv: list[str]) -> int:
    """Append every scene to attempts.jsonl, and print the tables."""
    arguments = make_parser().parse_args(argv)
    require_renderer()
    require_sensors(arguments.sensors, _sensors())
    model = load_model(settings_of(arguments, arguments.model))
    log = AttemptLog(arguments.out, _asked(arguments, model))
    run = _run_of(arguments, model)
    stopped = _try_scenes(run, log, arguments.scenes)
    attempts = log.first(arguments.scenes)
    for title, lines in tables(attempts):
        print(f'\n{title}\n{aligned(lines)}')
    print(f'\nresults {arguments.out}')
    if stopped:
        raise Stopped(stopped)
    _show_failures(arguments.out / PICTURES, run, attempts)
    return ExitCode.CLEAN


def make_parser() -> Parser:
    """Return the arguments of this command."""
    parser = Parser('grasp', __doc__)
    parser.add_argument(
        '--scenes', type=whole_from(1), default=SCENES, help='scenes that are tried'
    )
    parser.add_argument('--sensors', nargs='+', default=SENSORS, help='sensors of the cell')
    parser.add_argument(
        '--arms',
        nargs='+',
        choices=ARMS,
        default=ARMS,
        metavar='ARM',
        help=f'clouds that grasps are planned on: {", ".join(map(repr, ARMS))}',
    )
    add_model(parser)
    parser.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    parser.add_argument('--seed', type=whole_from(0), default=1, help='seed of scenes and noise')
    parser.add_argument(
        '--out',
        type=Path,
        default=Path('grasp_output'),
        help='folder for the results; scenes that it holds are not tried again',
    )
    return parser


def _sensors() -> list[str]:
    # Late: MuJoCo is an optional extra.
    from promptda_ros.lab.sim.sensors import SENSORS as known

    return [*known]


def _chosen(arguments: argparse.Namespace) -> tuple[list[str], list[str]]:
    """Return the sensors and the arms, each once."""
    sensors = list(dict.fromkeys(arguments.sensors))
    return sensors, [arm for arm in ARMS if arm in arguments.arms]


def _asked(arguments: argparse.Namespace, model: LoadedModel) -> dict[str, object]:
    """Return what decides the attempts on a scene."""
    sensors, arms = _chosen(arguments)
    return {
        'seed': arguments.seed,
        'sensors': sensors,
        'arms': arms,
        'model': model.name,
        'sha256': model.sha256,
    }


def _run_of(arguments: argparse.Namespace, model: LoadedModel) -> GraspRun:
    # Late: MuJoCo is an optional extra.
    from promptda_ros.lab.grasping.run import GraspRun

    clouds = Clouds(model.estimator, settings_of(arguments, arguments.model))
    return GraspRun(clouds, *_chosen(arguments), arguments.seed)


def _try_scenes(run: GraspRun, log: AttemptLog, scenes: int) -> str:
    """Try the scenes that the log lacks; return why not all of them were."""
    left = [number for number in range(scenes) if number not in log]
    try:
        for number in tqdm(left, desc='scenes', unit='', file=sys.stderr):
            log.add(number, run.attempts(number))
    except Stopped:
        done = sum(number in log for number in range(scenes))
        if not done:
            raise
        return (
            f'stopped: the tables are of {done} of {scenes} scenes; run the same command again '
            'for the others'
        )
    return ''


def _show_failures(path: Path, run: GraspRun, attempts: Sequence[Attempt]) -> None:
    from promptda_ros.lab.grasping.failures import show_failures

    if show_failures(path, run, attempts):
        print(f'first failures {path}')
