# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a worker does, in this process or in another: load a network once, then work on units."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

from promptda_ros.bags.processing.recipe import Recipe
from promptda_ros.bags.processing.unit import Outcome, Unit
from promptda_ros.core.errors import ExitCode, PromptdaError
from promptda_ros.core.runtime.ending import ending_of
from promptda_ros.core.runtime.guard import GaveUp, Guard

MOST_TRIES = 3  # of a recording whose worker is lost
# Hears of a unit how many of how many pairs are done.
Tell: TypeAlias = Callable[[Unit, int, int], None]
Outcomes: TypeAlias = Generator[Outcome, None, None]


class Work(Protocol):
    """Can be sent to other processes and machines."""

    def load(self) -> Any:
        """Return a network that is ready to run."""

    def process(self, unit: Unit, model: Any, tell: Callable[[int, int], None]) -> Outcome:
        """Make the result of one recording with it."""


class Runner(Protocol):
    """Works on units; who does, where and how many at once is its own."""

    def run(self, units: Sequence[Unit]) -> Outcomes:
        """Yield outcomes as they come; closing the generator ends all work.

        Raises:
            PromptdaError: no work is possible: the model, the device, a cluster.
        """


class WrongWeights(PromptdaError):
    """A worker has other weights than the run was started with."""

    exit_code = ExitCode.MODEL_OR_DEVICE


@dataclass(frozen=True)
class Processing:
    """The work of `promptda process`; imports torch where it is done and not before."""

    recipe: Recipe

    def load(self) -> Any:
        """Load the network of the recipe.

        Raises:
            WrongWeights: its digest is another one.
            PromptdaError: it can't be loaded here.
        """
        from promptda_ros.model import load_model

        model = load_model(self.recipe.settings)
        if model.sha256 != self.recipe.model_sha256:
            raise WrongWeights(
                f'the weights of {model.name} have the sha256 {model.sha256[:12]} here, and '
                f'{self.recipe.model_sha256[:12]} where the run was started: results would '
                'differ; copy the model folder'
            )
        return model

    def process(self, unit: Unit, model: Any, tell: Callable[[int, int], None]) -> Outcome:
        """Work on one recording."""
        from promptda_ros.bags.processing.process import process_unit
        from promptda_ros.bags.splitting.pieces import Piece, process_piece

        if isinstance(unit, Piece):
            return process_piece(unit, model, tell)
        return process_unit(unit, model, tell)


@dataclass(frozen=True)
class Ending:
    """Why a worker can't go on, and the exit code for that; exceptions don't travel."""

    sentence: str
    exit_code: ExitCode


class WorkEnded(PromptdaError):
    """A worker in another process can't go on; the text is its own."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.sentence)
        self.exit_code = ending.exit_code


def attempt(function: Callable[..., object], *arguments: Any) -> Any:
    """Return what a function returns, or an Ending where it raises."""
    answers: list[Any] = []

    def end(error: Exception) -> None:
        answers.append(Ending(*ending_of(error)))

    try:
        Guard(end).run(lambda: answers.append(function(*arguments)))
    except GaveUp as error:  # such as a lost device
        end(error)
    return answers[0]


@dataclass(frozen=True)
class Task:
    """A unit and how often it was begun."""

    unit: Unit
    tries: int = 1

    def settled(self, outcome: Outcome) -> Outcome:
        """Return an outcome with the number of tries, and the paths as they were given."""
        source, target = str(self.unit.source), str(self.unit.target)
        return replace(outcome, tries=self.tries, source=source, target=target)

    def after_loss(self, how: str) -> Task | Outcome:
        """Return the next try after its worker was lost, or that there is none."""
        if self.tries < MOST_TRIES:
            return replace(self, tries=self.tries + 1)
        error = (
            f'{self.unit.source}: its worker {how} in each of {self.tries} tries; if memory ran '
            'out, run fewer workers at once with --jobs'
        )
        return Outcome.failed(self.unit, error, tries=self.tries)
