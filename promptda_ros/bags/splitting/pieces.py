# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pieces of one recording, each worked on by whoever has time.

A finished piece is kept until the result is there: after an interruption only the others remain.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
import hashlib
import json
from pathlib import Path

from promptda_ros.bags.bag import open_bag
from promptda_ros.bags.planning.plan import Plan
from promptda_ros.bags.planning.replay import Part
from promptda_ros.bags.processing.inputs import InputFiles
from promptda_ros.bags.processing.process import settled, steady, Tell
from promptda_ros.bags.processing.record import Record
from promptda_ros.bags.processing.unit import Outcome, Unit
from promptda_ros.bags.processing.warnings import Warnings
from promptda_ros.bags.processing.work import Figures, Work
from promptda_ros.bags.splitting.cut import CannotSplit, cut, require_no_past
from promptda_ros.bags.splitting.spool import SpoolSink
from promptda_ros.core.whole_folder import whole_folder
from promptda_ros.loaded_model import LoadedModel

SHOWN = 'shown.npz'
FRAMES = 'frames'  # in the record of a piece: those with depth


@dataclass(frozen=True)
class Piece(Unit):
    """A part of the work on a unit, for whoever works on units."""

    plan: Plan
    part: Part
    folder: Path  # for what is made of it
    files: InputFiles  # of which it was cut

    def absolute(self) -> Piece:
        """Return the same for a process that runs in another folder."""
        source, target = self.source.resolve(), self.target.resolve()
        return replace(self, source=source, target=target, folder=self.folder.resolve())


def cut_unit(unit: Unit, split_sec: float) -> list[Piece]:
    """Plan the work on a recording and cut it into pieces of at least this length.

    Raises:
        CannotSplit: depth depends on earlier frames, or the result is no bag.
        BagError: the recording can't be used.
    """
    recipe = unit.recipe
    require_no_past(recipe.of_cameras)
    if recipe.to != 'bag':
        raise CannotSplit(f'--split writes bags, not --to {recipe.to}: leave out one of them')
    files = InputFiles.of(unit.source)
    with open_bag(unit.source) as bag:
        plan = Work(bag, recipe, Warnings()).plan
    parts = cut(plan, recipe.of_cameras, split_sec)
    facts = recipe.digest, files.to_json(), [asdict(part) for part in parts]
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]
    place = unit.target.parent / f'{prefix_of(unit)}{key}'
    whole = unit.source, unit.target, recipe
    return [Piece(*whole, plan, part, place / f'{part.first:09}', files) for part in parts]


def prefix_of(unit: Unit) -> str:
    """Return how the folder of a unit's pieces is called, apart from a key."""
    return f'.pieces-{unit.target.name}-'


def process_piece(piece: Piece, model: LoadedModel, tell: Tell) -> Outcome:
    """Work on a piece, unless that was done before; its outcome counts its own pairs.

    Raises:
        DeviceLost: nothing can be computed in this process any more.
        GaveUp: the network fails frame after frame.
    """

    def make() -> Record:
        return Record.read(piece.folder) or _make(piece, model, tell)

    return settled(piece, make)


def _make(piece: Piece, model: LoadedModel, tell: Tell) -> Record:
    log = Warnings()
    with steady(model), open_bag(piece.source) as bag, whole_folder(piece.folder) as folder:
        work = Work(bag, piece.recipe, log, piece.plan)
        sink = SpoolSink(folder, work.results)
        try:
            figures = work.run(piece.part, model, sink, tell)
            sink.close()
        except BaseException:
            sink.abandon()
            raise
        figures.shown.save(folder / SHOWN)
        record = _record(piece, figures, log)
        record.write(folder)
    return record


def _record(piece: Piece, figures: Figures, log: Warnings) -> Record:
    return Record(
        recipe=piece.recipe,
        source=str(piece.source),
        input=(),
        model=figures.model,
        topics={},
        pairs=figures.pairs,
        outputs={FRAMES: figures.frames},
        drops=figures.drops,
        warnings=log.lines,
        stage_ms=figures.stage_ms,
        wall_sec=figures.wall_sec,
        network_busy=figures.network_busy,
    )
