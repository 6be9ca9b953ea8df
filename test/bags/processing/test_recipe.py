# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.processing.recipe."""

from __future__ import annotations

from dataclasses import replace
import json

from hypothesis import given
from hypothesis import strategies as st
import pytest

from promptda_ros.bags.processing.recipe import CameraTopics, OUTPUTS, Recipe
from promptda_ros.core.settings.setting import SettingError

RECIPE = Recipe.of({})
CHOICES = st.fixed_dictionaries(
    {
        'outputs': st.lists(st.sampled_from(sorted(OUTPUTS)), unique=True).map(tuple),
        'every': st.integers(1, 100),
        'start_sec': st.none() | st.floats(0, 1e6),
        'exclude': st.text(),
    }
)


@given(CHOICES, st.integers(0, 10))
def test_a_recipe_survives_json_and_differs_from_itself_in_nothing(choices, smoothing):
    recipe = Recipe.of({'prompt.smoothing': smoothing}, **choices)
    read = Recipe.of_json(json.loads(json.dumps(recipe.to_json())))
    assert read == recipe
    assert not recipe.difference(read)
    assert read.digest == recipe.digest


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'every': 10}, '--every was 1 and is 10 now'),
        ({'end_sec': 2.5}, '--end was not given and is 2.5 now'),
        ({'model_sha256': 'beef'}, 'and is beef now'),
        ({'outputs': ('depth', 'mm')}, '--outputs was compressed and is depth,mm now'),
        ({'topics': {'': CameraTopics(image='/a')}}, 'image topic was not given and is /a now'),
    ],
)
def test_the_difference_names_both_values(change, said):
    changed = replace(RECIPE, **change)
    assert said in RECIPE.difference(changed)
    assert changed.digest != RECIPE.digest


def test_a_parameter_that_differs_is_named_by_its_full_name():
    one = Recipe.of({'cameras': ['left', 'right'], 'left.sync.tolerance': 0.01})
    other = Recipe.of({'cameras': ['left', 'right'], 'left.sync.tolerance': 0.02})
    assert one.difference(other) == 'left.sync.tolerance was 0.01 and is 0.02 now'
    assert other.of_cameras['left'].sync.tolerance == 0.02
    assert other.of_cameras['right'].sync.tolerance == 0.015


def test_what_a_recording_has_no_use_for_makes_no_difference():
    of_a_node = Recipe.of({'qos.image': 'reliable', 'watchdog.inference_timeout': 9.0})
    assert not RECIPE.difference(of_a_node)


def test_any_gpu_makes_the_same_result():
    first, second = Recipe.of({'device': 'cuda:0'}), Recipe.of({'device': 'cuda:1'})
    assert not first.difference(second)
    assert 'device was auto and is cuda now' in RECIPE.difference(first)


def test_a_parameter_that_an_older_version_did_not_know_counts_with_its_default():
    older = {name: RECIPE.parameters[name] for name in RECIPE.parameters if name != 'engine'}
    assert not replace(RECIPE, parameters=older).difference(RECIPE)
    torch_alone = Recipe.of({'engine': 'torch'})
    assert replace(RECIPE, parameters=older).difference(torch_alone)


def test_the_order_in_which_outputs_are_named_makes_no_difference():
    assert Recipe.of({}, outputs=('mm', 'depth')) == Recipe.of({}, outputs=('depth', 'mm'))


def test_topics_of_a_camera_that_is_not_there_are_refused():
    with pytest.raises(SettingError, match='left'):
        Recipe.of({}, {'left': CameraTopics(image='/a')})
