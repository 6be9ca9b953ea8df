# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One training run, stated completely by one YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, MISSING, replace
import hashlib
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np

from promptda_ros.core.errors import PromptdaError, suggest
from promptda_ros.core.runtime.resolution import PIXELS_OF_RESOLUTION, scale_to
from promptda_ros.core.settings.depth import PromptSettings
from promptda_ros.core.yaml_file import read_yaml, YamlFileError
from promptda_ros.network.fields import Fields

# YAML takes 6e-4 for text.
NOUNS = {
    int: 'a whole number',
    float: 'a number such as 6.0e-4',
    bool: 'true or false',
    str: 'a word',
}
ANCHORED_LONG_SIDE = 2048
WHOLE = 1  # of the random numbers of a step, those that choose whole pictures
LOSS_UNITS = ('prompt_range', 'bilinear_error')  # loss.py says what they are


class RecipeError(PromptdaError, ValueError):
    """A recipe says something that can't be run."""


@dataclass(frozen=True)
class Phase(Fields):
    """Some steps at one size; the curriculum is a list of them."""

    steps: int
    batch: int
    height: int  # whole patches of the network, as the width
    width: int
    whole_share: float = 0.0  # of the steps, each of which sees one picture of the cell's size

    def __post_init__(self) -> None:
        self.require_whole('steps', 'batch', 'height', 'width')
        self.require_field('whole_share', 0 <= self.whole_share <= 1, 'from 0 to 1')

    @property
    def pixels(self) -> int:
        """Pixels that a step sees which is not of a whole picture."""
        return self.batch * self.height * self.width


@dataclass(frozen=True)
class CellData(Fields):
    """Which scenes of the simulated cell are rendered, and how often each is looked at."""

    first_seed: int = 0
    scenes: int = 1000
    views: int = 4
    height: int = 252
    width: int = 336
    decoy_share: float = 0.0  # of the scenes to train on: prints and hard shadows lie in them
    reduced_share: float = 0.0  # of the batches, of views at the size that networks see them at
    made_share: float = 0.0  # of the batches, with prompts made of the exact depth
    live: bool = False  # render while training, and never the same view twice
    validation_first_seed: int = 900_000
    validation_scenes: int = 40

    def __post_init__(self) -> None:
        self.require_whole('scenes', 'views', 'height', 'width', 'validation_scenes')
        self.require_number('first_seed', at_least=0)
        for name in ('decoy_share', 'reduced_share', 'made_share'):
            self.require_field(name, 0 <= getattr(self, name) <= 1, 'from 0 to 1')
        past = self.first_seed + (0 if self.live else self.scenes)
        self.require_field(
            'validation_first_seed',
            self.validation_first_seed >= past,
            f'at least {past}, behind the scenes to train on',
        )

    @property
    def reduced(self) -> tuple[int, int]:
        """Height and width of the views at the size that the node shows a network on a CPU."""
        scale = scale_to(PIXELS_OF_RESOLUTION['low'], self.height, self.width)
        return round(scale * self.height), round(scale * self.width)


@dataclass(frozen=True)
class Spoiling(Fields):
    """How often, and how much, pictures and prompts are made worse than the sensor made them."""

    holes_share: float = 0.2  # of all samples
    holes_at_most: float = 0.6  # of a prompt's pixels
    outliers_share: float = 0.1
    shift_share: float = 0.1
    shift_px: float = 2.0  # of the sensor, at most, along each axis,
    shift_view_px: float = 4.0  # and of the picture: two zones of 8 x 8 are half of it
    picture_noise: float = 0.03  # of full scale, at most

    def __post_init__(self) -> None:
        for name in ('holes_share', 'holes_at_most', 'outliers_share', 'shift_share'):
            self.require_field(name, 0 <= getattr(self, name) <= 1, 'from 0 to 1')
        self.require_number('shift_px', 'shift_view_px', 'picture_noise', at_least=0)


@dataclass(frozen=True)
class Prompts(Fields):
    """How prompts are made of depth where no sensor's own lies beside it: one size a batch."""

    finest_px: float = 1.3  # of the picture in one pixel of the prompt,
    coarsest_px: float = 20.0  # drawn between these, or one of the usual ones
    zones_share: float = 0.07  # of the batches, zones of an eighth of the picture
    full_share: float = 0.1  # of the batches, prompts of the picture's own size
    clean_share: float = 0.6  # of the samples, measured without noise
    noise_at_most: float = 0.013  # of the depth, in the others
    holes_share: float = 0.45  # of the samples
    holes_at_most: float = 0.45  # of a prompt's pixels
    shift_share: float = 0.06
    shift_px: float = 3.0  # of the picture, at most
    fat_share: float = 0.12  # of the samples, in which what is near has grown
    shadow_share: float = 0.12  # of the samples, that lack what a second eye would not see

    def __post_init__(self) -> None:
        shares = ('zones', 'full', 'clean', 'holes', 'shift', 'fat', 'shadow')
        for name in (*(f'{share}_share' for share in shares), 'holes_at_most', 'noise_at_most'):
            self.require_field(name, 0 <= getattr(self, name) <= 1, 'from 0 to 1')
        self.require_number('finest_px', at_least=1)
        self.require_number('coarsest_px', at_least=self.finest_px)
        self.require_number('shift_px', at_least=0)


@dataclass(frozen=True)
class Optimisation(Fields):
    """AdamW with a warm-up and a cosine, clipped gradients, and averaged weights."""

    rate: float = 5e-4  # the highest
    network_rate: float = 0.4  # of it, for a network beside its anchor
    last_rate: float = 0.0
    warm_up_steps: int = 200
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    average_decay: float = 0.998
    loss_unit: str = 'prompt_range'  # or bilinear_error: each sample counts alike
    edge_weight: float = 0.0  # added to the loss: mean absolute error next to depth steps

    def __post_init__(self) -> None:
        self.require_field('rate', self.rate > 0, 'above 0')
        self.require_field('network_rate', self.network_rate > 0, 'above 0')
        self.require_field('clip_norm', self.clip_norm > 0, 'above 0')
        self.require_number('last_rate', 'warm_up_steps', at_least=0)
        self.require_number('weight_decay', 'edge_weight', at_least=0)
        self.require_number('average_decay', at_least=0, below=1)
        self.require_choice('loss_unit', LOSS_UNITS)


@dataclass(frozen=True)
class Recipe(Fields):
    """Everything a run needs but for the place of its data."""

    phases: tuple[Phase, ...]
    seed: int = 0
    network: Mapping[str, Any] = field(default_factory=dict)  # config.json of a new network
    anchor: bool = False  # train the anchor behind the network
    network_share: float = 0.0  # of the steps, that train the network, too; 0: it stays as it is
    cell: CellData = field(default_factory=CellData)
    sensors: Mapping[str, float] = field(default_factory=dict)  # how often, relative
    cell_share: float = 0.35  # of the steps, where there are sensors of the cell and --data
    spoiling: Spoiling = field(default_factory=Spoiling)
    prompts: Prompts = field(default_factory=Prompts)
    optimisation: Optimisation = field(default_factory=Optimisation)
    evaluate_every: int = 500
    save_every: int = 100
    sha256: str = ''  # of the file it was read from

    def __post_init__(self) -> None:
        self.require_whole('evaluate_every', 'save_every')
        self.require_number('seed', at_least=0)
        for name in ('cell_share', 'network_share'):
            self.require_field(name, 0 <= getattr(self, name) <= 1, 'from 0 to 1')
        allowed = '0 without anchor: true, as every step trains the network then'
        self.require_field('network_share', self.anchor or self.network_share == 0, allowed)
        self.require_field('phases', len(self.phases) > 0, 'a list of at least one phase')

    @property
    def prompt_settings(self) -> PromptSettings:
        """How prompts are conditioned: an anchor sees those of fine sensors at their own size."""
        usual = PromptSettings()
        return replace(usual, max_long_side=ANCHORED_LONG_SIDE) if self.anchor else usual

    @property
    def steps(self) -> int:
        """Steps of all phases together."""
        return sum(phase.steps for phase in self.phases)

    def pixels_before(self, step: int) -> float:
        """Return how many pixels the steps before this one have seen on average."""
        pixels = 0.0
        for phase in self.phases:
            parts, wholes = phase.pixels, self._whole(phase).pixels
            mean = (1 - phase.whole_share) * parts + phase.whole_share * wholes
            pixels += min(step, phase.steps) * mean
            step = max(0, step - phase.steps)
        return pixels

    def phase_of(self, step: int) -> Phase:
        """Return the phase in which a step, counted from 0, is taken."""
        chance = np.random.default_rng((self.seed, step, WHOLE)).random()
        for phase in self.phases:
            if step < phase.steps:
                return self._whole(phase) if chance < phase.whole_share else phase
            step -= phase.steps
        raise IndexError(f'the recipe has {self.steps} steps')

    @property
    def judged(self) -> Phase:
        """The size of the pictures to judge on: that of the last steps, or the largest of them."""
        last = self.phases[-1]
        return self._whole(last) if last.whole_share else last

    def _whole(self, phase: Phase) -> Phase:
        return replace(phase, batch=1, height=self.cell.height, width=self.cell.width)


def read_recipe(path: Path) -> Recipe:
    """Read a YAML file.

    Raises:
        RecipeError: it can't be read, or a field is unknown, missing, of another type, or outside
            of its limits; the text names the field and the value.
    """
    try:
        values = read_yaml(path)
    except YamlFileError as error:
        raise RecipeError(str(error)) from None
    try:
        recipe: Recipe = _build(
            Recipe, values, name='recipe', ours={'sha256': _digest(path.read_bytes())}
        )
    except ValueError as error:
        raise RecipeError(f'{path}: {error}') from None
    return recipe


def _build(kind: type[Any], values: Any, *, name: str, ours: Mapping[str, Any]) -> Any:
    """Make a frozen dataclass of plain values, and those inside it."""
    _require(isinstance(values, Mapping), name, values, 'names with values')
    hints = get_type_hints(kind)
    known = [one.name for one in fields(kind) if one.name not in ours]
    for word in values:
        if word not in known:
            raise RecipeError(f'{name} has no field {word!r}; {suggest(word, known)}')
    required = [one.name for one in fields(kind) if one.default is one.default_factory is MISSING]
    for wanted in required:
        if wanted not in values:
            raise RecipeError(f'{name} lacks {wanted}')
    given = {one: _value(one, hints[one], value) for one, value in values.items()}
    return kind(**given, **ours)


def _value(name: str, hint: Any, value: Any) -> Any:
    """Return a value in the type of its field."""
    if name == 'phases':
        _require(isinstance(value, list), name, value, 'a list')
        return tuple(_build(Phase, one, name='a phase', ours={}) for one in value)
    if isinstance(hint, type) and is_dataclass(hint):
        return _build(hint, value, name=name, ours={})
    if hint in (int, float, bool, str):
        _require(_is(hint, value), name, value, NOUNS[hint])
        return hint(value)
    _require(isinstance(value, Mapping), name, value, 'names with values')
    return value


def _is(hint: type, value: Any) -> bool:
    if isinstance(value, bool):
        return hint is bool
    return isinstance(value, (int, float) if hint is float else hint)


def _require(condition: bool, name: str, value: object, allowed: str) -> None:
    if not condition:
        raise RecipeError(f'{name} is {value!r}, must be {allowed}')


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
