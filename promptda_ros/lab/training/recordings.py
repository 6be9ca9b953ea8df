# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Examples from recordings: of one's own sensor beside a reference depth, or of depth alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from tqdm import tqdm

from promptda_ros.core.errors import PromptdaError
from promptda_ros.core.settings.depth import PromptSettings
from promptda_ros.lab.evaluation.metrics import Judge
from promptda_ros.lab.evaluation.readers.files import evenly, FileReader, FrameFiles
from promptda_ros.lab.evaluation.sample import Sample
from promptda_ros.lab.training.examples import Example, is_usable, Source
from promptda_ros.lab.training.prompts import draw_size, make_prompt, usual_sizes
from promptda_ros.lab.training.recipe import Phase, Prompts
from promptda_ros.messages.picture_files import require_files_of_same_view

VALIDATION_SHARE = 0.1  # of the frames, the last ones
# Of them for each recording: neighbours are alike, and each takes half a second.
JUDGED_AT_MOST = 30
TRIES = 20  # for a part of a frame that has depth
LARGEST_SCALE = 1.3
UNSCALED_SHARE = 0.45  # of the parts, which keep the picture's own resolution


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


@dataclass(frozen=True)
class MadeSource:
    """Parts of pictures at random scales, with prompts made of their own depth."""

    frames: Sequence[FrameFiles]
    prompts: Prompts

    def examples(self, phase: Phase, rng: np.random.Generator) -> list[Example]:
        """Draw phase.batch parts of frames, all with prompts of one size.

        Raises:
            RecordingError: hardly any part of the frames has depth.
        """
        size = draw_size(phase, self.prompts, rng)
        examples: list[Example] = []
        for _ in range(TRIES * phase.batch):
            sample = _read(self.frames[int(rng.integers(len(self.frames)))])
            part = _part(sample, phase, rng)
            example = replace(
                part, sensor_depth_m=make_prompt(part.truth_m, size, self.prompts, rng)
            )
            if is_usable(example.sensor_depth_m):
                examples.append(_mirrored(example) if rng.random() < 0.5 else example)
            if len(examples) == phase.batch:
                return examples
        raise RecordingError(
            f'{TRIES * phase.batch} parts of {len(self.frames)} frames gave {len(examples)} '
            f'prompts with depth, {phase.batch} are needed: most of their depth is unknown'
        )


@dataclass(frozen=True)
class MixedSource:
    """Draws one of several sources for every step."""

    sources: Sequence[Source]
    shares: Sequence[float]

    @classmethod
    def of(cls, sources: Sequence[Source]) -> MixedSource:
        """Draw each alike: a long recording has more of the same pictures."""
        return cls(sources, [1.0] * len(sources))

    def examples(self, phase: Phase, rng: np.random.Generator) -> Sequence[Example]:
        """Draw phase.batch examples of one of the sources."""
        shares = np.array(self.shares) / sum(self.shares)
        return self.sources[rng.choice(len(self.sources), p=shares)].examples(phase, rng)


def split(
    recordings: Sequence[Sequence[FrameFiles]], phase: Phase, prompts: Prompts
) -> tuple[Source, list[Example]]:
    """Keep the last tenth of every recording for validation, at the size of this phase.

    The last ones together, because neighbours in a video are nearly the same picture. Frames
    without a sensor's own depth get prompts made of theirs.

    Raises:
        RecordingError: there is too little to learn from, or it is of several sensors.
    """
    shapes: set[tuple[int, ...]] = set()
    measured: list[FrameFiles] = []
    plain: list[list[FrameFiles]] = []
    validation: list[FrameFiles] = []
    for recording in recordings:
        frames = tqdm(recording, desc='reading frames', unit='')
        usable = [frame for frame in frames if _usable(frame, shapes)]
        kept = max(1, round(VALIDATION_SHARE * len(usable)))
        measured += [frame for frame in usable[:-kept] if frame.sensor_depth is not None]
        plain.append([frame for frame in usable[:-kept] if frame.sensor_depth is None])
        validation += evenly(usable[-kept:], JUDGED_AT_MOST)
    sources = _sources(measured, [frames for frames in plain if frames], prompts)
    if not sources:
        raise RecordingError(
            f'{len(validation)} of {sum(map(len, recordings))} frames have usable depth, at least '
            '2 in one recording are needed: put the reference depth in depth/, and that of the '
            'sensor in sensor/ if there is one'
        )
    if len(shapes) > 1:
        sizes = ', '.join(f'{width}x{height}' for height, width in sorted(shapes))
        raise RecordingError(
            f'the frames have sensor depth of {len(shapes)} sizes, {sizes}: a batch needs one, '
            'train on one sensor at a time'
        )
    judged = list(_judged(validation, phase, prompts))
    if not judged:
        raise RecordingError(
            f'none of the {len(validation)} frames to judge on, the last tenth of each recording, '
            'gives a prompt: most of their depth is unknown'
        )
    _require_errors([frame for frame in validation if frame.sensor_depth is not None])
    return MixedSource.of(sources), judged


def with_own_depth(recording: Sequence[FrameFiles]) -> list[FrameFiles]:
    """Use the sensor's own depth as the truth, and make prompts from it."""
    return [
        replace(frame, truth=frame.sensor_depth or frame.truth, sensor_depth=None)
        for frame in recording
    ]


def _sources(
    measured: Sequence[FrameFiles], plain: Sequence[Sequence[FrameFiles]], prompts: Prompts
) -> list[Source]:
    made = [MadeSource(frames, prompts) for frames in plain]
    return [RecordingSource(measured), *made] if measured else list(made)


def _judged(frames: Sequence[FrameFiles], phase: Phase, prompts: Prompts) -> Iterator[Example]:
    """Yield the frames to judge on; where prompts are made, of the usual sizes in turn."""
    for number, frame in enumerate(frames):
        sample = _read(frame)
        if frame.sensor_depth is not None:
            example = resized(sample, phase)
        else:
            example = _cut(sample, phase, scale=_least_scale(sample, phase))
            rng = np.random.default_rng(number)
            size = usual_sizes(phase)[number % len(usual_sizes(phase))]
            made_m = make_prompt(example.truth_m, size, prompts, rng)
            example = replace(example, sensor_depth_m=made_m)
        if is_usable(example.sensor_depth_m):
            yield example


def size_of_frame(frame: FrameFiles) -> tuple[int, int]:
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
    """Refuse sensor depth that is the reference itself: errors are relative to the sensor's."""
    if frames and not any(_errs(_read(frame)) for frame in frames):
        raise RecordingError(
            f'the sensor depth of all {len(frames)} frames to judge on is the reference '
            'depth itself, so there is nothing to learn: put the depth of the sensor in sensor/, '
            'or name its own topic'
        )


def _errs(sample: Sample) -> bool:
    truth = Judge.of(sample, PromptSettings())
    return truth.errors(truth.bilinear_m).mae_m > 0


def _usable(frame: FrameFiles, shapes: set[tuple[int, ...]]) -> bool:
    """Return whether the node would run on this frame and there is something to learn from it."""
    sample = _read(frame)
    if not np.isfinite(sample.truth_m).any():
        return False
    if frame.sensor_depth is None:
        return True
    if not is_usable(sample.sensor_depth_m):
        return False
    rows, columns = sample.sensor_depth_m.shape
    require_files_of_same_view(
        frame.image, sample.image.shape[:2], frame.sensor_depth, (rows, columns)
    )
    shapes.add(sample.sensor_depth_m.shape)
    return True


def _read(frame: FrameFiles) -> Sample:
    return FileReader([frame], prompt_size=None).read(frame)


def _part(sample: Sample, phase: Phase, rng: np.random.Generator) -> Example:
    """Cut out a part at a random scale, so that focal length and resolution vary."""
    least = _least_scale(sample, phase)
    scale = float(np.exp(rng.uniform(*np.log((max(least, 0.5), max(least, LARGEST_SCALE))))))
    if rng.random() < UNSCALED_SHARE:
        scale = max(least, 1.0)
    return _cut(sample, phase, scale=scale, places=rng.random(2).tolist())


def _least_scale(sample: Sample, phase: Phase) -> float:
    """Return the scale at which a phase shows a picture from side to side."""
    height, width = sample.truth_m.shape
    return float(max(phase.height / height, phase.width / width))


def _cut(
    sample: Sample, phase: Phase, *, scale: float, places: Sequence[float] = (0.5, 0.5)
) -> Example:
    """Cut out a part of the shape of a phase; places: from 0 at the top and left to 1."""
    height, width = sample.truth_m.shape
    tall, wide = min(height, round(phase.height / scale)), min(width, round(phase.width / scale))
    top, left = round(places[0] * (height - tall)), round(places[1] * (width - wide))
    window = np.s_[top : top + tall, left : left + wide]
    return resized(
        replace(sample, image=sample.image[window], truth_m=sample.truth_m[window]), phase
    )


def _mirrored(example: Example) -> Example:
    return Example(
        image=np.ascontiguousarray(example.image[:, ::-1]),
        sensor_depth_m=np.ascontiguousarray(example.sensor_depth_m[:, ::-1]),
        truth_m=np.ascontiguousarray(example.truth_m[:, ::-1]),
    )
