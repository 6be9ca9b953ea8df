# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A data set of finished episodes: their numbers, their places, and what is said of all of them.

OUT/episodes/ holds one folder a recording, each finished by itself. OUT/data/ and OUT/meta/ are
made of them, and meta/ gets its place last: at any moment there is a whole data set or none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import fcntl
import json
import os
from pathlib import Path
import shutil
import statistics
import tempfile
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from promptda_ros.bags.lerobot.depth_pictures import Rounding
from promptda_ros.bags.lerobot.episode import FRAMES_FILE, Summary, SUMMARY_FILE
from promptda_ros.bags.lerobot.layout import (
    CHANNELS,
    DATA_PATH,
    EPISODES_PATH,
    features_of,
    file_of,
    FILES_PER_CHUNK,
    LeRobotError,
    NUMBERS,
    OURS,
    SENSOR,
    VERSION,
)
from promptda_ros.bags.lerobot.statistics import combine, of_numbers, Statistics

EPISODES = 'episodes'
UNFINISHED = '.unfinished-'
PARTS = ('data', 'meta')


@dataclass(frozen=True)
class Placed:
    """An episode and its place among the others."""

    folder: Path
    summary: Summary
    number: int
    first: int  # number of its first frame
    task: int

    @property
    def frames_file(self) -> Path:
        """Return the file of its frames."""
        return self.folder / FRAMES_FILE

    def numbers(self) -> dict[str, Any]:
        """Return the columns that depend on the other episodes."""
        rows = np.arange(self.summary.frames, dtype=np.int64)
        return {
            'episode_index': 0 * rows + self.number,
            'index': rows + self.first,
            'task_index': 0 * rows + self.task,
        }

    def statistics(self) -> dict[str, Statistics]:
        """Return the statistics of each column."""
        placed = {key: of_numbers(values) for key, values in self.numbers().items()}
        return {**self.summary.statistics, **placed}


@dataclass(frozen=True)
class DataSet:
    """A finished data set."""

    folder: Path
    episodes: list[Placed]
    tasks: list[str]
    empty: list[Path]  # recordings without a single frame, which are no episodes

    @property
    def fps(self) -> int:
        """Return the rate of the frames; the format knows one, a whole number."""
        rates = [each.summary.rate_hz for each in self.episodes if each.summary.rate_hz]
        return max(1, round(statistics.median(rates))) if rates else 1

    @property
    def frames(self) -> int:
        """Return how many frames all episodes have."""
        return sum(each.summary.frames for each in self.episodes)

    def describe(self) -> list[str]:
        """Say what the data set holds and what it costs, in lines for the user."""
        episodes = 'episode' if len(self.episodes) == 1 else 'episodes'
        counts = f'{len(self.episodes)} {episodes}, {self.frames} frames, {self.fps} frames/s'
        lines = [f'{self.folder}: {counts}']
        for key, name in ((SENSOR, 'sensor depth'), (OURS, 'our depth')):
            rounding = Rounding()
            for each in self.episodes:
                rounding.include(each.summary.rounding[key])
            lines.append(f'{name} as 16-bit millimetres is off by {rounding}')
        lines += [f'{folder.name} has no frames and is no episode' for folder in self.empty]
        return lines + [note for each in self.episodes if (note := self._note(each))]

    def _note(self, episode: Placed) -> str:
        """Say where steps of `delta_timestamps`, which count frames, are not time."""
        summary, rate_hz = episode.summary, episode.summary.rate_hz
        if rate_hz and abs(rate_hz - self.fps) > 0.05 * self.fps:
            return (
                f'{episode.folder.name} has {rate_hz:.2f} frames/s and the data set {self.fps}, '
                'one whole number for all: steps of delta_timestamps, which counts frames, are '
                'off in time; choose --every so that the rates agree, or another --out'
            )
        if not summary.uneven:
            return ''
        return (
            f'{episode.folder.name}: {summary.uneven} of {summary.frames - 1} steps between '
            f'frames are not one period, the longest {summary.longest_sec:.3f} s; the column '
            'timestamp is exact, but delta_timestamps counts frames'
        )


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
    for leftover in out.glob(f'{UNFINISHED}*'):
        shutil.rmtree(leftover)
    work = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=out))
    for episode in found.episodes:
        _number(episode)
        _link(episode.frames_file, file_of(work, DATA_PATH, episode.number))
    _write_meta(work, found)
    _put_in_place(work, out)


def _place(out: Path) -> DataSet:
    root = out / EPISODES
    folders = sorted(path.parent for path in root.rglob(SUMMARY_FILE))
    folders = [each for each in folders if UNFINISHED not in str(each.relative_to(root))]
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
    unfinished = episode.folder / f'{UNFINISHED}{FRAMES_FILE}'
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
    _flush(unfinished)
    os.replace(unfinished, episode.frames_file)


def _link(source: Path, target: Path) -> None:
    """Let the data set have the file, too, without a second copy where the disk allows it."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _write_meta(work: Path, found: DataSet) -> None:
    rows = [_row_of(episode, found) for episode in found.episodes]
    pq.write_table(pa.Table.from_pylist(rows), file_of(work, EPISODES_PATH, 0))
    _write_tasks(work / 'meta/tasks.parquet', found.tasks)
    each = [episode.statistics() for episode in found.episodes]
    overall = {key: combine([one[key] for one in each]) for key in (*CHANNELS, *NUMBERS)}
    (work / 'meta/stats.json').write_text(json.dumps(overall, indent=4))
    (work / 'meta/info.json').write_text(json.dumps(_info(found), indent=4))


def _row_of(episode: Placed, found: DataSet) -> dict[str, Any]:
    chunk, file = divmod(episode.number, FILES_PER_CHUNK)
    statistics_of = {
        f'stats/{key}/{name}': value
        for key, each in episode.statistics().items()
        for name, value in each.items()
    }
    return {
        'episode_index': episode.number,
        'tasks': [found.tasks[episode.task]],
        'length': episode.summary.frames,
        'data/chunk_index': chunk,
        'data/file_index': file,
        'dataset_from_index': episode.first,
        'dataset_to_index': episode.first + episode.summary.frames,
        **statistics_of,
        'meta/episodes/chunk_index': 0,
        'meta/episodes/file_index': 0,
    }


def _write_tasks(path: Path, tasks: list[str]) -> None:
    """Write the numbers of the tasks; pandas finds the texts as the index of its rows."""
    number = {'name': 'task_index', 'field_name': 'task_index', 'pandas_type': 'int64'}
    text = {'name': None, 'field_name': '__index_level_0__', 'pandas_type': 'unicode'}
    described = {
        'index_columns': [text['field_name']],
        'column_indexes': [],
        'columns': [
            {**number, 'numpy_type': 'int64', 'metadata': None},
            {**text, 'numpy_type': 'object', 'metadata': None},
        ],
    }
    table = pa.table(
        {'task_index': pa.array(range(len(tasks)), pa.int64()), text['field_name']: tasks}
    )
    pq.write_table(table.replace_schema_metadata({'pandas': json.dumps(described)}), path)


def _info(found: DataSet) -> dict[str, Any]:
    sizes = found.episodes[0].summary.sizes
    assert sizes is not None, 'episodes have frames'
    return {
        'codebase_version': VERSION,
        'robot_type': None,
        'total_episodes': len(found.episodes),
        'total_frames': found.frames,
        'total_tasks': len(found.tasks),
        'chunks_size': FILES_PER_CHUNK,
        'data_files_size_in_mb': 100,
        'video_files_size_in_mb': 200,
        'fps': found.fps,
        'splits': {'train': f'0:{len(found.episodes)}'},
        'data_path': DATA_PATH,
        'video_path': None,
        'features': features_of(sizes),
    }


def _put_in_place(work: Path, out: Path) -> None:
    """Let the new data set take the place of the old one; in between there is none."""
    for path in work.rglob('*'):
        if path.is_file() and path.stat().st_nlink == 1:
            _flush(path)
    for name in reversed(PARTS):  # without meta there is no data set
        if (out / name).exists():
            os.replace(out / name, work / f'old-{name}')
    for name in PARTS:
        os.replace(work / name, out / name)
    shutil.rmtree(work)


def _flush(path: Path) -> None:
    with path.open('rb') as file:
        os.fsync(file.fileno())
