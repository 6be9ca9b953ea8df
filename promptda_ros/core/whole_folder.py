# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A folder that appears under its name when all of it is on the disk, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import shutil
import tempfile

PREFIX = '.unfinished-'


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Give a folder beside the target to write to; without an error it takes the target's place.

    What earlier processes left behind of the same target, killed at whatever moment, is removed.

    Raises:
        OSError: it can't be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    for leftover in target.parent.glob(f'{PREFIX}{_escaped(target.name)}-????????'):
        shutil.rmtree(leftover)
    work = Path(tempfile.mkdtemp(prefix=f'{PREFIX}{target.name}-', dir=target.parent))
    try:
        new, old = work / 'new', work / 'old'
        new.mkdir()
        yield new
        for path in (*new.rglob('*'), new):
            flush(path)
        if target.exists():
            os.replace(target, old)
        os.replace(new, target)
        flush(target.parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def flush(path: Path) -> None:
    """Let a file or the names in a folder reach the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _escaped(name: str) -> str:
    """Return a name as a pattern that matches it alone."""
    return ''.join(f'[{letter}]' if letter in '*?[' else letter for letter in name)
