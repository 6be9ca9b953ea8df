# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Zstandard, and files that are unpacked or copied before they are read."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
import shutil
from tempfile import TemporaryDirectory

from promptda_ros.bags.files import BagError
from promptda_ros.core.runtime.guard import Foreseen

try:
    from compression import zstd  # type: ignore[import-not-found]
except ImportError:  # before Python 3.14; rosbags brings it along
    from backports import zstd

__all__ = ['begins_packed', 'copied', 'unpacked', 'zstd']

ZSTD_BEGINS = b'\x28\xb5\x2f\xfd'  # no message begins so, even where no metadata says it is packed


def begins_packed(data: bytes) -> bool:
    """Tell a compressed message from one that is not."""
    return data.startswith(ZSTD_BEGINS)


def unpacked(path: Path, stack: ExitStack) -> Path:
    """Decompress a file to a temporary folder; one that was cut off to its end.

    Raises:
        BagError: it is no such file, or there is no room for it.
    """
    folder = _temporary_folder(stack)
    with (
        Foreseen(partial(_refusal, path, folder)),
        path.open('rb') as packed,
        zstd.open(packed, 'rb') as whole,
        (folder / path.stem).open('wb') as out,
        suppress(EOFError),  # what is in the file then ends early as well
    ):
        shutil.copyfileobj(whole, out)
    return folder / path.stem


def copied(path: Path, beside: Iterable[Path], stack: ExitStack) -> Path:
    """Copy a file and others beside it to a temporary folder, where they may be changed.

    Raises:
        BagError: there is no room for them.
    """
    folder = _temporary_folder(stack)
    with Foreseen(partial(_refusal, path, folder)):
        for each in (path, *beside):
            shutil.copyfile(each, folder / each.name)
    return folder / path.name


def _temporary_folder(stack: ExitStack) -> Path:
    return Path(stack.enter_context(TemporaryDirectory(prefix='promptda_bag_')))


def _refusal(path: Path, folder: Path, error: Exception) -> BagError:
    if isinstance(error, OSError):
        fix = 'set TMPDIR to a folder with enough space'
        return BagError(f'{path} cannot be unpacked to {folder}: {error.strerror}; {fix}')
    return BagError(f'{path} cannot be unpacked: {error}; copy it again from its source')
