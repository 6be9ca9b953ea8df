# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""process.jsonl: a line for every recording that was finished or failed, over all runs."""

from __future__ import annotations

from collections.abc import Iterator
import json
import os
from pathlib import Path

from promptda_ros.bags.processing.unit import Outcome

LEDGER_FILE = 'process.jsonl'


class Ledger:
    """Appends whole lines that are on the disk before the next recording is begun."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / LEDGER_FILE

    def append(self, outcome: Outcome) -> None:
        """Write one line; what a full disk or a power cut left of the last one is closed first."""
        line = json.dumps(outcome.to_json()).encode() + b'\n'
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            size = os.fstat(file).st_size
            if size and os.pread(file, 1, size - 1) != b'\n':
                line = b'\n' + line
            while line:
                line = line[os.write(file, line) :]
            os.fsync(file)
        finally:
            os.close(file)

    def read(self) -> Iterator[Outcome]:
        """Yield the outcomes of all runs; lines that are not whole are passed over."""
        if not self.path.exists():
            return
        for line in self.path.read_bytes().splitlines():
            try:
                yield Outcome.of_json(json.loads(line))
            except (ValueError, TypeError, AttributeError):
                continue
