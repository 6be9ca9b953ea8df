# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A small network, and what passes a recording through it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from promptda_ros.bags.processing.process import process_unit
from promptda_ros.bags.processing.recipe import CameraTopics, Recipe
from promptda_ros.bags.processing.unit import Outcome, Unit
from promptda_ros.loaded_model import LoadedModel


@pytest.fixture(scope='session')
def parameters(network_folder: Path) -> dict[str, object]:
    """Return those of a small network; what its random weights say contradicts its sensor."""
    return {
        'model.path': str(network_folder),
        'device': 'cpu',
        'engine': 'torch',
        'trust.gate': False,
    }


@pytest.fixture(scope='session')
def model(parameters: dict[str, object]) -> LoadedModel:
    """Load the small network."""
    from promptda_ros.model import load_model

    return load_model(Recipe.of(parameters).settings)


@pytest.fixture
def unit_of(tmp_path: Path, parameters: dict[str, object]) -> Callable[..., Unit]:
    """Return what makes the work on a recording; `given` are more parameters."""

    def make(
        source: Path,
        given: Mapping[str, object] | None = None,
        topics: Mapping[str, CameraTopics] | None = None,
        **choices: Any,
    ) -> Unit:
        recipe = Recipe.of({**parameters, **(given or {})}, topics or {}, **choices)
        return Unit(source, tmp_path / 'out' / source.stem, recipe)

    return make


@pytest.fixture
def process(model: LoadedModel) -> Callable[[Unit], Outcome]:
    """Return what does the work."""
    return lambda unit: process_unit(unit, model, lambda done, count: None)
