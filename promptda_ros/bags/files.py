# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which files a recording is made of; needs neither ROS nor rosbags.

A folder is read by its files alone, so that one whose metadata.yaml was never written, as after
a power cut, is read like any other.
"""

from __future__ import annotations

from pathlib import Path
import re

from promptda_ros.core.errors import PromptdaError
from promptda_ros.messages.picture_folders import is_picture_folder

STORAGE = ('.mcap', '.db3')
PACKED, ROS_1 = '.zstd', '.bag'
METADATA_FILE, RECORD_FILE = 'metadata.yaml', 'promptda.json'


class BagError(PromptdaError):
    """A recording that can't be used; the text says why and what to do."""


def is_bag(path: Path) -> bool:
    """Tell a recording from a folder of pictures."""
    if path.is_dir():
        return (path / METADATA_FILE).is_file() or any(map(_is_storage, path.iterdir()))
    return _is_storage(path) or path.suffix == ROS_1


def _is_storage(path: Path) -> bool:
    name = path.name.removesuffix(PACKED)
    return name.endswith(STORAGE)


def holds_pictures(path: Path) -> bool:
    """Tell a folder of picture pairs from one with a recording of ROS."""
    return path.is_dir() and not is_bag(path) and is_picture_folder(path)


def is_result(folder: Path) -> bool:
    """Tell what `promptda process` wrote from what was recorded."""
    return (folder / RECORD_FILE).is_file()


def recordings_in(path: Path) -> list[Path]:
    """Return the recordings that lie directly in a folder, sorted, or the path if it is one.

    Picture pairs are one as a folder. Without metadata, files are the parts of one recording where
    they are named as rosbag2 names them, after their folder: run1/run1_0.mcap. Other files are a
    recording each.
    """
    if not path.is_dir():
        return [path] if is_bag(path) else []
    shown = [file for file in path.iterdir() if not file.name.startswith('.') and file.is_file()]
    files = sorted(file for file in shown if is_bag(file))
    parts = re.compile(rf'{re.escape(path.resolve().name)}_\d+\.\w+(\{PACKED})?')
    is_one = bool(files) and all(parts.fullmatch(file.name) for file in files)
    if (path / METADATA_FILE).is_file() or is_one or holds_pictures(path):
        return [path]
    return files


def files_of(path: Path) -> list[Path]:
    """Return the files in their order.

    Raises:
        BagError: there are none.
    """
    if path.is_dir():
        found = [file for file in path.iterdir() if _is_storage(file)]
        # `ros2 bag play` unpacks a file beside the packed one, and leaves it there.
        files = [file for file in found if file.with_name(file.name + PACKED) not in found]
        if holds_pictures(path):
            return _below(path)
        if not files:
            raise BagError(f'{path} holds no recording: no {" or ".join(STORAGE)} file is in it')
        return sorted(files, key=lambda file: (len(file.name), file.name))  # 10 comes after 9
    if not path.exists():
        raise BagError(f'{path} does not exist')
    if not (_is_storage(path) or path.suffix == ROS_1):
        raise BagError(f'{path} is no recording: ROS 2 writes {" or ".join(STORAGE)} files')
    return [path]


def _below(folder: Path) -> list[Path]:
    """List every file below a folder, hidden ones left out."""
    paths = sorted(path for path in folder.rglob('*') if path.is_file())
    names = [path.relative_to(folder).parts for path in paths]
    return [path for path, parts in zip(paths, names, strict=True) if not _is_hidden(parts)]


def _is_hidden(parts: tuple[str, ...]) -> bool:
    return any(part.startswith('.') for part in parts)
