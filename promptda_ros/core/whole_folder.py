# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A folder that appears under its name when all of it is on the disk, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import fcntl
import os
from pathlib import Path
import shutil
import tempfile

from promptda_ros.core.errors import FileError

PREFIX = '.unfinished-'
OLD = '.old'


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Give a folder beside the target to write to; without an error it takes the target's place.

    It has the target's name already. What earlier processes left behind of the same target, killed
    at whatever moment, is removed.

    Raises:
        OSError: it can't be written.
        FileError: another process writes it now.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(target)
    work = Path(tempfile.mkdtemp(prefix=f'{PREFIX}{target.name}-', dir=target.parent))
    lock = _lock(work)
    try:
        new, old = work / target.name, work / OLD
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
        os.close(lock)


def remove_leftovers(target: Path) -> None:
    """Remove what killed processes left beside a target, whether or not they had finished it.

    Raises:
        OSError: it can't be removed.
        FileError: another process writes the target now.
    """
    for leftover in target.parent.glob(f'{PREFIX}{_escaped(target.name)}-????????'):
        _remove_leftover(leftover, target)


def _remove_leftover(work: Path, target: Path) -> None:
    """Remove what a process left; the lock of one that is alive is held."""
    try:
        lock = _lock(work)
    except BlockingIOError:
        raise FileError(
            f'{target} is being written by another process: wait for it, or end it'
        ) from None
    except FileNotFoundError:
        return  # it has just ended
    shutil.rmtree(work)
    os.close(lock)


def _lock(work: Path) -> int:
    """Hold a lock that ends with this process, however that ends."""
    descriptor = os.open(work, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    except OSError:  # some network file systems have none
        pass
    return descriptor


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
