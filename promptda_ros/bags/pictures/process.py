# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Work on one folder of picture pairs: read, estimate, write, as `promptda estimate` does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
import time

from promptda_ros.bags.files import BagError
from promptda_ros.bags.pictures.choice import choose_pairs
from promptda_ros.bags.pictures.result import Result, RESULTS
from promptda_ros.bags.processing.inputs import hashing, InputFiles
from promptda_ros.bags.processing.preview import PREVIEW
from promptda_ros.bags.processing.recipe import Recipe
from promptda_ros.bags.processing.record import facts_of, Record
from promptda_ros.bags.processing.shown import Shown
from promptda_ros.bags.processing.sink import Written
from promptda_ros.bags.processing.unit import Unit
from promptda_ros.core.errors import FileError
from promptda_ros.core.frame import BadFrame, Frame
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.pairing.stream import Loss
from promptda_ros.core.prompt.history import DepthHistory
from promptda_ros.core.restore.trust import require_trust
from promptda_ros.core.runtime.faults import run_on_device
from promptda_ros.core.runtime.stages import StageTimes
from promptda_ros.core.settings.schema import Settings
from promptda_ros.core.whole_folder import whole_folder
from promptda_ros.loaded_model import LoadedModel
from promptda_ros.messages.picture_files import (
    read_depth_file,
    read_image_file,
    require_files_of_same_view,
)
from promptda_ros.messages.picture_folders import PicturePair, TUM_TOLERANCE_SEC

LOST_AT_MOST = 0.05  # of the pairs, before it is a warning
UNREADABLE = 'unreadable'


def make_pictures(unit: Unit, model: LoadedModel, tell: Callable[[int, int], None]) -> Record:
    """Make the result of a folder; `tell` hears how many of how many pairs are done.

    Raises:
        BagError: the folder can't be used, or no pair of it gives depth.
        OSError: the disk is full, or fails.
        DeviceLost: nothing can be computed in this process any more.
    """
    begun_sec, files = time.perf_counter(), InputFiles.of(unit.source)
    work = _Work(unit, model)
    with whole_folder(unit.target) as folder, hashing(files) as hashed:
        result = RESULTS[unit.recipe.to](unit.source, folder, unit.recipe)
        try:
            written = work.run(result, tell)
        except BaseException:
            result.abandon()
            raise
        work.shown.preview.save(folder / PREVIEW)
        record = work.record(hashed(), written, result.notes())
        record = replace(record, wall_sec=time.perf_counter() - begun_sec)
        record.write(folder)
    return record


class _Work:
    """The work on one folder."""

    def __init__(self, unit: Unit, model: LoadedModel) -> None:
        self._unit, self._model = unit, model
        self._settings = _settings_of(unit.recipe)
        self._choice = choose_pairs(unit.source, unit.recipe)
        self._pairs = self._choice.pairs
        # Without stamps a frame stands alone.
        self._history = DepthHistory() if self._pairs[0].stamp_ns else None
        self._stages = StageTimes()
        self.shown = Shown({'': len(self._pairs)})
        self._drops: Counter[str] = Counter()
        self._first_reason = ''

    def run(self, result: Result, tell: Callable[[int, int], None]) -> Written:
        """Pass on what is made of every pair that gives depth.

        Raises:
            BagError: none does.
        """
        for number, pair in enumerate(self._pairs):
            if (made := self._attempt(pair)) is not None:
                with self._stages.time('publish'):
                    result.add(pair, made)
                    self.shown.look('', number, made)
            tell(number + 1, len(self._pairs))
        if self._drops.total() == len(self._pairs):
            raise BagError(
                f'no pair of {self._unit.source} gives depth ({listed(self._drops)}): '
                f'{self._first_reason}'
            )
        return result.close()

    def record(self, files: InputFiles, written: Written, notes: list[str]) -> Record:
        """Return what there is to know of the result."""
        return Record(
            recipe=self._unit.recipe,
            source=str(self._unit.source),
            input=files.files,
            model=facts_of(self._model),
            topics={},
            images=self._choice.images,
            pairs=len(self._pairs),
            outputs=written.outputs,
            originals=written.originals,
            drops=dict(self._choice.drops + self._drops),
            pixels=self.shown.pixels,
            warnings=(*self._losses(), *notes),
            stage_ms={name: each.p50 for name, each in self._stages.snapshot().items()},
        )

    def _attempt(self, pair: PicturePair) -> FrameOutputs | None:
        """Return what is made of a pair, None where it is dropped."""
        made: FrameOutputs | None = None
        try:
            made = run_on_device(self._estimate, pair)
        except BadFrame as error:
            self._drop(error.reason, str(error))
        except FileError as error:
            self._drop(UNREADABLE, str(error))
        if self._model.next_pause:
            self._model.between_frames()
        return made

    def _estimate(self, pair: PicturePair) -> FrameOutputs:
        settings, estimator, time_of = self._settings, self._model.estimator, self._stages.time
        with time_of('read'):
            frame = _read(pair)
        with time_of('prepare'):
            prepared = estimator.prepare(frame, settings.prompt, settings.output, self._history)
        with time_of('infer'):
            (network_depth_m,) = estimator.infer([prepared])
        with time_of('restore'):
            depth = estimator.restore(prepared, network_depth_m, settings.output)
            require_trust(depth, settings.trust)
        return FrameOutputs(frame, depth, settings)

    def _drop(self, reason: str, text: str) -> None:
        self._drops[reason] += 1
        self._first_reason = self._first_reason or text

    def _losses(self) -> Iterator[str]:
        images, unpaired = self._choice.images, self._choice.drops[Loss.UNPAIRED.value]
        if unpaired > LOST_AT_MOST * images:
            yield (
                f'{unpaired} of {images} images have no depth picture: none has the same name, or '
                f'in the lists of TUM none is within {TUM_TOLERANCE_SEC * 1e3:.0f} ms'
            )
        lost, count = self._drops.total(), len(self._pairs)
        if lost > LOST_AT_MOST * count:
            yield (
                f'{lost} of {count} pairs have no depth ({listed(self._drops)}); the first: '
                f'{self._first_reason}'
            )


def listed(counts: Mapping[str, int]) -> str:
    """Return counts by their names as text."""
    return ', '.join(f'{count} {name}' for name, count in counts.items())


def _settings_of(recipe: Recipe) -> Settings:
    """Return the settings of the only camera that a folder of pictures has.

    Raises:
        BagError: a setting needs what pictures have not.
    """
    if len(recipe.of_cameras) > 1:
        raise BagError('a folder of pictures is of one camera; leave out --cameras')
    (settings,) = recipe.of_cameras.values()
    if settings.input.min_confidence:
        raise BagError(
            f'input.min_confidence {settings.input.min_confidence:g} needs a confidence, which '
            'folders of pictures do not have; set input.min_confidence:=0'
        )
    return settings


def _read(pair: PicturePair) -> Frame:
    """Read one frame.

    Raises:
        FileError: a picture is damaged, or they are not of one view.
    """
    depth = pair.sensor or pair.depth
    image, sensor_depth_m = read_image_file(pair.image), read_depth_file(depth, pair.scale_m)
    require_files_of_same_view(pair.image, image.shape[:2], depth, sensor_depth_m.shape)
    return Frame(pair.stamp_ns, '', image, sensor_depth_m)
