# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.runs.in_pieces: one outcome for a recording, whatever its pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from promptda_ros.bags.processing.recipe import Recipe
from promptda_ros.bags.processing.unit import Outcome, Unit
from promptda_ros.bags.runs.in_pieces import InPieces
from promptda_ros.bags.runs.work import Outcomes
from promptda_ros.bags.splitting.cut import CannotSplit
from promptda_ros.bags.splitting.pieces import Piece
from test.recordings import Recording

FRAMES = 6
SPLIT_SEC = 0.06


class Worker:
    """A runner that tells all pairs of every piece, and fails the pieces that begin at a pair."""

    def __init__(self, tell, *, failing: int | None = None) -> None:
        self._tell = tell
        self._failing = failing

    def run(self, units: Sequence[Unit]) -> Outcomes:
        for number, unit in enumerate(units, start=1):
            assert isinstance(unit, Piece)
            pairs = unit.part.last - unit.part.first
            self._tell(unit, pairs, pairs)
            outcome = Outcome(str(unit.source), str(unit.target), 'done', tries=number)
            is_failing = unit.part.first == self._failing
            yield Outcome.failed(unit, 'no depth', tries=number) if is_failing else outcome


@pytest.fixture
def units(tmp_path: Path) -> list[Unit]:
    """Return units of a recording and of a broken one."""
    recording = Recording()
    recording.add_camera(FRAMES)
    recipe = Recipe.of({'prompt.smoothing': 0, 'trust.gate': False})
    broken = tmp_path / 'broken.mcap'
    broken.write_text('junk')
    sources = [broken, recording.write(tmp_path / 'run')]
    return [Unit(source, tmp_path / 'out' / source.stem, recipe) for source in sources]


def test_pieces_count_as_one_recording(units, monkeypatch):
    joined, told = [], []

    def join(pieces):
        joined.append([piece.part for piece in pieces])
        return Outcome(str(pieces[0].source), str(pieces[0].target), 'done', pairs=FRAMES)

    monkeypatch.setattr('promptda_ros.bags.runs.in_pieces.join', join)
    runner = InPieces(Worker, lambda unit, *pairs: told.append((unit, *pairs)), SPLIT_SEC)
    broken, whole = runner.run(units)
    assert (broken.state, Path(broken.source).name) == ('failed', 'broken.mcap')
    (parts,) = joined
    assert len(parts) > 1
    # A lost worker costs a piece its tries; the recording has the most of any.
    assert (whole.state, whole.pairs, whole.tries) == ('done', FRAMES, len(parts))
    assert told[-1] == (units[1], FRAMES, FRAMES)
    assert {unit.source for unit, *_ in told} == {units[1].source}


def test_a_failed_piece_fails_its_recording_alone(units):
    runner = InPieces(lambda tell: Worker(tell, failing=0), lambda *_: None, SPLIT_SEC)
    _, whole = runner.run(units)
    assert (whole.state, whole.error) == ('failed', 'no depth')


def test_without_any_piece_no_worker_is_asked_for(units):
    def no_worker(tell):
        class Nobody:
            def run(self, _units):
                raise AssertionError('there is no work')

        return Nobody()

    (broken,) = InPieces(no_worker, lambda *_: None, SPLIT_SEC).run(units[:1])
    assert broken.state == 'failed'


def test_depth_that_depends_on_the_past_is_not_cut(units):
    recipe = Recipe.of({'prompt.smoothing': 1})
    with pytest.raises(CannotSplit, match=r'prompt\.smoothing is 1'):
        list(InPieces(Worker, lambda *_: None, 1.0).run([replace(units[1], recipe=recipe)]))
