# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What `load_model` makes of the card: its own choices, their errors and their time."""

from __future__ import annotations

from functools import partial
import math
from pathlib import Path
import tempfile
import time

from benchmarks.gpu_suite import correctness, engines, goals, host
from benchmarks.gpu_suite.bench import Bench
from benchmarks.gpu_suite.correctness import Errors
from benchmarks.results import Cell
from promptda_ros.core.settings import build
from promptda_ros.loaded_model import LoadedModel
from promptda_ros.model import load_model

TITLE = "What load_model chooses, and how far that is from the CPU's float32 (nearer than 4 m)"
COLUMNS = ('', 'chosen', 'start s', 'out', 'median ms', '5 to 95 %', 'mean mm', 'p99.9 mm')
EMBEDDED = 'embedded'
CHOSEN_SEC = 90.0  # it may compile


def run(bench: Bench, name: str) -> None:
    """Let load_model take the embedded network, or one of the plan from a folder."""
    seconds = CHOSEN_SEC if bench.plan.is_on_card else 10.0
    work = (
        partial(_rows_of, bench, name, {})
        if name == EMBEDDED
        else partial(_of_folder, bench, name)
    )
    bench.part(f'load_model, {name}', seconds, work)


def _of_folder(bench: Bench, name: str) -> None:
    with tempfile.TemporaryDirectory() as parent:
        folder = bench.plan.folders.get(name)
        if folder is None:
            folder = Path(parent, name)
            bench.plain(name).save_pretrained(folder)
        _rows_of(bench, name, {'model.path': str(folder)})


def _rows_of(bench: Bench, name: str, words: dict[str, str]) -> None:
    plan, words = bench.plan, {**bench.plan.load, **words}
    begun_sec = time.perf_counter()
    model = load_model(build({**words, 'device': str(plan.device)}))
    start_sec = time.perf_counter() - begun_sec
    facts = {**model.facts(), 'notes': ' '.join(model.notes)}
    bench.journal.figures.setdefault('chosen', {})[name] = facts
    # The embedded network's depth is its own, not the anchor's, where errors are compared.
    errors = _errors_of(bench, model, words)
    if name == EMBEDDED or name in plan.folders:
        correctness.note(bench, name, errors)
    for image in plan.images:
        timed = bench.time(
            lambda image=image: host.ours(model.estimator, host.make_frame(image)),  # type: ignore[misc]
            runs_on=lambda: model.estimator,
        )
        if timed.spread and plan.is_on_card and image == plan.images[0] and name != EMBEDDED:
            measured, goal = bench.journal.measured, goals.host_name(name)
            measured[goal] = min(timed.spread.median, measured.get(goal, math.inf))
        figures: list[Cell] = [*timed.cells(), errors.mean_mm, errors.p999_mm]
        out = f'{image[1]}x{image[0]}'
        row = [timed.name(name), _described(model), start_sec, out, *figures]
        bench.journal.add(TITLE, COLUMNS, row)
    for note in model.notes:
        bench.journal.lose(f'{name}: {note}')


def _described(model: LoadedModel) -> str:
    """Say what was chosen, of what names no weights."""
    facts = model.facts().items()
    return '; '.join(f'{name} {value}' for name, value in facts if 'sha256' not in name)


def _errors_of(bench: Bench, model: LoadedModel, words: dict[str, str]) -> Errors:
    exact = load_model(
        build({**words, 'device': 'cpu', 'precision': 'fp32', 'engine': 'torch'})
    ).estimator
    exact.resolution = model.estimator.resolution
    return correctness.compare(
        partial(engines.ours, model.estimator),
        partial(engines.ours, exact),
        size=bench.plan.sizes[-1],
        count=1,
        seed=7,
    )
