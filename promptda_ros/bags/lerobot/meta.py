# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a data set says of itself: meta/ with its episodes, tasks, statistics and info.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from promptda_ros.bags.lerobot.layout import (
    CHANNELS,
    DATA_PATH,
    EPISODES_PATH,
    features_of,
    file_of,
    FILES_PER_CHUNK,
    NUMBERS,
    VERSION,
)
from promptda_ros.bags.lerobot.placed import DataSet, Placed
from promptda_ros.bags.lerobot.statistics import combine


def write_meta(work: Path, found: DataSet) -> None:
    """Write meta/ of a data set, its info.json last."""
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
