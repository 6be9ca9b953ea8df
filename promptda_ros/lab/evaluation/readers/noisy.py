# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The frames of another reader with noise on what the sensor measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
import zlib

import numpy as np

from promptda_ros.lab.evaluation.readers.files import FileReader
from promptda_ros.lab.evaluation.sample import Sample


@dataclass(frozen=True)
class NoisyReader:
    """Adds Gaussian noise, pixel by pixel: the same one to a frame whatever else is read."""

    reader: FileReader
    share: float  # standard deviation, of the depth
    seed: int

    def __len__(self) -> int:
        return len(self.reader)

    def __iter__(self) -> Iterator[Sample]:
        return map(self._spoil, self.reader)

    def _spoil(self, sample: Sample) -> Sample:
        named = zlib.crc32(f'{sample.name} {sample.sensor}'.encode())
        noise = np.random.default_rng((self.seed, named)).standard_normal(
            sample.sensor_depth_m.shape, np.float32
        )
        return replace(sample, sensor_depth_m=sample.sensor_depth_m * (1 + self.share * noise))
