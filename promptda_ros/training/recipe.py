# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One training run, stated completely by one YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
import hashlib
from pathlib import Path
from typing import Any, get_type_hints

import yaml

from promptda_ros.network.fields import keep_known


class RecipeError(ValueError):
    """A recipe says something that can't be run."""


@dataclass(frozen=True)
class Phase:
    """Some steps at one size; the curriculum is a list of them."""

    steps: int
    batch: int
    height: int
    width: int


@dataclass(frozen=True)
class CellData:
    """Which scenes of the simulated cell are rendered, and how often each is looked at."""

    first_seed: int = 0
    scenes: int = 1000
    views: int = 4
    height: int = 252
    width: int = 336
    live: bool = False  # render while training, and never the same view twice
    validation_first_seed: int = 900_000
    validation_scenes: int = 40


@dataclass(frozen=True)
class Spoiling:
    """How often, and how much, pictures and prompts are made worse than the sensor made them."""

    holes_share: float = 0.3  # of all samples
    holes_at_most: float = 0.6  # of a prompt's pixels
    outliers_share: float = 0.1
    shift_share: float = 0.2
    shift_px: float = 2.0  # of the sensor, at most, along each axis
    picture_noise: float = 0.03  # of full scale, at most


@dataclass(frozen=True)
class Optimisation:
    """AdamW with a warm-up and a cosine, clipped gradients, and averaged weights."""

    rate: float = 5e-4  # the highest
    last_rate: float = 0.0
    warm_up_steps: int = 200
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    average_decay: float = 0.998
    edge_weight: float = 0.0  # added to the loss: mean absolute error next to depth steps


@dataclass(frozen=True)
class Recipe:
    """Everything a run needs but for the place of its data."""

    phases: tuple[Phase, ...]
    seed: int = 0
    network: Mapping[str, Any] = field(default_factory=dict)  # config.json of a new network
    cell: CellData = field(default_factory=CellData)
    sensors: Mapping[str, float] = field(default_factory=dict)  # how often, relative
    spoiling: Spoiling = field(default_factory=Spoiling)
    optimisation: Optimisation = field(default_factory=Optimisation)
    evaluate_every: int = 500
    save_every: int = 100
    sha256: str = ''  # of the file it was read from

    @property
    def steps(self) -> int:
        """Steps of all phases together."""
        return sum(phase.steps for phase in self.phases)

    def phase_of(self, step: int) -> Phase:
        """Return the phase in which a step, counted from 0, is taken."""
        for phase in self.phases:
            if step < phase.steps:
                return phase
            step -= phase.steps
        raise IndexError(f'the recipe has {self.steps} steps')


def read_recipe(path: Path) -> Recipe:
    """Read a YAML file; raises RecipeError with the field and the value that are wrong."""
    try:
        text = path.read_bytes()
        values = yaml.safe_load(text)
    except (OSError, yaml.YAMLError) as error:
        raise RecipeError(f'{path} is no readable YAML file: {error}') from error
    digest = hashlib.sha256(text).hexdigest()
    recipe: Recipe = _build(Recipe, {**_mapping('the recipe', values), 'sha256': digest})
    if not recipe.phases:
        raise RecipeError(f'{path} has no phases: name at least one with its steps and size')
    return recipe


def _build(kind: type[Any], values: Mapping[str, Any]) -> Any:
    """Make a frozen dataclass of plain values, and those inside it; unknown names are errors."""
    try:
        known = keep_known(kind.__name__, values, [one.name for one in fields(kind)])
    except ValueError as error:
        raise RecipeError(str(error)) from error
    hints = get_type_hints(kind)
    try:
        return kind(**{name: _value(name, hints[name], known[name]) for name in known})
    except TypeError as error:
        raise RecipeError(f'{kind.__name__}: {error}') from error


def _value(name: str, hint: Any, value: Any) -> Any:
    if name == 'phases':
        return tuple(_build(Phase, _mapping(name, one)) for one in value)
    if hasattr(hint, '__dataclass_fields__'):
        return _build(hint, _mapping(name, value))
    if hint in (int, float, bool, str) and not _is(hint, value):
        raise RecipeError(f'{name} is {value!r}, must be of type {hint.__name__}')
    return hint(value) if hint is float else value


def _is(hint: type, value: Any) -> bool:
    if isinstance(value, bool):
        return hint is bool
    return isinstance(value, (int, float) if hint is float else hint)


def _mapping(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise RecipeError(f'{name} is {value!r}, must be names with values')
    return value
