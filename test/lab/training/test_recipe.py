# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.training.recipe and checks."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from promptda_ros.lab.training.checks import network_config, require_cell, require_patches
from promptda_ros.lab.training.recipe import read_recipe, Recipe, RecipeError
from promptda_ros.network import PromptDepthAnythingConfig
from promptda_ros.tools.train import SIDES_MULTIPLE_OF

ROOT = Path(__file__).resolve().parents[3]
PHASE = {'steps': 5, 'batch': 2, 'height': 56, 'width': 70}


@pytest.fixture
def read(tmp_path: Path, network_values: dict[str, Any]) -> Callable[..., Recipe]:
    """Write a whole recipe, changed at dotted names, and read it."""

    def write_and_read(changes: dict[str, Any]) -> Recipe:
        values: dict[str, Any] = {
            'network': deepcopy(network_values),
            'sensors': {'phone_lidar': 1},
            'cell': {'height': 112, 'width': 140},
            'phases': [dict(PHASE)],
        }
        for name, value in changes.items():
            *groups, last = name.split('.')
            inside = values
            for group in groups:
                inside = inside.setdefault(group, {})
            inside[last] = value
        path = tmp_path / 'recipe.yaml'
        path.write_text(yaml.safe_dump(values))
        return read_recipe(path)

    return write_and_read


def check(recipe: Recipe) -> None:
    """Ask everything that `promptda train` asks before it renders."""
    patch_px = network_config(recipe).patch_size
    require_patches(recipe, patch_px)
    require_cell(recipe, patch_px)


@pytest.mark.parametrize('name', ['adapt.yaml', 'anchor.yaml', 'promptda-tiny.yaml'])
def test_the_recipes_of_the_repository_can_be_run(name):
    path = ROOT / 'training' / name
    recipe = read_recipe(path)
    assert recipe.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    patch_px = SIDES_MULTIPLE_OF if recipe.anchor else 14
    require_patches(recipe, patch_px)
    if recipe.network:
        network_config(recipe)
    if recipe.sensors:
        require_cell(recipe, patch_px)


def test_the_recipe_of_the_embedded_network_describes_it():
    recipe = read_recipe(ROOT / 'training/promptda-tiny.yaml')
    embedded = json.loads((ROOT / 'models/promptda-tiny/config.json').read_text())
    assert network_config(recipe) == PromptDepthAnythingConfig.from_dict(embedded)


def test_some_steps_of_a_phase_see_one_whole_picture(read):
    phase = {**PHASE, 'steps': 400, 'height': 56, 'width': 70, 'whole_share': 0.25}
    recipe = read({'phases': [phase]})
    sizes = [(one.batch, one.height, one.width) for one in map(recipe.phase_of, range(400))]
    whole, part = (1, recipe.cell.height, recipe.cell.width), (2, 56, 70)
    assert {*sizes} == {whole, part}
    assert 70 < sizes.count(whole) < 130
    assert recipe.judged.height == recipe.cell.height
    mean = 0.25 * recipe.cell.height * recipe.cell.width + 0.75 * 2 * 56 * 70
    assert recipe.pixels_before(400) == pytest.approx(400 * mean)


def test_phases_follow_one_another(read):
    recipe = read({'phases': [PHASE, {**PHASE, 'steps': 2, 'batch': 3}]})
    check(recipe)
    assert recipe.steps == 7
    assert [recipe.phase_of(step).batch for step in range(7)] == [2] * 5 + [3] * 2
    with pytest.raises(IndexError):
        recipe.phase_of(7)


def test_whole_numbers_serve_as_numbers(read):
    decay = read({'optimisation.weight_decay': 1}).optimisation.weight_decay
    assert (decay, type(decay)) == (1.0, float)


@pytest.mark.parametrize(
    'changes, sentence',
    [
        ({'optimization': {}}, "no field 'optimization'; did you mean optimisation?"),
        ({'optimisation.rte': 1.0}, "optimisation has no field 'rte'; did you mean rate?"),
        ({'dtype': 'bf16'}, "recipe has no field 'dtype'; known are: phases"),
        ({'sha256': ''}, "no field 'sha256'"),
        ({'phases': [{**PHASE, 'stepps': 1}]}, "a phase has no field 'stepps'; did you mean"),
        ({'phases': [{'steps': 5, 'batch': 2, 'height': 56}]}, 'a phase lacks width'),
        ({'phases': []}, 'phases is (), must be a list of at least one phase'),
        ({'phases': 5}, 'phases is 5, must be a list'),
        ({'phases': [5]}, 'a phase is 5, must be names with values'),
        ({'phases': [{**PHASE, 'batch': 0}]}, 'batch is 0, must be a whole number above 0'),
        ({'phases': [{**PHASE, 'batch': 2.5}]}, 'batch is 2.5, must be a whole number'),
        ({'cell': 3}, 'cell is 3, must be names with values'),
        ({'cell.live': 1}, 'live is 1, must be true or false'),
        ({'cell.decoy_share': 1.5}, 'decoy_share is 1.5, must be from 0 to 1'),
        ({'cell.scenes': True}, 'scenes is True, must be a whole number'),
        ({'cell.validation_first_seed': 999}, 'must be at least 1000, behind the scenes to train'),
        ({'optimisation.rate': '6e-4'}, "rate is '6e-4', must be a number such as 6.0e-4"),
        ({'optimisation.rate': -1.0}, 'rate is -1.0, must be above 0'),
        ({'optimisation.average_decay': 1.0}, 'average_decay is 1.0'),
        ({'optimisation.loss_unit': 'metre'}, 'must be one of prompt_range, bilinear_error'),
        ({'network_share': 0.5}, 'network_share is 0.5, must be 0 without anchor: true'),
        ({'network_share': 1.5, 'anchor': True}, 'network_share is 1.5, must be from 0 to 1'),
        ({'optimisation.network_rate': 0.0}, 'network_rate is 0.0, must be above 0'),
        ({'cell.made_share': 2.0}, 'made_share is 2.0, must be from 0 to 1'),
        ({'phases': [{**PHASE, 'whole_share': -1.0}]}, 'whole_share is -1.0, must be from 0'),
        ({'spoiling.holes_share': 1.5}, 'holes_share is 1.5, must be from 0 to 1'),
        ({'evaluate_every': 0}, 'evaluate_every is 0'),
        ({'seed': -1}, 'seed is -1'),
        ({'sensors': {'phone_lidr': 1}}, "no 'phone_lidr'; did you mean phone_lidar?"),
        ({'sensors': {'phone_lidar': 0}}, 'sensors.phone_lidar is 0, must be a number above 0'),
        ({'sensors': {}}, 'the recipe has no sensors; known are: phone_lidar'),
        ({'network': {}}, 'the recipe has no network'),
        ({'network.hed_hidden_size': 16}, 'did you mean head_hidden_size?'),
        ({'network.head_hidden_size': 8}, 'head_hidden_size is 8, must be at least 16'),
        ({'network.head_hidden_size': 'wide'}, 'head_hidden_size is'),
        ({'network.depth_estimation_type': 'relative'}, 'must be metric'),
        ({'phases': [{**PHASE, 'height': 60}]}, '70x60, which are no whole patches of 14'),
        ({'cell.width': 141}, 'cell has pictures of 141x112, which are no whole patches'),
        ({'phases': [{**PHASE, 'height': 224, 'width': 280}]}, 'larger than the rendered 140x112'),
        ({'phases': [{**PHASE, 'width': 56}]}, 'not of the shape of the rendered'),
    ],
)
def test_what_can_not_be_run_is_said_in_one_sentence(read, changes, sentence):
    with pytest.raises(RecipeError) as told:
        check(read(changes))
    assert sentence in str(told.value)
    assert '\n' not in str(told.value)


@pytest.mark.parametrize('text', ['', 'a: [', '- 1', 'words'])
def test_what_is_no_recipe_at_all_is_said_in_one_sentence(tmp_path, text):
    path = tmp_path / 'recipe.yaml'
    path.write_text(text)
    with pytest.raises(RecipeError) as told:
        read_recipe(path)
    assert str(path) in str(told.value)
    assert '\n' not in str(told.value)


def test_a_missing_recipe_is_named(tmp_path):
    with pytest.raises(RecipeError, match=r'nowhere.yaml'):
        read_recipe(tmp_path / 'nowhere.yaml')
