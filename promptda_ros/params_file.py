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
    """Returns a document as YAML's own nodes, which know what was quoted.

    Tags have no effect on them, as on rcl: launch writes !!python/tuple.
    """

    def get_single_data(self) -> Any:
        """Return the root."""
        root = self.get_single_node()
        if root is not None:
            self.construct_document(root)  # refuses keys that are lists or mappings
        return root


def require_ours(path: Path, node: str) -> None:
    """Refuse a file that has no parameters of the node, named in full: /robot1/promptda.

    Raises:
        SettingError: it has none, or it can't be read.
    """
    _blocks_of(path, node)


def values_of(path: Path, node: str) -> dict[str, object]:
    """Return the parameters of a node, named in full, by dotted name, with the values of rclpy.

    Raises:
        SettingError: the file has none of it, or can't be read, or ROS would refuse it.
    """
    values: dict[str, object] = {}
    for parameters in _blocks_of(path, node):
        if isinstance(parameters, yaml.MappingNode):
            # What comes later wins, also over the node's own.
            values |= _flat(path, parameters, '')
    return values


def given_files(arguments: Sequence[str]) -> list[Path]:
    """List the parameter files of a command line."""
    pairs = pairwise(arguments)
    return [Path(path) for option, path in pairs if option == OPTION]


def _blocks_of(path: Path, node: str) -> list[yaml.Node]:
    """Return what stands below the names that match a node; see `require_ours`."""
    try:
        named = [*_blocks(read_yaml(path, loader=_Nodes), '')]
    except YamlFileError as error:
        raise SettingError(f'params_file: {error}') from None
    ours = [parameters for name, parameters in named if _pattern(name).fullmatch(node)]
    if ours:
        return ours
    names = sorted({name for name, _ in named})
    others = f', only of {", ".join(names)}' if names else ''
    raise SettingError(
        f'params_file {path} has no parameters of {node}{others}: it would run on defaults; '
        f"begin the file with '/**:' or '{node}:', and below it '{PARAMETERS}:'"
    )


def _pattern(name: str) -> re.Pattern[str]:
    """Return what matches the nodes of a name: /** is any number of namespaces, /* is one."""
    tokens = filter(None, name.split('/'))
    return re.compile(''.join(WILDCARDS.get(each, '/' + re.escape(each)) for each in tokens))


def _blocks(content: Any, prefix: str) -> Iterator[tuple[str, yaml.Node]]:
    """Yield the names that stand above parameters, and these.

    Namespaces may be nested or in the name.
    """
    if not isinstance(content, yaml.MappingNode):
        return
    for key, value in content.value:
        if key.value == PARAMETERS:
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
