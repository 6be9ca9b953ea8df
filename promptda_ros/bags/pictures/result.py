# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The folder of a result: the pictures as they were, and ours beside, named like the depth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path, PurePath
import shutil

import numpy as np
import numpy.typing as npt

from promptda_ros.bags.files import BagError
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


def require_kinds(outputs: Collection[str]) -> None:
    """Refuse outputs that are no pictures.

    Raises:
        BagError: there are some.
    """
    wrong = [word for word in outputs if word not in KINDS]
    if wrong:
        raise BagError(
            f'--outputs {",".join(wrong)} can only be written to a bag; for a folder of pictures '
            f'there are {", ".join(KINDS)}'
        )


@dataclass
class PictureResult:
    """Writes what is made of a folder of pictures."""

    source: Path
    folder: Path
    outputs: Collection[str]

    def __post_init__(self) -> None:
        self.counts: Counter[str] = Counter()  # pictures by the word in their names
        self.lost = 0  # pixels whose depth is beyond what 16-bit counts can hold
        self._listed: dict[str, list[str]] = {}

    def copy(self, files: Collection[Path]) -> None:
        """Copy files of the source to the same places."""
        for path in files:
            target = self.folder / path.relative_to(self.source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)

    def add(self, pair: PicturePair, outputs: FrameOutputs) -> None:
        """Write the pictures of a frame."""
        for word, pixels_of in dict(KINDS[each] for each in self.outputs).items():
            name, pixels = self._name(pair, word), pixels_of(outputs, pair.scale_m)
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_picture(path, pixels)
            self.counts[word] += 1
            if word == OURS:
                known = np.isfinite(outputs.image_depth.depth_m)
                self.lost += int(np.count_nonzero(known & (pixels == 0)))
            if pair.stamp_ns:
                sec, rest_ns = divmod(pair.stamp_ns, 10**9)
                line = f'{sec}.{rest_ns // 1000:06d} {name.as_posix()}'
                self._listed.setdefault(word, []).append(line)

    def close(self) -> None:
        """Write the lists of a folder that has some, with the stamps of the images."""
        for word, lines in self._listed.items():
            text = '\n'.join([f'# {word} of promptda process', '# timestamp filename', *lines])
            (self.folder / f'{word}.txt').write_text(text + '\n')

    def _name(self, pair: PicturePair, word: str) -> PurePath:
        """Return the name of the depth with another word in place of 'depth'."""
        name = pair.depth.relative_to(self.source).with_suffix('.png')
        before, found, after = name.as_posix().rpartition(DEPTH)
        return PurePath(f'{before}{word}{after}') if found else PurePath(word) / name
