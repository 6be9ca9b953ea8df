# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Recordings cut in time, so that several workers can share a long one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from promptda_ros.bags.files import BagError, holds_pictures
from promptda_ros.bags.processing.unit import Outcome, Unit
from promptda_ros.bags.runs.work import Outcomes, Runner, Tell
from promptda_ros.bags.splitting.join import join
from promptda_ros.bags.splitting.pieces import cut_unit, Piece


class InPieces:
    """Lets another runner work on pieces, and joins those of a recording when all are done."""

    def __init__(self, runner_of: Callable[[Tell], Runner], tell: Tell, split_sec: float) -> None:
        self._runner = runner_of(self._add_up)
        self._tell = tell
        self._split_sec = split_sec
        self._units: dict[Path, Unit] = {}  # by their targets
        self._pieces: defaultdict[Path, list[Piece]] = defaultdict(list)
        self._pairs: defaultdict[Path, Counter[str]] = defaultdict(Counter)  # done, by piece

    def run(self, units: Sequence[Unit]) -> Outcomes:
        """Yield outcomes of whole recordings; see Runner.

        Raises:
            CannotSplit: depth depends on earlier frames.
        """
        work: list[Unit] = []
        for unit in units:
            self._units[unit.target] = unit
            try:
                work += self._cut(unit)
            except BagError as error:
                yield Outcome.failed(unit, str(error))
        if not work:
            return  # for which no network is loaded
        left = Counter(each.target for each in work)
        failed: dict[Path, Outcome] = {}
        tries: Counter[Path] = Counter()  # most of a piece
        with closing(self._runner.run(work)) as outcomes:
            for outcome in outcomes:
                target = Path(outcome.target)
                left[target] -= 1
                tries[target] = max(tries[target], outcome.tries)
                if outcome.error:
                    failed.setdefault(target, outcome)
                if not left[target]:
                    whole = failed.get(target) or self._whole(target, outcome)
                    yield replace(whole, tries=tries[target])

    def _cut(self, unit: Unit) -> Sequence[Unit]:
        if holds_pictures(unit.source):
            return [unit]
        self._pieces[unit.target] = cut_unit(unit, self._split_sec)
        return self._pieces[unit.target]

    def _whole(self, target: Path, outcome: Outcome) -> Outcome:
        pieces = self._pieces.get(target)
        return join(pieces) if pieces else outcome

    def _add_up(self, unit: Unit, done: int, of: int) -> None:
        """Tell of a recording what its pieces tell."""
        if not isinstance(unit, Piece):
            self._tell(unit, done, of)
            return
        pairs = self._pairs[unit.target]
        pairs[unit.folder.name] = done
        self._tell(self._units[unit.target], pairs.total(), len(unit.plan.pairs))
