# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One recording in, one recording with depth out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
import time
from typing import TypeAlias

from promptda_ros.bags.bag import open_bag
from promptda_ros.bags.files import BagError, holds_pictures
from promptda_ros.bags.pictures.process import make_pictures
from promptda_ros.bags.planning.losses import explain_drops
from promptda_ros.bags.planning.plan import Plan
from promptda_ros.bags.planning.replay import Part
from promptda_ros.bags.processing.copied import Copied
from promptda_ros.bags.processing.inputs import hashing, InputFiles
from promptda_ros.bags.processing.preview import PREVIEW
from promptda_ros.bags.processing.record import Record
from promptda_ros.bags.processing.sink import BagSink, Sink, Written
from promptda_ros.bags.processing.unit import Outcome, Unit
from promptda_ros.bags.processing.warnings import Warnings
from promptda_ros.bags.processing.work import Figures, Work
from promptda_ros.core.errors import PromptdaError
from promptda_ros.core.output_folder import refusal
from promptda_ros.core.runtime.guard import GaveUp, Guard
from promptda_ros.core.runtime.log import keep_traceback
from promptda_ros.core.runtime.threads import threads
from promptda_ros.core.whole_folder import whole_folder
from promptda_ros.loaded_model import LoadedModel

Tell: TypeAlias = Callable[[int, int], None]
Run: TypeAlias = Callable[[Work, Sink, 'Copied | None'], Figures]
# With another number of threads torch adds up in another order, which changes depth by some 10 um.
# OpenVINO's depth does not depend on it.
TORCH_THREADS = 2


def process_unit(unit: Unit, model: LoadedModel, tell: Tell) -> Outcome:
    """Make the result of a recording; `tell` hears how many of how many pairs are done.

    A recording that can't be used is an outcome, not an exception. What was at the target before
    is replaced once all of the new result is on the disk.

    Raises:
        DeviceLost: nothing can be computed in this process any more.
        GaveUp: the network fails frame after frame.
    """

    def run(work: Work, sink: Sink, copied: Copied | None) -> Figures:
        copies = copied if unit.recipe.copy == 'all' else None  # else not even read
        return work.run(Part(0, len(work.plan.pairs)), model, sink, tell, copies=copies)

    def make() -> Record:
        with steady(model):
            if holds_pictures(unit.source):
                return make_pictures(unit, model, tell)
            return make_result(unit, run)

    return settled(unit, make)


def settled(unit: Unit, make: Callable[[], Record]) -> Outcome:
    """Return what came of making a result; only what ends all work is raised."""
    outcomes: list[Outcome] = []

    def attempt() -> None:
        begun_sec = time.perf_counter()
        try:
            outcomes.append(Outcome.of(unit, 'done', make()))
        except GaveUp:
            raise
        except PromptdaError as error:
            wall_sec = time.perf_counter() - begun_sec
            outcomes.append(Outcome.failed(unit, str(error), wall_sec=wall_sec))
        except OSError as error:
            outcomes.append(Outcome.failed(unit, str(refusal(unit.target, error))))

    def note(error: Exception) -> None:
        # What is wrong with a recording cannot be listed, and must not end the others.
        path = keep_traceback(error)
        text = f'internal error: {type(error).__name__}: {error}; the traceback is in {path}'
        outcomes.append(Outcome.failed(unit, text))

    Guard(note, patience=None).run(attempt)
    return outcomes[0]


def steady(model: LoadedModel) -> AbstractContextManager[None]:
    """Make results the same however many processes share the CPUs."""
    model.compile_in_frames()
    is_torch = model.estimator.device.type == 'cpu' and not model.compiled
    return threads(TORCH_THREADS) if is_torch else nullcontext()


def make_result(unit: Unit, run: Run, plan: Plan | None = None) -> Record:
    """Write the result of a recording and its record; `run` does the work or joins it.

    A plan that was made before saves reading the recording for it.

    Raises:
        PromptdaError: the recording can't be used.
        OSError: the result can't be written.
    """
    begun_sec, log, files = time.perf_counter(), Warnings(), InputFiles.of(unit.source)
    with open_bag(unit.source) as bag:
        for warning in bag.warnings:
            log.warning(warning)
        work = Work(bag, unit.recipe, log, plan)
        with whole_folder(unit.target) as folder, hashing(files) as hashed:
            figures, written = _write(work, folder, run)
            figures.shown.preview.save(folder / PREVIEW)
            record = _record(unit, work, figures, written, hashed())
            # Of pieces, what others spent on them.
            wall_sec = max(time.perf_counter() - begun_sec, figures.wall_sec)
            record = replace(record, wall_sec=wall_sec)
            record.write(folder)
    return record


def _write(work: Work, folder: Path, run: Run) -> tuple[Figures, Written]:
    """Write the bag, and return what there is to say of the work and how much was written."""
    sink, copied = SINKS[work.recipe.to](work, folder)
    try:
        figures = run(work, sink, copied)
        _require_depth(work, figures)
        return figures, sink.close()
    except BaseException:
        sink.abandon()
        raise


def _bag(work: Work, folder: Path) -> tuple[Sink, Copied | None]:
    recipe, copied, results = work.recipe, Copied(work.recipe, work.plan), work.results
    originals = copied.channels(work.bag, results.channels)
    sink = BagSink(folder, results, originals, storage=recipe.storage, compression=recipe.compress)
    return sink, copied


def _episode(work: Work, folder: Path) -> tuple[Sink, Copied | None]:
    from promptda_ros.bags.lerobot.sink import LeRobotSink  # late: it needs pyarrow

    if len(work.topics) > 1:
        raise BagError('an episode has one camera: make a data set of each, with --out of its own')
    return LeRobotSink(folder, work.recipe.task), None


# What is written of a recording, and which of its messages go along
SINKS = {'bag': _bag, 'lerobot': _episode}


def _require_depth(work: Work, figures: Figures) -> None:
    """Refuse a result without any depth, and say where depth got lost."""
    text = explain_drops(figures.pairs, figures.drops)
    if not figures.frames:
        raise BagError('; '.join((f'{work.bag.path}: {text}', *work.log.lines)))
    if text:
        work.log.warning(text)


def _record(
    unit: Unit, work: Work, figures: Figures, written: Written, files: InputFiles
) -> Record:
    return Record(
        recipe=work.recipe,
        source=str(unit.source),
        input=files.files,
        model=figures.model,
        topics={camera: asdict(each) for camera, each in work.topics.items()},
        images=work.plan.images,
        pairs=figures.pairs,
        outputs=written.outputs,
        originals=written.originals,
        drops=dict(work.plan.drops + figures.drops),
        pixels=figures.shown.pixels,
        warnings=work.log.lines,
        stage_ms=figures.stage_ms,
        network_busy=figures.network_busy,
    )
