# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Files that appear whole or not at all, in a folder that is tried before the work begins."""

from __future__ import annotations

from collections.abc import Sequence
import errno
import os
from pathlib import Path
import shutil
import tempfile

from promptda_ros.core.errors import FileError, PromptdaError

# Errors of writing that come without the name of a file.
OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)


class OutputFolder:
    """Moves the results of a `with` block into place once it has ended without an error.

    The block gets a folder of its own to write to, beside the results, so that giving them their
    names copies nothing. After an error, or without any file, everything is as it was before.
    """

    def __init__(self, folder: Path, *names: str) -> None:
        """Try the folder; `names` are of files that will be written.

        Raises:
            FileError: the folder can't be made or written to, or a name is that of a folder.
        """
        self._folder = folder
        self._made = [path for path in (folder, *folder.parents) if not path.exists()]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._require_files(names)
            self._unfinished = Path(tempfile.mkdtemp(prefix='.unfinished-', dir=folder))
        except OSError as error:
            self._remove_empty()
            raise refusal(Path(error.filename or folder), error) from None

    def __enter__(self) -> Path:
        return self._unfinished

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            if error is None:
                self._finish()
        except OSError as late:
            error = late
        finally:
            shutil.rmtree(self._unfinished, ignore_errors=True)
            self._remove_empty()
        if isinstance(error, OSError) and not isinstance(error, PromptdaError):
            self._name(error)

    def _finish(self) -> None:
        files = [path for path in self._unfinished.rglob('*') if path.is_file()]
        self._require_files([str(path.relative_to(self._unfinished)) for path in files])
        _move(self._unfinished, self._folder)

    def _require_files(self, names: Sequence[str]) -> None:
        for name in names:
            if (self._folder / name).is_dir():
                path = str(self._folder / name)
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)

    def _name(self, error: OSError) -> None:
        """Raise an error of the unfinished files by the names that they were to have."""
        path = Path(os.fsdecode(error.filename)) if error.filename is not None else self._folder
        if path.is_relative_to(self._unfinished):
            path = self._folder / path.relative_to(self._unfinished)
        elif error.errno not in OF_THE_DISK and not path.is_relative_to(self._folder):
            return  # it is of something that was read
        raise refusal(path, error) from None

    def _remove_empty(self) -> None:
        for path in self._made:
            try:
                path.rmdir()
            except OSError:
                return  # it holds results, or was never made


def _move(source: Path, target: Path) -> None:
    """Give files their places; a folder that is new there comes whole."""
    if not (source.is_dir() and target.is_dir()):
        os.replace(source, target)
        return
    for path in sorted(source.iterdir()):
        _move(path, target / path.name)


def refusal(path: Path, error: OSError) -> FileError:
    """Return why nothing can be written there, and what to do."""
    fix = 'free some space' if error.errno in (errno.ENOSPC, errno.EDQUOT) else 'name another one'
    return FileError(f'{path} cannot be written: {error.strerror}; {fix}')
