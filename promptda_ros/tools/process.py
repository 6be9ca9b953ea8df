# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda process`: recordings in, recordings with dense depth out, by the node's own pipeline.

Needs no ROS. Each result is a folder with a bag that contains the originals and the depth. Run
again, the command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
import json
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from promptda_ros.bags.files import BagError, is_result
from promptda_ros.bags.processing.inputs import InputFiles
from promptda_ros.bags.processing.recipe import Recipe
from promptda_ros.bags.processing.unit import (
    Outcome,
    outcome_of,
    RecipeDiffers,
    State,
    state_of,
    Unit,
)
from promptda_ros.bags.runs.ledger import Ledger
from promptda_ros.bags.runs.progress import Progress
from promptda_ros.bags.runs.search import find_recordings
from promptda_ros.bags.runs.work import Processing, Runner, Tell
from promptda_ros.core.errors import ExitCode
from promptda_ros.core.output_folder import OutputFolder
from promptda_ros.core.whole_folder import remove_leftovers
from promptda_ros.process import Stopped, StopSignal
from promptda_ros.tools.arguments import in_options, Parser
from promptda_ros.tools.processing import options
from promptda_ros.tools.processing.forms import FORMS
from promptda_ros.tools.processing.request import recipe_of
from promptda_ros.tools.processing.telling import Telling, telling_of

if TYPE_CHECKING:
    from promptda_ros.tools.processing.dry_run import Forecast

REPORT_FILE = 'report.html'
Said = TypeVar('Said', Outcome, 'Forecast')


def main(argv: list[str]) -> int:
    """Process every recording that is not up to date; 0, or 1 if some failed."""
    arguments = options.parse(make_parser(), argv)
    telling = telling_of(as_json=arguments.json, is_quiet=arguments.quiet)
    recipe = recipe_of(arguments, telling.warn)
    form = FORMS[arguments.to](arguments.out)
    form.begin()
    found = find_recordings(arguments.recordings, arguments.out)
    units = [Unit(each.source, form.place(each.target), recipe) for each in found]
    outcomes, to_do = _sorted_out(units, force=arguments.force)
    if arguments.dry_run:
        return _dry_run(outcomes, to_do, as_json=arguments.json)
    for outcome in outcomes:
        with suppress(OSError):  # such as that another process writes it
            remove_leftovers(Path(outcome.target))
    progress = Progress({unit.source: InputFiles.of(unit.source).size for unit in to_do})
    telling.begin(outcomes, progress)
    if to_do:
        with OutputFolder(arguments.out):  # tried before the work begins
            pass
        _work(arguments, to_do, outcomes, progress, telling)
    for line in form.finish():
        telling.note(line)
    if arguments.report:
        telling.note(_report(arguments.out, outcomes))
    telling.close(outcomes)
    return ExitCode.SOME_FAILED if any(each.error for each in outcomes) else ExitCode.CLEAN


def make_parser() -> Parser:
    """Return the arguments of this command."""
    return options.make_parser('process', __doc__)


def _sorted_out(units: Sequence[Unit], *, force: bool) -> tuple[list[Outcome], list[Unit]]:
    """Return what is known without work, and the units that there is work on.

    Raises:
        RecipeDiffers: results of another recipe are in the way.
    """
    outcomes: list[Outcome] = []
    to_do: list[Unit] = []
    refusals: list[str] = []
    for unit in units:
        try:
            if state_of(unit) == State.TO_DO:
                to_do.append(unit)
            else:
                outcomes.append(_in_our_options(outcome_of(unit)))
        except RecipeDiffers as error:
            if force and is_result(unit.target):  # never anything else
                to_do.append(unit)
            else:
                refusals.append(str(error))
        except BagError as error:
            outcomes.append(Outcome.failed(unit, str(error)))
    if refusals:
        more = f'; the same holds for {len(refusals) - 1} more' if refusals[1:] else ''
        raise RecipeDiffers(f'{refusals[0]}{more}')
    return outcomes, to_do


def _dry_run(outcomes: Sequence[Outcome], to_do: Sequence[Unit], *, as_json: bool) -> int:
    """Print what would be done; 1 if something can't be."""
    from promptda_ros.tools.processing.dry_run import Forecast, forecast  # late, as it reads bags

    has_failed = False
    for each in (*map(Forecast.of_known, outcomes), *map(forecast, to_do)):
        told = _in_our_options(each)
        has_failed = has_failed or bool(told.error)
        if as_json:
            print(json.dumps({'event': 'forecast', **told.to_json()}))
        else:
            print(*told.lines(), sep='\n')
    return ExitCode.SOME_FAILED if has_failed else ExitCode.CLEAN


def _work(
    arguments: argparse.Namespace,
    to_do: Sequence[Unit],
    outcomes: list[Outcome],
    progress: Progress,
    telling: Telling,
) -> None:
    """Do the work, and add what came of it to the outcomes."""

    def tell(unit: Unit, done: int, of: int) -> None:
        if StopSignal.received:  # while a library compiled, which swallowed what it raised
            raise Stopped
        progress.tell(unit, done, of)
        telling.tell(unit, done, of)

    ledger = Ledger(arguments.out)
    runner = _runner_of(arguments, to_do[0].recipe, tell)
    try:
        with closing(runner.run(to_do)) as results:
            for outcome in map(_in_our_options, results):
                ledger.append(outcome)
                outcomes.append(outcome)
                progress.end(outcome)
                telling.end(outcome)
                if outcome.error and arguments.fail_fast:
                    break
    except Stopped:
        done = f'{progress.ended} of {progress.recordings} recordings are finished'
        raise Stopped(f'stopped: {done}; run the same command again for the others') from None
    finally:
        telling.pause()


def _runner_of(arguments: argparse.Namespace, recipe: Recipe, tell: Tell) -> Runner:
    """Return who works on what: on recordings, or on pieces of them."""
    work = Processing(recipe)
    if arguments.split is None:
        return _workers_of(arguments, work, tell)
    from promptda_ros.bags.runs.in_pieces import InPieces
    from promptda_ros.bags.splitting.cut import require_no_past

    require_no_past(recipe.of_cameras)
    return InPieces(partial(_workers_of, arguments, work), tell, arguments.split)


def _workers_of(arguments: argparse.Namespace, work: Processing, tell: Tell) -> Runner:
    """Return who works: this process, several, or a cluster; imported when it is chosen."""
    jobs = arguments.jobs or max(1, len(arguments.gpus))
    if arguments.ray is not None:
        from promptda_ros.bags.runs.on_ray import OnRay

        uses_gpus = work.recipe.settings.device != 'cpu'
        return OnRay(
            work,
            tell,
            address=arguments.ray,
            out=arguments.out,
            workers=arguments.jobs,
            uses_gpus=uses_gpus,
        )
    if jobs == 1 and not arguments.gpus:
        from promptda_ros.bags.runs.serial import Serial

        return Serial(work, tell)
    from promptda_ros.bags.runs.processes import places, Processes

    return Processes(work, tell, places(jobs, arguments.gpus))


def _in_our_options(said: Said) -> Said:
    """Word advice as this command takes it."""
    if not (said.error or said.warnings):
        return said  # as most of hundreds that are up to date
    known = make_parser().options
    warnings = tuple(in_options(text, known) for text in said.warnings)
    return replace(said, error=in_options(said.error, known), warnings=warnings)


def _report(out: Path, outcomes: Sequence[Outcome]) -> str:
    from promptda_ros.tools.process_report import write_report  # late, as it draws

    return write_report(out / REPORT_FILE, outcomes)
