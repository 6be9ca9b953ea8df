# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Zstandard, of Python itself or of the package that rosbags brings along."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from pathlib import Path
import shutil
from tempfile import TemporaryDirectory

from promptda_ros.bags.files import BagError
from promptda_ros.core.runtime.guard import Foreseen

try:
    from compression import zstd  # type: ignore[import-not-found]
except ImportError:  # before Python 3.14
    from backports import zstd

__all__ = ['begins_packed', 'temporary_folder', 'unpacked', 'zstd']

ZSTD_BEGINS = b'\x28\xb5\x2f\xfd'  # no message begins so, even where no metadata says it is packed


def begins_packed(data: bytes) -> bool:
    """Tell a compressed message from one that is not."""
    return data.startswith(ZSTD_BEGINS)


def temporary_folder(stack: ExitStack) -> Path:
    """Return a folder, outside of any bag, that lasts as long as the stack."""
    return Path(stack.enter_context(TemporaryDirectory(prefix='promptda_bag_')))


def unpacked(path: Path, stack: ExitStack) -> Path:
    """Decompress a file to a temporary folder; one that was cut off to its end.

    Raises:
        BagError: it is no such file, or there is no room for it.
    """
    file = temporary_folder(stack) / path.stem
    with (
        Foreseen(lambda error: BagError(f'{path} cannot be unpacked to {file.parent}: {error}')),
        path.open('rb') as packed,
        zstd.open(packed, 'rb') as whole,
        file.open('wb') as out,
        suppress(EOFError),  # what is in the file then ends early as well
    ):
        shutil.copyfileobj(whole, out)
    return file
