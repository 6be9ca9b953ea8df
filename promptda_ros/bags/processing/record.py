# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""promptda.json: what a result was made of and how, beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
import json
from pathlib import Path
from typing import Any, TYPE_CHECKING

from promptda_ros import __version__
from promptda_ros.bags.files import RECORD_FILE
from promptda_ros.bags.processing.inputs import InputFile, read_files
from promptda_ros.bags.processing.recipe import Recipe

if TYPE_CHECKING:
    from promptda_ros.loaded_model import LoadedModel


@dataclass(frozen=True)
class Record:
    """Everything that is to be known of a result."""

    recipe: Recipe
    source: str
    input: tuple[InputFile, ...]
    model: Mapping[str, str]  # name, digests, device, precision, engine
    topics: Mapping[str, Mapping[str, str]]  # of each camera, as they were found
    images: int = 0
    pairs: int = 0  # worked on
    outputs: Mapping[str, int] = field(default_factory=dict)  # messages by topic
    originals: int = 0
    drops: Mapping[str, int] = field(default_factory=dict)  # images by reason
    pixels: Mapping[str, float] = field(default_factory=dict)  # share of each code of validity
    warnings: tuple[str, ...] = ()
    stage_ms: Mapping[str, float] = field(default_factory=dict)  # median of a frame
    wall_sec: float = 0.0
    network_busy: float = 0.0  # share of the time in which pairs were worked on
    version: str = __version__  # what wrote it, as information: no result is refused for it

    def write(self, folder: Path) -> None:
        """Write the file into a folder."""
        values = {**asdict(self), 'recipe': self.recipe.to_json(), 'digest': self.recipe.digest}
        (folder / RECORD_FILE).write_text(json.dumps(values, indent=1) + '\n', encoding='utf-8')

    @classmethod
    def read(cls, folder: Path) -> Record | None:
        """Read the file of a folder; None: there is none, or it is not whole."""
        try:
            values: dict[str, Any] = json.loads((folder / RECORD_FILE).read_text(encoding='utf-8'))
            del values['digest']
            recipe, files = Recipe.of_json(values['recipe']), read_files(values['input'])
            warnings = tuple(values['warnings'])
            return cls(**{**values, 'recipe': recipe, 'input': files, 'warnings': warnings})
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return None


def facts_of(model: LoadedModel) -> dict[str, str]:
    """Return what a record says of the network."""
    return {**model.facts(), 'resolution': model.estimator.resolution}
