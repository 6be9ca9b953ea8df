# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Readers of frames with known depth, by name; `cell` renders, the others read folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from promptda_ros.lab.evaluation.readers import arkitscenes, hammer, rgbd_folder, scannetpp
from promptda_ros.lab.evaluation.readers.files import FrameFiles, NoFrames, Pinhole
from promptda_ros.lab.evaluation.sample import Sample

FOLDER_READERS: dict[str, Callable[[Path], list[FrameFiles]]] = {
    'rgbd': rgbd_folder.find_frames,
    'arkitscenes': arkitscenes.find_frames,
    'scannetpp': scannetpp.find_frames,
    'hammer': hammer.find_frames,
}


class SampleReader(Protocol):
    """Anything that yields samples, one after the other, and knows how many."""

    def __len__(self) -> int:
        """Return the number of samples."""

    def __iter__(self) -> Iterator[Sample]:
        """Yield the samples."""


def find_frames(folder: Path, *, reader: str, rays_of: Pinhole | None = None) -> list[FrameFiles]:
    """List the frames below a folder; `auto` takes the first reader that finds some.

    `rays_of` is the camera of the images where depth files hold distances along its rays.

    Raises:
        NoFrames: there are none.
    """
    if not folder.is_dir():
        found = 'is a file, not a folder of frames' if folder.exists() else 'does not exist'
        raise NoFrames(f'{folder} {found}')
    frames = _find(folder, reader)
    return [replace(frame, rays_of=rays_of) for frame in frames] if rays_of else frames


def _find(folder: Path, reader: str) -> list[FrameFiles]:
    if reader != 'auto':
        return FOLDER_READERS[reader](folder)
    for find in FOLDER_READERS.values():
        try:
            return find(folder)
        except NoFrames:
            continue
    raise NoFrames(
        f'{folder} holds no frames in any layout that is known '
        f'({", ".join(FOLDER_READERS)}); name one with --reader to hear what it looks for'
    )
