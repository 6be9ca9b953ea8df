# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Parameter files: whose parameters they have, and which values ROS reads from them.

rcl passes over those of other nodes without a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
import math
from pathlib import Path
import re
from typing import Any

import yaml

from promptda_ros.core.settings.setting import SettingError
from promptda_ros.core.yaml_file import read_yaml, YamlFileError

OPTION = '--params-file'
PARAMETERS = 'ros__parameters'
WILDCARDS = {'**': r'(/\w+)*', '*': r'/\w+'}
TRUTH = {
    word: truth
    for truth, words in ((True, 'y yes true on'), (False, 'n no false off'))
    for name in words.split()
    for word in (name, name.capitalize(), name.upper())
}
WHOLE = re.compile(r'[+-]?(0[xX][\da-fA-F]+|0[0-7]*|[1-9]\d*)', re.ASCII)
REAL = re.compile(r'[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|inf|infinity|nan)', re.ASCII | re.I)
DOTTED = re.compile(r'([+-]?)\.(inf|Inf|INF|nan|NaN|NAN)')
LARGEST_WHOLE = 2**63


class _Nodes(yaml.BaseLoader):
    """Returns a document as YAML's own nodes, which know what was quoted."""

    def get_single_data(self) -> Any:
        """Return the root."""
        return self.get_single_node()


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


def values_of(path: Path, node: str) -> dict[str, object]:
    """Return the parameters of a node, named in full, by dotted name, with the values of rclpy.

    Raises:
        SettingError: the file has none of it, or can't be read, or ROS would refuse it.
    """
    require_ours(path, node)
    values: dict[str, object] = {}
    for name, parameters in _blocks(_read(path, _Nodes), ''):
        if _pattern(name).fullmatch(node):
            values |= _flat(
                path, parameters, ''
            )  # what comes later wins, also over the node's own
    return values


def given_files(arguments: Sequence[str]) -> list[Path]:
    """List the parameter files of a command line."""
    pairs = pairwise(arguments)
    return [Path(path) for option, path in pairs if option == OPTION]


def _nodes_of(path: Path) -> set[str]:
    # Without tags, as rcl reads it: launch writes !!python/tuple.
    return set(_names(_read(path, yaml.BaseLoader), ''))


def _read(path: Path, loader: type[Any]) -> Any:
    try:
        return read_yaml(path, loader=loader)
    except YamlFileError as error:
        raise SettingError(f'params_file: {error}') from None


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


def _blocks(content: Any, prefix: str) -> Iterator[tuple[str, yaml.MappingNode]]:
    """Yield the names that stand above parameters, and these."""
    if not isinstance(content, yaml.MappingNode):
        return
    for key, value in content.value:
        if key.value == PARAMETERS and isinstance(value, yaml.MappingNode):
            yield prefix, value
        else:
            yield from _blocks(value, f'{prefix}/{str(key.value).strip("/")}')


def _flat(path: Path, parameters: yaml.MappingNode, prefix: str) -> dict[str, object]:
    """Return values by dotted name; YAML may be nested or dotted itself."""
    flat: dict[str, object] = {}
    for key, value in parameters.value:
        name = f'{prefix}{key.value}'
        if isinstance(value, yaml.MappingNode):
            flat |= _flat(path, value, f'{name}.')
        elif isinstance(value, yaml.SequenceNode):
            flat[name] = entries = [_value(each) for each in value.value]
            if len(set(map(type, entries))) > 1:
                raise SettingError(
                    f'params_file {path}: {name} is {entries!r}, and ROS refuses a list of '
                    'different types; write all numbers with a decimal point, or none'
                )
        else:
            flat[name] = _value(value)
    return flat


def _value(node: yaml.Node) -> object:
    """Return a scalar as rcl understands it, which differs from YAML 1.1 in small things."""
    text = str(node.value)
    if not isinstance(node, yaml.ScalarNode) or node.style is not None:
        return text  # what is quoted is text
    if text in TRUTH:
        return TRUTH[text]
    if WHOLE.fullmatch(text):
        is_octal = text.lstrip('+-').startswith('0') and text.lstrip('+-').isdigit()
        number = int(text, 8 if is_octal else 0)
        if -LARGEST_WHOLE <= number < LARGEST_WHOLE:
            return number
    number_text = DOTTED.sub(r'\1\2', text) if DOTTED.fullmatch(text) else text
    if REAL.fullmatch(number_text):
        real = float(number_text)
        if not math.isinf(real) or 'inf' in number_text.lower():
            return real
    return text
