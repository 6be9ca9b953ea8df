# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Renders the scenes of a recipe to shards, on several cores, resuming where it was stopped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from itertools import repeat
import multiprocessing
from pathlib import Path
import signal

from tqdm import tqdm

from promptda_ros.core.errors import ExitCode, PromptdaError
from promptda_ros.lab.sim.renderer import require_renderer
from promptda_ros.lab.training.recipe import CellData, RecipeError
from promptda_ros.lab.training.shards import Shards, write_shard

SCENES_PER_SHARD = 25
TRAINING, VALIDATION = 'training', 'validation'
VALIDATION_VIEWS = 2


class RenderError(PromptdaError, RuntimeError):
    """A process that renders has died; the text says what to do."""

    exit_code = ExitCode.INTERNAL


@dataclass(frozen=True)
class Shard:
    """Some consecutive scenes, looked at some times each."""

    folder: Path
    first_seed: int
    scenes: int
    views: int


def render_training(folder: Path, cell: CellData, *, processes: int) -> Shards:
    """Write the scenes to train on below a folder; what is there already stays.

    Raises:
        RecipeError: scenes that evaluation holds out would be trained on, MuJoCo is missing, or
            what is there already is something else.
        RenderError: a process that renders has died.
    """
    plan = list(
        _cut(folder / TRAINING, cell.first_seed, cell.scenes, cell.views, cell.decoy_share)
    )
    return _render(plan, cell, processes=processes)


def render_validation(folder: Path, cell: CellData, *, processes: int) -> Shards:
    """Write the scenes to judge on, as `render_training` does the others."""
    cell = replace(cell, decoy_share=0.0)  # so that the scores of all recipes compare
    first, scenes = cell.validation_first_seed, cell.validation_scenes
    plan = list(_cut(folder / VALIDATION, first, scenes, VALIDATION_VIEWS))
    return _render(plan, cell, processes=processes)


def _render(shards: Sequence[Shard], cell: CellData, *, processes: int) -> Shards:
    missing = [shard for shard in shards if not shard.folder.exists()]
    if missing:
        _require_renderable(shards)
        _render_missing(missing, cell, processes=processes, known=len(shards) - len(missing))
    views = Shards([shard.folder for shard in shards])
    _require_as_planned(views, shards, cell)
    return views


def _render_missing(
    missing: Sequence[Shard], cell: CellData, *, processes: int, known: int
) -> None:
    # Spawned: neither the graphics library nor torch's threads survive a fork. Ctrl-C ends them.
    pool = ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context('spawn'),
        initializer=signal.signal,
        initargs=(signal.SIGINT, signal.SIG_DFL),
    )
    done = pool.map(_render_shard, missing, repeat(cell))
    name, total = missing[0].folder.parent.name, known + len(missing)
    try:
        for _ in tqdm(done, desc=f'rendering {name}', unit='shard', total=total, initial=known):
            pass
    except BrokenProcessPool:
        raise RenderError(
            f'one of {processes} rendering processes died, for example because memory ran out: '
            'the same command resumes with the rendered views; fewer --workers take less memory'
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _require_renderable(shards: Sequence[Shard]) -> None:
    require_renderer()
    from promptda_ros.lab.sim.cell import HELD_OUT_SEED  # late: MuJoCo is an optional extra

    last = shards[-1].first_seed + shards[-1].scenes - 1
    if last >= HELD_OUT_SEED:
        raise RecipeError(
            f'cell asks for scene {last}, but scenes from {HELD_OUT_SEED} on are held out for '
            '`promptda evaluate`: take lower seeds or fewer scenes'
        )


def _require_as_planned(views: Shards, shards: Sequence[Shard], cell: CellData) -> None:
    count = sum(shard.scenes * shard.views for shard in shards)
    found, wanted = (len(views), *views.size), (count, cell.height, cell.width)
    if found != wanted:
        raise RecipeError(
            f'{shards[0].folder.parent} holds {found[0]} views of {found[2]}x{found[1]} in place '
            f'of the {wanted[0]} of {wanted[2]}x{wanted[1]} that the recipe asks for: name '
            'another --frames'
        )


def _cut(
    folder: Path, first_seed: int, scenes: int, views: int, decoy_share: float = 0.0
) -> Iterator[Shard]:
    # Named, so that scenes without decoys are not taken for those with them.
    kind = f'_decoys_{decoy_share:g}' if decoy_share else ''
    for begin in range(0, scenes, SCENES_PER_SHARD):
        seed, count = first_seed + begin, min(SCENES_PER_SHARD, scenes - begin)
        yield Shard(folder / f'{seed:07d}{kind}', seed, count, views)


def _render_shard(shard: Shard, cell: CellData) -> None:
    # Late: MuJoCo is an optional extra, imported in the processes that render only.
    from promptda_ros.lab.sim.cell import views_of

    views = [
        view
        for seed in range(shard.first_seed, shard.first_seed + shard.scenes)
        for view in views_of(
            seed,
            count=shard.views,
            width=cell.width,
            height=cell.height,
            decoy_share=cell.decoy_share,
        )
    ]
    write_shard(shard.folder, views)
