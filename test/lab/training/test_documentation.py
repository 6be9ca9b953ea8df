# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""docs/training.md and docs/recipe.md against what they describe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, MISSING
from pathlib import Path
import re
from typing import get_type_hints

import yaml

from promptda_ros.lab.training.recipe import Phase, Recipe
from promptda_ros.tools import main as tools

DOCS = Path(__file__).resolve().parents[3] / 'docs'
PAGE = (DOCS / 'training.md').read_text()
FIELDS = (DOCS / 'recipe.md').read_text()


def describe(kind: type, prefix: str = '') -> Iterator[tuple[str, object]]:
    """Yield every field of a recipe with its default, None where it has no simple one."""
    hints = get_type_hints(kind)
    for field in fields(kind):
        if is_dataclass(hints[field.name]):
            yield from describe(hints[field.name], f'{field.name}.')
        elif field.name != 'sha256':
            yield prefix + field.name, None if field.default is MISSING else field.default
        if field.name == 'phases':
            yield from describe(Phase, 'phases.')


def test_the_table_has_every_field_of_a_recipe_with_its_default():
    rows = re.findall(r'^\| `([\w.]+)` \| (\S*) *\| \S.* \|$', FIELDS, re.MULTILINE)
    told = {name: yaml.safe_load(default) for name, default in rows}
    assert told == dict(describe(Recipe))


def test_the_commands_on_the_page_exist():
    commands = set(re.findall(r'promptda (\w+)', PAGE)) - {'ros'}
    assert commands <= set(tools.COMMANDS)


def test_the_files_on_the_page_exist():
    root = DOCS.parent
    for path in re.findall(r'(?<![\w/])(?:training|models|assets)/[\w.-]+', PAGE + FIELDS):
        assert (root / path).exists() or (root / 'promptda_ros' / path).exists(), path
