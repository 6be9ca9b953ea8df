# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Why a file can't be read, and the command that saves what is whole."""

from __future__ import annotations

from pathlib import Path

from promptda_ros.bags.files import BagError, ROS_1
from promptda_ros.bags.storage.mcap_records import MAGIC
from promptda_ros.core.peer_text import shorten

BEGINS = {'.mcap': MAGIC, '.db3': b'SQLite format 3\x00', ROS_1: b'#ROSBAG V2.0\n'}


def require_beginning(path: Path, file: Path) -> None:
    """Refuse what is no such file at all; `path` is what its user calls it.

    Raises:
        BagError: it does not begin like one.
    """
    begin = BEGINS[file.suffix]
    with file.open('rb') as opened:
        if opened.read(len(begin)) != begin:
            raise BagError(f'{path} cannot be read: it is empty, or no {file.suffix} file')


def refusal(path: Path, error: Exception) -> BagError:
    """Say what a library failed of, and which command saves what is whole."""
    said = shorten(str(error))
    if ROS_1 in path.suffixes:
        fix = f'rosbag reindex {path}'
        return BagError(f'{path} cannot be read ({said}): run `{fix}`, which is part of ROS 1')
    if '.db3' in path.suffixes:
        # What `sqlite3 .recover` makes of one depends on how that was built.
        return BagError(f'{path} is damaged ({said}): copy it again from its source')
    fix = f'mcap recover {path} -o recovered.mcap'
    return BagError(f'{path} is damaged ({said}): run `{fix}`, and name recovered.mcap here')
