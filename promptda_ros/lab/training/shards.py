# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Simulated views on disk: folders of arrays that are read without loading them whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from promptda_ros.core.output_folder import OutputFolder
from promptda_ros.lab.sim.view import RenderedView
from promptda_ros.messages.picture_files import write_array

STEP_M = 1e-4  # of the stored uint16: 6.5 m at most
GLOSS_STEP = 1 / 255
ARRAYS = ('image', 'depth', 'behind', 'ids', 'gloss', 'matrix')


def write_shard(folder: Path, views: Sequence[RenderedView]) -> None:
    """Write views of one size as one folder, whole or not at all."""
    layers = [_layers(view) for view in views]
    with OutputFolder(folder.parent) as unfinished:
        shard = unfinished / folder.name
        shard.mkdir()
        for name in ARRAYS:
            write_array(shard / f'{name}.npy', np.stack([layer[name] for layer in layers]))


class Shards:
    """All views of some shards, by number."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._arrays = [
            {name: np.load(folder / f'{name}.npy', mmap_mode='r') for name in ARRAYS}
            for folder in folders
        ]
        self._ends = np.cumsum([len(arrays['matrix']) for arrays in self._arrays])

    def __len__(self) -> int:
        return int(self._ends[-1])

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the views; (0, 0) where they differ."""
        sizes = {arrays['depth'].shape[1:] for arrays in self._arrays}
        height, width = sizes.pop() if len(sizes) == 1 else (0, 0)
        return int(height), int(width)

    def __getitem__(self, index: int) -> RenderedView:
        """Return one view in metres."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        shard = int(np.searchsorted(self._ends, index, side='right'))
        arrays = self._arrays[shard]
        inside = index - (int(self._ends[shard]) - len(arrays['matrix']))
        layer = {name: np.asarray(array[inside]) for name, array in arrays.items()}
        return RenderedView(
            image=layer['image'],
            depth_m=_metres(layer['depth']),
            behind_m=_metres(layer['behind']),
            instance_ids=layer['ids'].astype(np.int32),
            gloss=layer['gloss'].astype(np.float32) * np.float32(GLOSS_STEP),
            matrix=layer['matrix'],
        )

    def views(self, rng: np.random.Generator, count: int) -> list[RenderedView]:
        """Pick views at random."""
        return [self[int(index)] for index in rng.integers(len(self), size=count)]


def _layers(view: RenderedView) -> dict[str, NDArray[np.generic]]:
    return {
        'image': view.image,
        'depth': _counts(view.depth_m),
        'behind': _counts(view.behind_m),
        'ids': view.instance_ids.astype(np.uint8),
        'gloss': np.round(view.gloss / GLOSS_STEP).astype(np.uint8),
        'matrix': view.matrix,
    }


def _counts(depth_m: NDArray[np.float32]) -> NDArray[np.uint16]:
    return np.clip(np.round(depth_m / STEP_M), 0, 65535).astype(np.uint16)


def _metres(counts: NDArray[np.uint16]) -> NDArray[np.float32]:
    return counts.astype(np.float32) * np.float32(STEP_M)
