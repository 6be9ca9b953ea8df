# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.tools.print_settings."""

from __future__ import annotations

from pathlib import Path

import yaml

from promptda_ros.core.settings import build, describe
from promptda_ros.core.settings.schema import Settings
from promptda_ros.tools.main import main as promptda
from promptda_ros.tools.print_settings import as_table, as_yaml, TABLE_FILE, YAML_FILE

ROOT = Path(__file__).resolve().parents[2]


def main(argv: list[str]) -> int:
    return promptda(['print_settings', *argv])


def flat(group: dict, prefix: str = '') -> dict:
    """Name nested values by dots."""
    values = {}
    for name, value in group.items():
        below = (
            flat(value, f'{prefix}{name}.') if isinstance(value, dict) else {prefix + name: value}
        )
        values.update(below)
    return values


def test_the_parameter_file_and_its_page_are_those_printed_from_the_settings():
    """Fix a failure by running `promptda print_settings`."""
    assert (ROOT / YAML_FILE).read_text() == as_yaml()
    assert (ROOT / TABLE_FILE).read_text() == as_table()


def test_the_parameter_file_holds_every_setting_with_its_default():
    printed = flat(yaml.safe_load(as_yaml())['/**']['ros__parameters'])
    assert printed.keys() == {setting.name for setting in describe()}
    for setting in describe():
        assert setting.check(printed[setting.name]) == setting.default
    assert build(printed) == Settings()


def test_the_page_has_a_row_for_every_setting():
    for setting in describe():
        assert f'| `{setting.name}` |' in as_table()


def test_printing_writes_both_files(tmp_path: Path):
    for file in (YAML_FILE, TABLE_FILE):
        (tmp_path / file).parent.mkdir()
    assert main(['--out', str(tmp_path)]) == 0
    assert (tmp_path / YAML_FILE).read_text() == as_yaml()
    assert (tmp_path / TABLE_FILE).read_text() == as_table()
