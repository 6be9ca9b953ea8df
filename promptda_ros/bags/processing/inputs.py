# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The files of a recording: what they are known by, and whether they are still the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
import hashlib
from pathlib import Path
import threading
from typing import Any

from promptda_ros.bags.files import BagError, files_of

CHUNK = 1 << 20  # bytes


@dataclass(frozen=True)
class InputFile:
    """One file: its name, and what changes with its content."""

    name: str
    size: int
    mtime_ns: int
    sha256: str = ''  # empty: not computed


@dataclass(frozen=True)
class InputFiles:
    """The files of a recording in their order."""

    path: Path
    files: tuple[InputFile, ...]

    @classmethod
    def of(cls, path: Path) -> InputFiles:
        """Look at the files without reading them.

        Raises:
            BagError: there is no recording.
        """
        root = path if path.is_dir() else path.parent
        states = [(each.relative_to(root).as_posix(), each.stat()) for each in files_of(path)]
        files = (InputFile(name, state.st_size, state.st_mtime_ns) for name, state in states)
        return cls(path, tuple(files))

    def hashed(self, is_stopped: Callable[[], bool] = bool) -> InputFiles:
        """Return the same with the sha256 of every file, unless it is stopped."""
        folder = self.path if self.path.is_dir() else self.path.parent
        digests = (sha256_of(folder / each.name, is_stopped) for each in self.files)
        files = zip(self.files, digests, strict=True)
        return replace(self, files=tuple(replace(each, sha256=digest) for each, digest in files))

    def are(self, recorded: Sequence[InputFile]) -> bool:
        """Return whether these are the recorded files; files that were touched are read."""
        if self.files == tuple(replace(each, sha256='') for each in recorded):
            return True
        if [(each.name, each.size) for each in self.files] != [
            (each.name, each.size) for each in recorded
        ]:
            return False
        found = self.hashed().files
        return [each.sha256 for each in found] == [each.sha256 for each in recorded]

    def require_unchanged(self) -> None:
        """Look at the files again.

        Raises:
            BagError: they are not the same any more.
        """
        now = InputFiles.of(self.path)
        if now != self:
            raise BagError(
                f'{self.path} changed while it was read ({self.size} bytes, then {now.size}): if '
                'it is still recorded, wait for its end, then run the same command again'
            )

    @property
    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(each.size for each in self.files)

    def to_json(self) -> list[dict[str, Any]]:
        """Return plain values for a JSON file."""
        return [asdict(each) for each in self.files]


def read_files(values: Sequence[Mapping[str, Any]]) -> tuple[InputFile, ...]:
    """Return the files of a JSON file."""
    return tuple(InputFile(**each) for each in values)


def sha256_of(path: Path, is_stopped: Callable[[], bool]) -> str:
    """Return the digest of a file, read piece by piece."""
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while (piece := file.read(CHUNK)) and not is_stopped():
            digest.update(piece)
    return digest.hexdigest()


@contextmanager
def hashing(files: InputFiles) -> Iterator[Callable[[], InputFiles]]:
    """Compute digests beside the body of a `with`, which gets what waits for them.

    What it gets raises BagError where the files have changed since.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(files.hashed, stop.is_set)

        def result() -> InputFiles:
            hashed = found.result()
            files.require_unchanged()
            return hashed

        try:
            yield result
        finally:
            stop.set()
