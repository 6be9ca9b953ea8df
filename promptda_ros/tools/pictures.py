# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Commands that take bags beside folders of pictures: a bag is unpacked to such a folder."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from promptda_ros.bags.files import BagError, is_bag
from promptda_ros.lab.evaluation.readers import FOLDER_READERS
from promptda_ros.tools.arguments import add_camera

RECORDINGS = 'recordings'  # in the folder of the results


def add_folders(parser: argparse.ArgumentParser) -> None:
    """Let a command take folders of pictures, and bags with their topics."""
    parser.add_argument(
        '--topics',
        nargs='+',
        metavar='TOPIC',
        help='topics of bags: colour, sensor depth and optionally ground-truth depth',
    )
    readers = ('auto', *FOLDER_READERS)
    parser.add_argument('--reader', choices=readers, default='auto', help='layout of the folder')
    add_camera(parser)


def pictures_of(path: Path, topics: Sequence[str] | None, out: Path) -> Path:
    """Return a folder of pictures as it is, and a bag as the folder it is unpacked to.

    Raises:
        BagError: the bag can't be read, or `topics` are not those of one camera.
    """
    if not is_bag(path):
        return path
    if topics is None:
        raise BagError(f'{path} is a bag: name its topics, --topics IMAGE SENSOR [REFERENCE]')
    if len(topics) not in (2, 3):
        raise BagError(
            f'--topics names {len(topics)} topics, 2 or 3 are needed: IMAGE SENSOR, or '
            'IMAGE SENSOR REFERENCE if ground-truth depth was recorded as well'
        )
    try:
        # Late: folders need neither ROS nor rosbags.
        from promptda_ros.bags.unpacking import Topics, unpack_bag
    except ModuleNotFoundError as error:
        raise BagError(
            f'{error.name} is not installed, so {path} cannot be read: '
            'pip install -r requirements/demo.txt, beside ROS or requirements/without_ros.txt'
        ) from None
    return unpack_bag(path, Topics(*topics), out / RECORDINGS)
