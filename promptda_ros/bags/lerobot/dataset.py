# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A data set of finished episodes: their numbers, their places, and what is said of all of them.

OUT/episodes/ holds one folder a recording, each finished by itself. OUT/data/ and OUT/meta/ are
made of them, and meta/ gets its place last: at any moment there is a whole data set or none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import fcntl
import os
from pathlib import Path
import shutil
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq

from promptda_ros.bags.lerobot.episode import FRAMES_FILE, Summary, SUMMARY_FILE
from promptda_ros.bags.lerobot.layout import DATA_PATH, file_of, LeRobotError
from promptda_ros.bags.lerobot.meta import write_meta
from promptda_ros.bags.lerobot.placed import DataSet, Placed
from promptda_ros.core.whole_folder import flush, PREFIX

EPISODES = 'episodes'
PARTS = ('data', 'meta')


def require_place(out: Path) -> None:
    """Refuse a folder that has a data set of someone else, which would be lost.

    Raises:
        LeRobotError: there is one.
    """
    if not (out / EPISODES).is_dir() and any((out / name).exists() for name in (*PARTS, 'videos')):
        raise LeRobotError(
            f'{out} holds a data set that was not made by promptda process and would be replaced; '
            'name another folder with --out'
        )


def assemble(out: Path) -> DataSet | None:
    """Make the data set of all episodes that are finished, in the order of their names.

    Raises:
        LeRobotError: pictures of two episodes differ in size, or the folder is of someone else.
    """
    require_place(out)
    if not (out / EPISODES).is_dir():
        return None
    with _alone(out / EPISODES):
        found = _place(out)
        if not found.episodes:
            return None
        _require_one_size(found)
        _build(out, found)
    return found


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process makes the same data set."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _build(out: Path, found: DataSet) -> None:
    for leftover in out.glob(f'{PREFIX}*'):
        shutil.rmtree(leftover)
    work = Path(tempfile.mkdtemp(prefix=PREFIX, dir=out))
    for episode in found.episodes:
        _number(episode)
        _link(episode.frames_file, file_of(work, DATA_PATH, episode.number))
    write_meta(work, found)
    _put_in_place(work, out)


def _place(out: Path) -> DataSet:
    root = out / EPISODES
    folders = sorted(path.parent for path in root.rglob(SUMMARY_FILE))
    folders = [each for each in folders if PREFIX not in str(each.relative_to(root))]
    episodes: list[Placed] = []
    tasks: list[str] = []
    empty, first = [], 0
    for folder in folders:
        summary = Summary.read(folder)
        if not summary.frames:
            empty.append(folder)
            continue
        if summary.task not in tasks:
            tasks.append(summary.task)
        placed = Placed(folder, summary, len(episodes), first, tasks.index(summary.task))
        episodes.append(placed)
        first += summary.frames
    return DataSet(out, episodes, tasks, empty)


def _require_one_size(found: DataSet) -> None:
    first = found.episodes[0]
    for each in found.episodes:
        if each.summary.sizes != first.summary.sizes:
            raise LeRobotError(
                f'{each.folder} has {each.summary.sizes}, {first.folder} {first.summary.sizes}; a '
                'LeRobot data set has one size: process them with --out of their own'
            )


def _number(episode: Placed) -> None:
    """Write the numbers of the episode into its file, unless they are there."""
    numbers = episode.numbers()
    file = pq.ParquetFile(episode.frames_file)
    stored = file.read_row_group(0, columns=list(numbers)).slice(0, 1).to_pylist()[0]
    if stored == {key: values[0] for key, values in numbers.items()}:
        return
    unfinished = episode.folder / f'{PREFIX}{FRAMES_FILE}'
    schema, row = file.schema_arrow, 0
    with pq.ParquetWriter(
        unfinished, schema, compression='snappy', use_dictionary=False
    ) as writer:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            for key, values in numbers.items():
                column = pa.array(values[row : row + len(table)])
                table = table.set_column(schema.get_field_index(key), schema.field(key), column)
            writer.write_table(table)
            row += len(table)
    flush(unfinished)
    os.replace(unfinished, episode.frames_file)


def _link(source: Path, target: Path) -> None:
    """Let the data set have the file, too, without a second copy where the disk allows it."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _put_in_place(work: Path, out: Path) -> None:
    """Let the new data set take the place of the old one; in between there is none."""
    for path in work.rglob('*'):
        if path.is_file() and path.stat().st_nlink == 1:
            flush(path)
    for name in reversed(PARTS):  # without meta there is no data set
        if (out / name).exists():
            os.replace(out / name, work / f'old-{name}')
    for name in PARTS:
        os.replace(work / name, out / name)
    shutil.rmtree(work)
