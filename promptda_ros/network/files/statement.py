# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""promptda.json of a network folder: how to run the network.

The name and the path of the folder have no influence. Without the file the defaults hold, as for
folders of the Hugging Face Hub.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from promptda_ros.network.fields import Fields, keep_known, names_of
from promptda_ros.network.files.folder import CheckpointError, read_json, write_json

STATEMENT_FILE = 'promptda.json'
PRECISIONS = ('any', 'fp32')
# Folders from before the surface residual ask for filters that it replaced.
NO_LONGER_USED = {'refine_edges': (True, False), 'agree_with_sensor': (True, False)}


@dataclass(frozen=True)
class Statement(Fields):
    """How to run a network; a new field needs a default that suits existing folders."""

    precision: str = 'any'  # or fp32, where half precision would cost millimetres
    caution: str = ''  # one sentence, printed by the node and promptda estimate

    def __post_init__(self) -> None:
        self.require_choice('precision', PRECISIONS)
        is_line = isinstance(self.caution, str) and self.caution.isprintable()
        self.require_field('caution', is_line, 'one line of text')

    def precision_for(self, wanted: str) -> str:
        """Return the precision to run with: `auto` is what the network needs."""
        return 'fp32' if wanted == 'auto' and self.precision == 'fp32' else wanted


def read_statement(folder: Path) -> Statement:
    """Read promptda.json; raises CheckpointError for an unknown field or value."""
    if not (folder / STATEMENT_FILE).exists():
        return Statement()
    values = read_json(folder, STATEMENT_FILE)
    try:
        return Statement(**keep_known('Statement', values, names_of(Statement), NO_LONGER_USED))
    except ValueError as error:
        raise CheckpointError(folder, f'{folder / STATEMENT_FILE}: {error}') from None


def write_statement(folder: Path, statement: Statement) -> None:
    """Write promptda.json with every field."""
    write_json(folder, STATEMENT_FILE, asdict(statement))
