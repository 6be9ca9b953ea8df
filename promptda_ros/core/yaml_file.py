# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""YAML files that people write: plain values, bounded in size, and one error for all faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from promptda_ros.core.errors import PromptdaError

LARGEST = 128 * 1024  # bytes; PyYAML takes a second for them
DEEPEST = 32  # lists and mappings in one another; its time grows with the square of the depth


class YamlFileError(PromptdaError, ValueError):
    """A file that can't be read as YAML; the text says why."""


def read_yaml(path: Path, *, loader: type[Any] = yaml.SafeLoader) -> Any:
    """Return the content of a file.

    Raises:
        YamlFileError: it can't be read, is larger or deeper than any such file, or is no YAML.
            Aliases are refused: a few of them stand for gigabytes, or for themselves.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise YamlFileError(f'{path} has {size} bytes, {LARGEST} are the most that are read')
        text = path.read_text(encoding='utf-8')
        _require_plain(path, text)
        return yaml.load(text, Loader=loader)
    except YamlFileError:
        raise
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        reason = ' '.join(str(error).split())
        raise YamlFileError(f'{path} cannot be read as YAML: {reason}') from None


def _require_plain(path: Path, text: str) -> None:
    depth = 0
    for event in yaml.parse(text):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise YamlFileError(f'{path} has values nested more than {DEEPEST} deep')
        if isinstance(event, yaml.AliasEvent):
            raise YamlFileError(f'{path} has an alias (*name): write its value in its place')
