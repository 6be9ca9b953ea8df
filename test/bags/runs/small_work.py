# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Work without a network, for runners: what the name of a recording says happens to it.

Other processes import it by its name, so it imports nothing of the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import os
from pathlib import Path
import signal
import time

from promptda_ros.bags.processing.recipe import Recipe
from promptda_ros.bags.processing.unit import Outcome, Unit
from promptda_ros.core.errors import ExitCode, PromptdaError

PAIRS = 3


class Unusable(PromptdaError):
    exit_code = ExitCode.MODEL_OR_DEVICE


@dataclass(frozen=True)
class SmallWork:
    """Notes in `folder` which process did what; `loading` is how the network loads."""

    folder: Path
    loading: str = 'ok'

    def load(self) -> str:
        self._note('load')
        if self.loading == 'unusable':
            raise Unusable('no such network')
        if self.loading == 'broken':
            raise LookupError('nobody foresaw this')
        if self.loading == 'killed':
            os.kill(os.getpid(), signal.SIGKILL)
        return 'network'

    def process(self, unit: Unit, model: str, tell: Callable[[int, int], None]) -> Outcome:
        assert model == 'network'
        name = unit.source.name
        self._note(name)
        tell(1, PAIRS)
        if name.startswith('killed') and self._tries_of(name) <= int(name.removeprefix('killed')):
            os.kill(os.getpid(), signal.SIGKILL)
        if name == 'lost':
            from promptda_ros.core.runtime.faults import DeviceLost  # late, as it imports torch

            raise DeviceLost('the GPU is lost')
        while name == 'meets' and sum(words[0] == 'load' for words in self.notes()) < 2:
            time.sleep(0.01)
        if name == 'hangs':
            time.sleep(600)
        tell(PAIRS, PAIRS)
        if name == 'bad':
            return Outcome.failed(unit, 'cut off')
        return Outcome(str(unit.source), str(unit.target), 'done', pairs=PAIRS)

    def notes(self) -> list[list[str]]:
        """Return what was done by which process with how many threads on which GPU."""
        path = self.folder / 'notes'
        return [line.split(',') for line in path.read_text().splitlines()] if path.exists() else []

    def _note(self, what: str) -> None:
        words = what, str(os.getpid()), *map(os.environ.get, ('OMP_NUM_THREADS', GPUS))
        with (self.folder / 'notes').open('a') as file:
            file.write(','.join(map(str, words)) + '\n')

    def _tries_of(self, name: str) -> int:
        return sum(words[0] == name for words in self.notes())


GPUS = 'CUDA_VISIBLE_DEVICES'


def units_of(names: Sequence[str]) -> list[Unit]:
    """Return units of these names."""
    recipe = Recipe({}, {}, model_sha256='')
    return [Unit(Path('in') / name, Path('out') / name, recipe) for name in names]
