# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A network folder on disk: where it lies, and errors that say how to fix it."""

from __future__ import annotations

import json
from pathlib import Path
import re
from typing import Any

from promptda_ros.core.errors import ExitCode, PromptdaError
from promptda_ros.core.model_files import fetched_folder, WEIGHTS_FILE
from promptda_ros.core.model_names import FETCHABLE

CONFIG_FILE = 'config.json'
PROCESSOR_FILE = 'preprocessor_config.json'
LARGEST_ANCHOR = 1 << 28  # bytes
_HUB_NAME = re.compile(r'depth-anything/prompt-depth-anything-(.+)-hf')
LARGEST_JSON = 1024 * 1024  # bytes; the index of the largest network has a twentieth of it


class CheckpointError(PromptdaError, OSError):
    """A network folder that fails a check; the text says why and which command fixes it.

    `problem` and `fix` are two parts of it.
    """

    exit_code = ExitCode.MODEL_OR_DEVICE

    def __init__(self, folder: Path, problem: str) -> None:
        name = folder.name if folder.name in FETCHABLE else FETCHABLE[0]
        self.problem = problem
        self.fix = (
            f'run `promptda fetch_model {name}`, or name another folder with {CONFIG_FILE} and '
            f'{WEIGHTS_FILE}'
        )
        super().__init__(f'{problem}. Depth is never guessed from such weights: {self.fix}.')


def find_folder(name: Path | str) -> Path:
    """Return an existing folder, or where `promptda fetch_model` puts a network of the hub.

    Nothing is ever downloaded here. Raises CheckpointError where there is no such folder.
    """
    hub_name = _HUB_NAME.fullmatch(str(name))
    folder = Path(name)
    if hub_name and not folder.is_dir():
        folder = fetched_folder(hub_name[1])
    if not folder.is_dir():
        what = 'is not a folder' if folder.exists() else 'does not exist'
        raise CheckpointError(folder, f'{folder} {what}')
    return folder


def read_file(folder: Path, name: str, *, at_most: int) -> bytes:
    """Return the bytes of one file of a folder, read once, or raise CheckpointError.

    A larger file than `at_most` bytes is refused before it is read.
    """
    path = folder / name
    try:
        size = path.stat().st_size
        if size <= at_most and not path.is_dir():
            return path.read_bytes()
        problem = f'has {size} bytes, {at_most} are the most that it can need'
        problem = 'is a directory, not a file' if path.is_dir() else problem
    except FileNotFoundError:
        problem = 'is missing'
    except OSError as error:
        problem = f'cannot be read ({error.strerror})'
    raise CheckpointError(folder, f'{path} {problem}')


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """Return the JSON object in one file of a folder, or raise CheckpointError."""
    try:
        values = json.loads(read_file(folder, name, at_most=LARGEST_JSON))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(folder, f'{folder / name} is not JSON: {error}') from None
    if not isinstance(values, dict):
        raise CheckpointError(folder, f'{folder / name} holds no JSON object')
    return values


def write_json(folder: Path, name: str, values: dict[str, Any]) -> None:
    """Write a JSON object into a folder, made where it does not exist."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(to_json(values), encoding='utf-8')


def to_json(values: dict[str, Any]) -> str:
    """Return JSON in the one way in which it is written here."""
    return json.dumps(values, indent=2, sort_keys=True) + '\n'
