# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Examples from recordings of one's own sensor, beside a better depth of the same view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from tqdm import tqdm

from promptda_ros.core.errors import PromptdaError
from promptda_ros.core.settings import PromptSettings
from promptda_ros.evaluation.metrics import Judge
from promptda_ros.evaluation.readers.files import FileReader, FrameFiles
from promptda_ros.evaluation.sample import Sample
from promptda_ros.pictures import require_same_view
from promptda_ros.training.examples import Example, is_usable
from promptda_ros.training.recipe import Phase

VALIDATION_SHARE = 0.1  # of the frames, the last ones
NO_PROMPT_SIZE = (0, 0)


class RecordingError(PromptdaError, ValueError):
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


def split(
    recordings: Sequence[Sequence[FrameFiles]], phase: Phase
) -> tuple[RecordingSource, list[Example]]:
    """Keep the last tenth of every recording for validation, at the size of this phase.

    The last ones together, because neighbours in a video are nearly the same picture.

    Raises:
        RecordingError: there is too little to learn from, or it is of several sensors.
    """
    shapes: set[tuple[int, ...]] = set()
    training: list[FrameFiles] = []
    validation: list[FrameFiles] = []
    for recording in recordings:
        frames = tqdm(recording, desc='reading frames', unit='')
        usable = [frame for frame in frames if _usable(frame, shapes)]
        kept = max(1, round(VALIDATION_SHARE * len(usable)))
        training += usable[:-kept]
        validation += usable[-kept:]
    if not training:
        raise RecordingError(
            f'{len(validation)} of {sum(map(len, recordings))} frames have usable depth of a '
            'sensor beside a better one, at least 2 in one recording are needed: put the sensor '
            'in sensor/ and the better depth in depth/'
        )
    if len(shapes) > 1:
        sizes = ', '.join(f'{width}x{height}' for height, width in sorted(shapes))
        raise RecordingError(
            f'the frames have sensor depth of {len(shapes)} sizes, {sizes}: a batch needs one, '
            'train on one sensor at a time'
        )
    _require_errors(validation)
    return RecordingSource(training), [resized(_read(frame), phase) for frame in validation]


def size_of(frame: FrameFiles) -> tuple[int, int]:
    """Return height and width of a frame's pictures."""
    height, width = _read(frame).truth_m.shape
    return height, width


def resized(sample: Sample, phase: Phase) -> Example:
    """Bring picture and truth to the size of a phase; the sensor keeps its own."""
    size = phase.width, phase.height
    truth_m = cv2.resize(sample.truth_m, size, interpolation=cv2.INTER_NEAREST_EXACT)
    return Example(
        image=np.asarray(cv2.resize(sample.image, size, interpolation=cv2.INTER_AREA), np.uint8),
        sensor_depth_m=sample.sensor_depth_m,
        truth_m=np.asarray(truth_m, np.float32),
    )


def _require_errors(frames: Sequence[FrameFiles]) -> None:
    """Refuse sensor depth that is the better depth: errors are told relative to the sensor's."""
    if not any(_errs(_read(frame)) for frame in frames):
        raise RecordingError(
            f'the sensor depth of all {len(frames)} frames to judge on is the better depth '
            'itself, so that there is nothing to learn: put the depth of the sensor in sensor/, '
            'or name its own topic'
        )


def _errs(sample: Sample) -> bool:
    truth = Judge.of(sample, PromptSettings())
    return truth.errors(truth.bilinear_m).mae_m > 0


def _usable(frame: FrameFiles, shapes: set[tuple[int, ...]]) -> bool:
    """Tell whether the node would run on this frame and there is something to learn from it."""
    if frame.sensor_depth is None:
        return False
    sample = _read(frame)
    if not is_usable(sample.sensor_depth_m) or not np.isfinite(sample.truth_m).any():
        return False
    rows, columns = sample.sensor_depth_m.shape
    require_same_view(frame.image, sample.image.shape[:2], frame.sensor_depth, (rows, columns))
    shapes.add(sample.sensor_depth_m.shape)
    return True


def _read(frame: FrameFiles) -> Sample:
    return FileReader([frame], NO_PROMPT_SIZE).read(frame)


def _mirrored(example: Example) -> Example:
    return Example(
        image=np.ascontiguousarray(example.image[:, ::-1]),
        sensor_depth_m=np.ascontiguousarray(example.sensor_depth_m[:, ::-1]),
        truth_m=np.ascontiguousarray(example.truth_m[:, ::-1]),
    )
