# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The files of a recording: what they are known by, and whether they are still the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
import hashlib
from pathlib import Path
from typing import Any

from promptda_ros.bags.files import files_of

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

    def hashed(self) -> InputFiles:
        """Return the same with the sha256 of every file."""
        folder = self.path if self.path.is_dir() else self.path.parent
        hashed = (replace(each, sha256=sha256_of(folder / each.name)) for each in self.files)
        return replace(self, files=tuple(hashed))

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


def sha256_of(path: Path) -> str:
    """Return the digest of a file, read piece by piece."""
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
    return digest.hexdigest()
