# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Episodes at their places in a data set, and what is said of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
import statistics
from typing import Any

import numpy as np

from promptda_ros.bags.lerobot.depth_pictures import Rounding
from promptda_ros.bags.lerobot.episode import FRAMES_FILE, Summary
from promptda_ros.bags.lerobot.layout import OURS, SENSOR
from promptda_ros.bags.lerobot.statistics import of_numbers, Statistics


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
