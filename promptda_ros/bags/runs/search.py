# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which recordings lie below folders, and where the result of each goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from promptda_ros.bags.files import BagError, is_result, recordings_in
from promptda_ros.core.errors import FileError


@dataclass(frozen=True)
class Found:
    """A recording and the folder of its result."""

    source: Path
    target: Path


def find_recordings(paths: Sequence[Path], out: Path) -> list[Found]:
    """Return every recording once, sorted below each path; folders keep their layout below `out`.

    Raises:
        BagError: there is none, or two would have one result.
        FileError: results would be mixed with recordings.
    """
    search = _Search(out)
    found: dict[Path, Found] = {}
    for path in paths:
        for each in search.below(path):
            found.setdefault(each.source.resolve(), each)
    if not found:
        places = ', '.join(map(str, paths))
        raise BagError(
            f'no recording in {places}: rosbag2 folders, .mcap, .db3 and .bag files and folders '
            f'of picture pairs are searched for, but not below --out {out} or in earlier results'
        )
    _require_own_targets(list(found.values()), out)
    return list(found.values())


class _Search:
    def __init__(self, out: Path) -> None:
        self._out = out
        self._closed = {out.resolve()}  # folders that are not entered, or not again

    def below(self, path: Path) -> Iterator[Found]:
        """Yield what lies at a path that was named, or below it."""
        if not path.exists():
            raise BagError(f'{path} does not exist')
        if path.is_dir() and path.resolve() in self._closed:
            if path.resolve() == self._out.resolve():
                raise FileError(
                    f'--out {self._out} is the folder of the recordings: results would be taken '
                    'for recordings by the next run; name another folder, also one below it'
                )
            return
        if recordings_in(path) == [path]:
            yield Found(path, self._out / name_of(path))
        elif path.is_dir():
            yield from self._in(path, path)
        else:
            raise BagError(f'{path} is no recording: .mcap, .db3 and .bag files are')

    def _in(self, root: Path, folder: Path) -> Iterator[Found]:
        self._closed.add(folder.resolve())
        recordings = recordings_in(folder)
        if recordings == [folder]:
            if not is_result(folder):
                yield Found(folder, self._target(root, folder))
            return
        for path in sorted([*recordings, *self._folders_in(root, folder)]):
            if path in recordings:
                if not _leads_back(path, root):
                    yield Found(path, self._target(root, path))
            elif path.resolve() not in self._closed:
                yield from self._in(root, path)

    def _folders_in(self, root: Path, folder: Path) -> list[Path]:
        folders = [path for path in folder.iterdir() if path.is_dir()]
        hidden = [path for path in folders if path.name.startswith('.')]
        return [path for path in folders if path not in hidden and not _leads_back(path, root)]

    def _target(self, root: Path, path: Path) -> Path:
        return self._out / path.parent.relative_to(root) / name_of(path)


def name_of(path: Path) -> str:
    """Return what the result of a recording is called: run1 of run1.mcap.zstd."""
    name = path.resolve().name if path.name in ('', '..') else path.name
    if path.is_dir():
        return name
    while Path(name).suffix in ('.zstd', '.mcap', '.db3', '.bag'):
        name = Path(name).stem
    return name


def _leads_back(path: Path, root: Path) -> bool:
    """Tell a link into the folder that is searched: what it leads to is found by its own name."""
    return path.is_symlink() and path.resolve().is_relative_to(root.resolve())


def _require_own_targets(found: Sequence[Found], out: Path) -> None:
    """Refuse results that would be one another's, or lie in one another or in a recording."""
    sources: dict[Path, Path] = {}
    for each in found:
        other = sources.setdefault(each.target, each.source)
        if other != each.source:
            raise BagError(
                f'{other} and {each.source} would both be written to {each.target}: run them with '
                'different --out, or name the folder that holds both'
            )
        source, target = each.source.resolve(), each.target.resolve()
        if target.is_relative_to(source) or source.is_relative_to(target):
            raise FileError(
                f'the result of {each.source} would be written to {each.target}, in the recording '
                f'itself; --out {out} must be another folder'
            )
    for target, source in sources.items():
        for folder in target.parents:
            if folder in sources:
                raise BagError(
                    f'the result of {source} would lie in that of {sources[folder]}, {folder}: '
                    'run them with different --out'
                )
