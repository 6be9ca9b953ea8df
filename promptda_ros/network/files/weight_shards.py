# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The weight files of a folder: one, or several that an index lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import os
from pathlib import Path
import re

from torch import Tensor

from promptda_ros.core.model_files import INDEX_FILE, WEIGHTS_FILE
from promptda_ros.network.fields import require
from promptda_ros.network.files.folder import CheckpointError, read_json, write_json
from promptda_ros.network.files.weights_file import format_weights

# Of files that an index may name: in the folder itself, and nowhere else.
_NAME = re.compile(r'[A-Za-z0-9_-][A-Za-z0-9_.-]*\.safetensors')
_OURS = 'model-?????-of-?????.safetensors'
_UNITS = {'KB': 10**3, 'MB': 10**6, 'GB': 10**9, 'KIB': 2**10, 'MIB': 2**20, 'GIB': 2**30}


@dataclass(frozen=True)
class WeightShard:
    """One file, and the names of the tensors that must be in it; None: nothing says which."""

    file: str
    tensors: frozenset[str] | None = None


def shards_of(folder: Path) -> list[WeightShard]:
    """List the files with weights: model.safetensors, or in its absence those of the index."""
    if (folder / WEIGHTS_FILE).exists() or not (folder / INDEX_FILE).exists():
        return [WeightShard(WEIGHTS_FILE)]
    places = read_json(folder, INDEX_FILE).get('weight_map')
    if not isinstance(places, dict) or not places:
        raise CheckpointError(folder, f'{folder / INDEX_FILE} has no weight_map')
    for file in places.values():
        if not isinstance(file, str) or not _NAME.fullmatch(file):
            problem = f'{folder / INDEX_FILE} names {file!r}, which is no file of this folder'
            raise CheckpointError(folder, problem)
    return [
        WeightShard(file, frozenset(name for name in places if places[name] == file))
        for file in sorted(set(places.values()))
    ]


def save_weights(
    weights: Mapping[str, Tensor], folder: Path, *, max_shard_size: int | str = '50GB'
) -> None:
    """Write one file, or several and their index; a reader sees the old weights or the new."""
    parts = _split(weights, _bytes(max_shard_size))
    if len(parts) == 1:
        write_file(folder / WEIGHTS_FILE, parts[0])
        (folder / INDEX_FILE).unlink(missing_ok=True)
        names: list[str] = []
    else:
        names = [
            f'model-{number:05}-of-{len(parts):05}.safetensors'
            for number in range(1, len(parts) + 1)
        ]
        for name, part in zip(names, parts, strict=True):
            write_file(folder / name, part)
        total = sum(value.nbytes for value in weights.values())
        places = {key: name for name, part in zip(names, parts, strict=True) for key in part}
        write_json(folder, INDEX_FILE, {'metadata': {'total_size': total}, 'weight_map': places})
        (folder / WEIGHTS_FILE).unlink(missing_ok=True)
    for stale in set(folder.glob(_OURS)) - {folder / name for name in names}:
        stale.unlink()


def write_file(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Write a safetensors file; a reader sees the old weights or the new ones."""
    unfinished = path.with_name(f'{path.name}.part')
    unfinished.write_bytes(format_weights(weights))
    os.replace(unfinished, path)


def _split(weights: Mapping[str, Tensor], at_most: int) -> list[dict[str, Tensor]]:
    parts: list[dict[str, Tensor]] = [{}]
    used = 0
    for name, value in weights.items():
        if parts[-1] and used + value.nbytes > at_most:
            parts.append({})
            used = 0
        parts[-1][name] = value
        used += value.nbytes
    return parts


def _bytes(size: int | str) -> int:
    """Read 1000, '1000', '5GB' or '5GiB'."""
    found = re.fullmatch(r'(\d{1,15})\s*([KMG]I?B)?', str(size).upper())
    require(found is not None, 'max_shard_size', size, "bytes, or text such as '5GB'")
    assert found is not None
    return int(found[1]) * _UNITS.get(found[2] or '', 1)
