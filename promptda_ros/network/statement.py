# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a network folder states beside shape and weights: promptda.json, how to run it.

Nothing else says so, neither the name of the folder nor the way to it. Without the file a folder
states the defaults, as those of the Hugging Face Hub do.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from promptda_ros.network.fields import (
    keep_known,
    names_of,
    require_choice,
    require_field,
    require_flags,
)
from promptda_ros.network.folder import CheckpointError, read_json, write_json

STATEMENT_FILE = 'promptda.json'
PRECISIONS = ('any', 'fp32')


@dataclass(frozen=True)
class Statement:
    """How a network is to be run; a new field needs a default that fits the folders there are."""

    # What `auto` of output.refine_edges, output.agree_with_sensor and precision means for it.
    refine_edges: bool = False
    agree_with_sensor: bool = False
    precision: str = 'any'  # fp32: less would cost millimetres
    caution: str = ''  # one sentence that is printed whenever it is loaded

    def __post_init__(self) -> None:
        require_flags(self)
        require_choice(self, 'precision', PRECISIONS)
        is_line = isinstance(self.caution, str) and self.caution.isprintable()
        require_field(self, 'caution', is_line, 'one line of text')


def read_statement(folder: Path) -> Statement:
    """Read what a folder states; raises CheckpointError where a word of it is not understood."""
    if not (folder / STATEMENT_FILE).exists():
        return Statement()
    values = read_json(folder, STATEMENT_FILE)
    try:
        return Statement(**keep_known('Statement', values, names_of(Statement), {}))
    except ValueError as error:
        raise CheckpointError(folder, f'{folder / STATEMENT_FILE}: {error}') from None


def write_statement(folder: Path, statement: Statement) -> None:
    """Write what a folder states, every field."""
    write_json(folder, STATEMENT_FILE, asdict(statement))
