# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Values by dotted name -> checked settings, and all settings as a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
import difflib
from typing import Any

from promptda_ros.core.settings.schema import Settings
from promptda_ros.core.settings.setting import Setting, SettingError, Value


def describe() -> tuple[Setting, ...]:
    """List every setting in the order of declaration."""
    return tuple(_describe(Settings, prefix=''))


def _describe(group: type, *, prefix: str) -> Iterator[Setting]:
    for entry in fields(group):
        if entry.metadata:
            yield replace(entry.metadata['setting'], name=prefix + entry.name)
        else:
            yield from _describe(entry.default_factory, prefix=f'{entry.name}.')  # type: ignore[arg-type]


def build(values: Mapping[str, object]) -> Settings:
    """Build checked settings from values by dotted name; what is not given has its default.

    Raises:
        SettingError: a value is wrong, a name is unknown, or two values contradict each other.
    """
    known = {setting.name: setting for setting in describe()}
    for name in values:
        if name not in known:
            raise SettingError(unknown_setting(name))
    checked = {name: known[name].check(value) for name, value in values.items()}
    return with_values(Settings(), checked)


def with_values(settings: Settings, checked: Mapping[str, Value]) -> Settings:
    """Return the settings with some checked values, by dotted name, in place of theirs.

    Raises:
        SettingError: two values contradict each other.
    """
    groups: dict[str, dict[str, Any]] = {}
    for name, value in checked.items():
        group, _, own = name.rpartition('.')
        groups.setdefault(group, {})[own] = value
    changed = groups.pop('', {})
    for group, values in groups.items():
        changed[group] = replace(getattr(settings, group), **values)
    return replace(settings, **changed)


def model_setting(model: str) -> str:
    """Return the setting that a model from a command line is for: a folder has a slash."""
    return 'model.path' if '/' in model else 'model.name'


def unknown_setting(name: str, known: Sequence[str] = ()) -> str:
    """Say that a setting does not exist, with the nearest name that does."""
    names = known or [setting.name for setting in describe()]
    return f"unknown parameter '{name}'{hint_of(name, names)}"


def hint_of(name: str, known: Sequence[str]) -> str:
    """Return the end of a sentence that says which name was probably meant, '' if none is near."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean '{near[0]}'?" if near else ''
