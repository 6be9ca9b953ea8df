# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whose parameters a file has: rcl passes over those of other nodes without a word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
import re
from typing import Any

import yaml

from promptda_ros.core.settings.setting import SettingError
from promptda_ros.core.yaml_file import read_yaml, YamlFileError

OPTION = '--params-file'
PARAMETERS = 'ros__parameters'
WILDCARDS = {'**': r'(/\w+)*', '*': r'/\w+'}


def require_ours(path: Path, node: str) -> None:
    """Refuse a file that has no parameters of the node, named in full: /robot1/promptda.

    Raises:
        SettingError: it has none, or it can't be read.
    """
    named = _nodes_of(path)
    if any(_pattern(name).fullmatch(node) for name in named):
        return
    others = f', only of {", ".join(sorted(named))}' if named else ''
    raise SettingError(
        f'params_file {path} has no parameters of {node}{others}: it would run on defaults; '
        f"begin the file with '/**:' or '{node}:', and below it '{PARAMETERS}:'"
    )


def given_files(arguments: Sequence[str]) -> list[Path]:
    """List the parameter files of a command line."""
    pairs = pairwise(arguments)
    return [Path(path) for option, path in pairs if option == OPTION]


def _nodes_of(path: Path) -> set[str]:
    try:
        # Without tags, as rcl reads it: launch writes !!python/tuple.
        content = read_yaml(path, loader=yaml.BaseLoader)
    except YamlFileError as error:
        raise SettingError(f'params_file: {error}') from None
    return set(_names(content, ''))


def _names(content: Any, prefix: str) -> Iterator[str]:
    """Yield the names that stand above parameters; namespaces may be nested or in the name."""
    if not isinstance(content, dict):
        return
    for key, value in content.items():
        if key == PARAMETERS:
            yield prefix
        else:
            yield from _names(value, f'{prefix}/{str(key).strip("/")}')


def _pattern(name: str) -> re.Pattern[str]:
    """Return what matches the nodes of a name: /** is any number of namespaces, /* is one."""
    tokens = filter(None, name.split('/'))
    return re.compile(''.join(WILDCARDS.get(each, '/' + re.escape(each)) for each in tokens))
