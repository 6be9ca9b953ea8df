# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.planning.outlook."""

from __future__ import annotations

import pytest

from promptda_ros.bags.bag import open_bag
from promptda_ros.bags.files import BagError
from promptda_ros.bags.processing.recipe import CameraTopics, Recipe
from promptda_ros.bags.processing.unit import Unit
from promptda_ros.bags.processing.warnings import Warnings
from promptda_ros.bags.processing.work import Work
from promptda_ros.tools.processing.dry_run import forecast


@pytest.mark.parametrize(
    ('given', 'choices'),
    [({}, {'start_sec': 1e6}), ({'sync.depth_time_offset': 0.05}, {})],
)
def test_a_dry_run_refuses_in_the_words_of_the_work(copy_demo, tmp_path, given, choices):
    path = copy_demo()
    recipe = Recipe.of(given, {'': CameraTopics()}, **choices)
    with open_bag(path) as bag, pytest.raises(BagError) as refused:
        Work(bag, recipe, Warnings())
    assert forecast(Unit(path, tmp_path / 'out', recipe)).error == str(refused.value)
