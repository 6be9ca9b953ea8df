# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The folder of a result: the pictures as they were, and ours beside, named like the depth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path, PurePath
import shutil
from typing import Protocol

import numpy as np
import numpy.typing as npt

from promptda_ros.bags.files import BagError, files_of
from promptda_ros.bags.processing.recipe import Recipe
from promptda_ros.bags.processing.sink import Written
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.messages import millimetres
from promptda_ros.messages.picture_files import write_picture
from promptda_ros.messages.picture_folders import PicturePair

Pixels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]

DEPTH = 'depth'  # in the names of the pictures that there are
OURS = 'promptda'


def _depth(outputs: FrameOutputs, scale_m: float) -> Pixels:
    return millimetres.counts_of_metres(outputs.image_depth.depth_m, scale_m)


def _uncertainty(outputs: FrameOutputs, scale_m: float) -> Pixels:
    return millimetres.counts_of_metres(outputs.uncertainty_m, scale_m)


def _validity(outputs: FrameOutputs, _scale_m: float) -> Pixels:
    return outputs.validity


def _preview(outputs: FrameOutputs, _scale_m: float) -> Pixels:
    return np.ascontiguousarray(outputs.preview[..., ::-1])  # as OpenCV writes them


# A word of --outputs -> what takes the place of 'depth' in the names, and the pixels
KINDS: dict[str, tuple[str, Callable[[FrameOutputs, float], Pixels]]] = {
    'compressed': (OURS, _depth),
    'mm': (OURS, _depth),
    'validity': ('validity', _validity),
    'uncertainty': ('uncertainty', _uncertainty),
    'preview': ('preview', _preview),
}


class Result(Protocol):
    """Takes what is made of each pair."""

    def add(self, pair: PicturePair, made: FrameOutputs) -> None:
        """Write what belongs to a pair."""

    def close(self) -> Written:
        """Finish."""

    def abandon(self) -> None:
        """Let go of what can't be finished."""

    def notes(self) -> list[str]:
        """Say what was lost."""


class PictureResult:
    """Writes pictures with the names of the depth, beside all that was there."""

    def __init__(self, source: Path, folder: Path, recipe: Recipe) -> None:
        """Begin in an empty folder.

        Raises:
            BagError: an output is no picture.
        """
        self._source, self._folder = source, folder
        self._kinds = dict(_kind_of(word) for word in recipe.outputs)
        self._counts: Counter[str] = Counter()  # by the word in the names
        self._lost = 0  # pixels whose depth is beyond what 16-bit counts can hold
        self._scale_m = millimetres.METRES
        self._listed: dict[str, list[str]] = {}
        self._originals = self._copy() if recipe.copy == 'all' else 0

    def add(self, pair: PicturePair, made: FrameOutputs) -> None:
        """Write the pictures of a frame."""
        for word, pixels_of in self._kinds.items():
            name, pixels = self._name(pair, word), pixels_of(made, pair.scale_m)
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_picture(path, pixels)
            self._counts[word] += 1
            if word == OURS:
                self._scale_m = pair.scale_m
                known = np.isfinite(made.image_depth.depth_m)
                self._lost += int(np.count_nonzero(known & (pixels == 0)))
            if pair.stamp_ns:
                sec, rest_ns = divmod(pair.stamp_ns, 10**9)
                line = f'{sec}.{rest_ns // 1000:06d} {name.as_posix()}'
                self._listed.setdefault(word, []).append(line)

    def close(self) -> Written:
        """Write the lists of a folder that has some, with the stamps of the images."""
        for word, lines in self._listed.items():
            text = '\n'.join([f'# {word} of promptda process', '# timestamp filename', *lines])
            (self._folder / f'{word}.txt').write_text(text + '\n')
        return Written(dict(self._counts), self._originals)

    def abandon(self) -> None:
        """Leave the files as they are."""

    def notes(self) -> list[str]:
        """Say how much depth is too far away for the pictures."""
        limit_m = millimetres.AT_MOST * self._scale_m
        text = (
            f'{self._lost} pixels are unknown because 16-bit counts of {self._scale_m:g} m end at '
            f'{limit_m:.1f} m'
        )
        return [text] if self._lost else []

    def _copy(self) -> int:
        files = files_of(self._source)
        for path in files:
            target = self._folder / path.relative_to(self._source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        return len(files)

    def _name(self, pair: PicturePair, word: str) -> PurePath:
        """Return the name of the depth with another word in place of 'depth'."""
        name = pair.depth.relative_to(self._source).with_suffix('.png')
        before, found, after = name.as_posix().rpartition(DEPTH)
        return PurePath(f'{before}{word}{after}') if found else PurePath(word) / name


class EpisodeResult:
    """Writes an episode of pictures that have stamps."""

    def __init__(self, source: Path, folder: Path, recipe: Recipe) -> None:
        """Begin in an empty folder."""
        from promptda_ros.bags.lerobot.sink import LeRobotSink  # late: it needs pyarrow

        self._source, self._sink = source, LeRobotSink(folder, recipe.task)

    def add(self, pair: PicturePair, made: FrameOutputs) -> None:
        """Add a frame.

        Raises:
            BagError: the pictures have no stamps.
        """
        if not pair.stamp_ns:
            raise BagError(
                f'the pictures of {self._source} have no stamps, which an episode needs; list '
                'them in rgb.txt and depth.txt as TUM does'
            )
        self._sink.frame('', pair.stamp_ns, made)

    def close(self) -> Written:
        """Finish the episode."""
        return self._sink.close()

    def abandon(self) -> None:
        """Close the file as it is."""
        self._sink.abandon()

    def notes(self) -> list[str]:
        """Leave that to the data set."""
        return []


RESULTS: dict[str, Callable[[Path, Path, Recipe], Result]] = {
    'bag': PictureResult,
    'lerobot': EpisodeResult,
}


def _kind_of(word: str) -> tuple[str, Callable[[FrameOutputs, float], Pixels]]:
    if word not in KINDS:
        raise BagError(
            f'--outputs {word} can only be written to a bag; for a folder of pictures there are '
            f'{", ".join(KINDS)}'
        )
    return KINDS[word]
