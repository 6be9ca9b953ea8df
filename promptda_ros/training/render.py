# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Renders the scenes of a recipe to shards, on several cores, resuming where it was stopped."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
import multiprocessing
from pathlib import Path

from tqdm import tqdm

from promptda_ros.training.recipe import CellData
from promptda_ros.training.shards import write_shard

SCENES_PER_SHARD = 25
TRAINING, VALIDATION = 'training', 'validation'
VALIDATION_VIEWS = 2


@dataclass(frozen=True)
class Shard:
    """Some consecutive scenes, looked at some times each."""

    folder: Path
    first_seed: int
    scenes: int
    views: int


def render(folder: Path, cell: CellData, *, processes: int) -> None:
    """Write the folders `training` and `validation`; what is there already stays."""
    shards = list(_plan(folder, cell))
    missing = [shard for shard in shards if not shard.folder.exists()]
    # Spawned: neither the graphics library nor torch's threads survive a fork.
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        done = pool.map(_render_shard, missing, repeat(cell))
        for _ in tqdm(
            done,
            desc='rendering',
            unit='shard',
            total=len(shards),
            initial=len(shards) - len(missing),
        ):
            pass


def _plan(folder: Path, cell: CellData) -> Iterator[Shard]:
    yield from _cut(folder / TRAINING, cell.first_seed, cell.scenes, cell.views)
    yield from _cut(
        folder / VALIDATION, cell.validation_first_seed, cell.validation_scenes, VALIDATION_VIEWS
    )


def _cut(folder: Path, first_seed: int, scenes: int, views: int) -> Iterator[Shard]:
    for begin in range(0, scenes, SCENES_PER_SHARD):
        seed, count = first_seed + begin, min(SCENES_PER_SHARD, scenes - begin)
        yield Shard(folder / f'{seed:07d}', seed, count, views)


def _render_shard(shard: Shard, cell: CellData) -> None:
    # Late: MuJoCo is an optional extra, imported in the processes that render only.
    from promptda_ros.sim.cell import views_of

    views = [
        view
        for seed in range(shard.first_seed, shard.first_seed + shard.scenes)
        for view in views_of(seed, count=shard.views, width=cell.width, height=cell.height)
    ]
    write_shard(shard.folder, views)
