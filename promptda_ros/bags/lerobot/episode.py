# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One episode: the file of its frames, written as they come, and a summary beside it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from promptda_ros.bags.lerobot.depth_pictures import AT_MOST, counts_of, png_of, Rounding
from promptda_ros.bags.lerobot.layout import (
    CHANNELS,
    COLOUR,
    LeRobotError,
    NUMBERS,
    OURS,
    schema,
    SENSOR,
    Sizes,
    STAMP,
)
from promptda_ros.bags.lerobot.statistics import of_numbers, PixelStatistics, Statistics
from promptda_ros.core.frame import ByteImage, FloatImage

FRAMES_FILE, SUMMARY_FILE = 'episode.parquet', 'episode.json'
GROUP_BYTES = 16 * 2**20  # of pictures, until they are written


@dataclass(frozen=True)
class Summary:
    """What the data set needs to know of an episode."""

    frames: int
    task: str
    sizes: Sizes | None  # None: no frames
    rate_hz: float  # 0: fewer than two frames
    uneven: int  # steps between frames that aren't one period of the rate
    longest_sec: float  # of the steps
    statistics: dict[str, Statistics]
    rounding: dict[str, Rounding]

    def write(self, folder: Path) -> None:
        """Write the summary beside the frames."""
        (folder / SUMMARY_FILE).write_text(json.dumps(asdict(self)) + '\n')

    @classmethod
    def read(cls, folder: Path) -> Summary:
        """Return what was written."""
        given = json.loads((folder / SUMMARY_FILE).read_text())
        sizes = given['sizes'] and Sizes(**{key: tuple(n) for key, n in given['sizes'].items()})
        rounding = {key: Rounding(**each) for key, each in given['rounding'].items()}
        return cls(**{**given, 'sizes': sizes, 'rounding': rounding})


class EpisodeWriter:
    """Writes an episode as if it were the first of a data set; `dataset.py` gives it its place."""

    def __init__(self, folder: Path, task: str) -> None:
        self._folder, self._task = folder, task
        self._sizes: Sizes | None = None
        self._stamps_ns: list[int] = []
        self._file: pq.ParquetWriter | None = None
        self._pictures: dict[str, list[bytes]] = {key: [] for key in CHANNELS}
        self._statistics = {
            COLOUR: PixelStatistics(3, 256),
            SENSOR: PixelStatistics(1, AT_MOST + 1),
            OURS: PixelStatistics(1, AT_MOST + 1),
        }
        self._rounding = {SENSOR: Rounding(), OURS: Rounding()}

    def add(
        self, stamp_ns: int, image: ByteImage, sensor_m: FloatImage, depth_m: FloatImage
    ) -> None:
        """Add a frame; the image and our depth are of one size.

        Raises:
            LeRobotError: it can't stand behind the frames before it.
        """
        self._require_same(Sizes(image.shape[:2], sensor_m.shape))
        self._require_later(stamp_ns)
        self._keep(COLOUR, image)
        for key, metres in ((SENSOR, sensor_m), (OURS, depth_m)):
            counts = counts_of(metres)
            self._rounding[key].add(metres, counts)
            self._keep(key, counts)
        self._stamps_ns.append(stamp_ns)
        if sum(len(data) for each in self._pictures.values() for data in each) > GROUP_BYTES:
            self._write_group()

    def close(self) -> Summary:
        """Finish the files."""
        self._write_group()
        if self._file is not None:
            self._file.close()
        summary = self._summarise()
        summary.write(self._folder)
        return summary

    def abandon(self) -> None:
        """Let go of the file of an episode that will not be finished."""
        if self._file is not None:
            self._file.close()

    def _require_same(self, sizes: Sizes) -> None:
        if self._sizes is None:
            self._sizes = sizes
        if sizes != self._sizes:
            raise LeRobotError(
                f'frame {len(self._stamps_ns)} has {sizes}, those before it {self._sizes}; '
                'a LeRobot data set has one size: cut the recording there, with --start or --end'
            )

    def _require_later(self, stamp_ns: int) -> None:
        if self._stamps_ns and stamp_ns <= self._stamps_ns[-1]:
            back_sec = (self._stamps_ns[-1] - stamp_ns) / 1e9
            raise LeRobotError(
                f'the stamp of frame {len(self._stamps_ns)} lies {back_sec:.3f} s before the one '
                'ahead of it; an episode has one clock: cut the recording there, with --start or '
                '--end'
            )

    def _keep(self, key: str, pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> None:
        self._statistics[key].add(pixels)
        self._pictures[key].append(png_of(pixels))

    def _write_group(self) -> None:
        count = len(self._pictures[COLOUR])
        if not count:
            return
        if self._file is None:
            self._file = pq.ParquetWriter(
                self._folder / FRAMES_FILE, schema(), compression='snappy', use_dictionary=False
            )
        numbers = range(len(self._stamps_ns) - count, len(self._stamps_ns))
        names = [f'frame-{number:06d}.png' for number in numbers]
        columns = [pictures_column(self._pictures[key], names) for key in CHANNELS]
        columns += [values[numbers.start :] for values in self._numbers().values()]
        self._file.write_table(pa.table(columns, schema=schema()))
        for each in self._pictures.values():
            each.clear()

    def _numbers(self) -> dict[str, npt.NDArray[Any]]:
        """Return the columns of numbers of all frames."""
        stamps_ns = np.array(self._stamps_ns, np.int64)
        first_ns = self._stamps_ns[0] if self._stamps_ns else 0
        rows = np.arange(len(stamps_ns))
        return {
            STAMP: stamps_ns,
            'timestamp': ((stamps_ns - first_ns) / 1e9).astype(np.float32),
            'frame_index': rows,
            'episode_index': 0 * rows,
            'index': rows,
            'task_index': 0 * rows,
        }

    def _summarise(self) -> Summary:
        steps_sec = np.diff(np.array(self._stamps_ns, np.int64)) / 1e9
        period_sec = float(np.median(steps_sec)) if len(steps_sec) else 0.0
        frames = len(self._stamps_ns)
        numbers = {key: of_numbers(column) for key, column in self._numbers().items() if frames}
        scales = {COLOUR: 1 / 255, SENSOR: 1.0, OURS: 1.0}
        pictures = {key: self._statistics[key].result(scales[key]) for key in CHANNELS if frames}
        return Summary(
            frames=frames,
            task=self._task,
            sizes=self._sizes,
            rate_hz=1 / period_sec if period_sec else 0.0,
            uneven=int(np.count_nonzero(np.rint(steps_sec / (period_sec or 1.0)) != 1)),
            longest_sec=float(steps_sec.max(initial=0.0)),
            statistics={**pictures, **{key: numbers[key] for key in NUMBERS if frames}},
            rounding=self._rounding,
        )


def pictures_column(encoded: list[bytes], names: list[str]) -> pa.StructArray:
    """Return encoded pictures as a column."""
    return pa.StructArray.from_arrays(
        [pa.array(encoded, pa.binary()), pa.array(names, pa.string())], ['bytes', 'path']
    )
