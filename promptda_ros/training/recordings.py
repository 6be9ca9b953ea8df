# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Examples from recordings of one's own sensor, beside a better depth of the same view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from promptda_ros.evaluation.readers.files import FileReader, FrameFiles
from promptda_ros.evaluation.sample import Sample
from promptda_ros.training.examples import Example, is_usable
from promptda_ros.training.recipe import Phase

VALIDATION_EVERY = 10  # of the recorded frames, one in ten is not trained on
NO_PROMPT_SIZE = (0, 0)


class RecordingError(ValueError):
    """Recordings that can't be trained on; the text says why and what to do."""


@dataclass(frozen=True)
class RecordingSource:
    """Whole pictures at the size of the phase, with the sensor's own measurement as the prompt."""

    frames: Sequence[FrameFiles]

    def examples(self, phase: Phase, rng: np.random.Generator) -> list[Example]:
        """Draw phase.batch frames, half of them mirrored."""
        picks = rng.integers(len(self.frames), size=phase.batch)
        examples = [resized(_read(self.frames[index]), phase) for index in picks]
        return [_mirrored(one) if rng.random() < 0.5 else one for one in examples]


def split(frames: Sequence[FrameFiles], phase: Phase) -> tuple[RecordingSource, list[Example]]:
    """Keep every tenth usable frame for validation, at the size of this phase.

    Raises:
        RecordingError: there is too little to learn from, or it is of several sensors.
    """
    usable = [frame for frame in frames if _usable(frame)]
    if len(usable) < 2:
        raise RecordingError(
            f'{len(usable)} of {len(frames)} frames have depth of a sensor beside a better one; '
            'at least 2 are needed: put the sensor in sensor/ and the better depth in depth/'
        )
    shapes = {_read(frame).sensor_depth_m.shape for frame in usable}
    if len(shapes) > 1:
        raise RecordingError(
            f'the frames have sensor depth of {len(shapes)} sizes, {sorted(shapes)}; '
            'a batch needs one: train on one sensor at a time'
        )
    kept = usable[::VALIDATION_EVERY]
    rest = [frame for frame in usable if frame not in kept]
    return RecordingSource(rest), [resized(_read(frame), phase) for frame in kept]


def resized(sample: Sample, phase: Phase) -> Example:
    """Bring picture and truth to the size of a phase; the sensor keeps its own."""
    size = phase.width, phase.height
    truth_m = cv2.resize(sample.truth_m, size, interpolation=cv2.INTER_NEAREST_EXACT)
    return Example(
        image=np.asarray(cv2.resize(sample.image, size, interpolation=cv2.INTER_AREA), np.uint8),
        sensor_depth_m=sample.sensor_depth_m,
        truth_m=np.asarray(truth_m, np.float32),
    )


def _usable(frame: FrameFiles) -> bool:
    return frame.sensor_depth is not None and is_usable(_read(frame).sensor_depth_m)


def _read(frame: FrameFiles) -> Sample:
    return FileReader([frame], NO_PROMPT_SIZE).read(frame)


def _mirrored(example: Example) -> Example:
    return Example(
        image=np.ascontiguousarray(example.image[:, ::-1]),
        sensor_depth_m=np.ascontiguousarray(example.sensor_depth_m[:, ::-1]),
        truth_m=np.ascontiguousarray(example.truth_m[:, ::-1]),
    )
