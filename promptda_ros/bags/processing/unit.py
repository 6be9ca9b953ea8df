# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is to be done with one recording, and what came of it; needs neither ROS nor torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
import enum
from pathlib import Path
from typing import Any

from promptda_ros.bags.files import RECORD_FILE
from promptda_ros.bags.processing.inputs import InputFiles
from promptda_ros.bags.processing.recipe import known_fields, Recipe
from promptda_ros.bags.processing.record import Record
from promptda_ros.core.errors import PromptdaError


class RecipeDiffers(PromptdaError):
    """A result is there that was not made by this recipe; the text names the difference."""


@dataclass(frozen=True)
class Unit:
    """One recording and where its result goes; what a process or a cluster's worker gets."""

    source: Path
    target: Path  # a folder
    recipe: Recipe

    def absolute(self) -> Unit:
        """Return the same for a process that runs in another folder."""
        return replace(self, source=self.source.resolve(), target=self.target.resolve())


class State(enum.Enum):
    """Whether there is work."""

    TO_DO = 'to_do'
    UP_TO_DATE = 'up_to_date'


@dataclass(frozen=True)
class Outcome:
    """What came of one recording; a line of process.jsonl."""

    source: str
    target: str
    state: str  # done, up_to_date or failed
    pairs: int = 0
    outputs: Mapping[str, int] = field(default_factory=dict)  # messages by topic
    drops: Mapping[str, int] = field(default_factory=dict)  # images by reason
    warnings: tuple[str, ...] = ()
    error: str = ''
    wall_sec: float = 0.0
    stage_ms: Mapping[str, float] = field(default_factory=dict)  # median of a frame
    tries: int = 1

    @classmethod
    def of(cls, unit: Unit, state: str, record: Record, **more: Any) -> Outcome:
        """Return what a record says of the work on a unit."""
        return cls(
            source=str(unit.source),
            target=str(unit.target),
            state=state,
            pairs=record.pairs,
            outputs=record.outputs,
            drops=record.drops,
            warnings=record.warnings,
            wall_sec=record.wall_sec,
            stage_ms=record.stage_ms,
            **more,
        )

    @classmethod
    def failed(cls, unit: Unit, error: str, **more: Any) -> Outcome:
        """Return why there is no result, in one sentence."""
        source, target = str(unit.source), str(unit.target)
        return cls(source=source, target=target, state='failed', error=error, **more)

    def to_json(self) -> dict[str, Any]:
        """Return plain values for a line of JSON."""
        return asdict(self)

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> Outcome:
        """Return the outcome of a line of JSON."""
        own = known_fields(cls, values)
        return cls(**{**own, 'warnings': tuple(own.get('warnings', ()))})


def state_of(unit: Unit) -> State:
    """Return whether there is work; a recording that has changed is worked on again.

    Raises:
        RecipeDiffers: another recipe made what lies there, or something else did.
        BagError: there is no recording.
    """
    files = InputFiles.of(unit.source)
    if not unit.target.exists():
        return State.TO_DO
    record = Record.read(unit.target)
    if record is None:
        raise RecipeDiffers(
            f'{unit.target} exists, but not as a result of promptda process ({RECORD_FILE} is '
            'missing or damaged): name another folder with --out, or replace it with --force'
        )
    if difference := record.recipe.difference(unit.recipe):
        raise RecipeDiffers(
            f'{unit.target} was made by another recipe ({difference}): name another folder with '
            '--out, or replace it with --force'
        )
    return State.UP_TO_DATE if files.are(record.input) else State.TO_DO


def outcome_of(unit: Unit) -> Outcome:
    """Return the outcome of a unit that is up to date, as its record tells it."""
    record = Record.read(unit.target)
    assert record is not None
    return Outcome.of(unit, State.UP_TO_DATE.value, record)
