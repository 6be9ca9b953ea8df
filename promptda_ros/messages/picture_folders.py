# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Folders of colour and depth pictures: TUM RGB-D, Redwood, and plain pairs.

* TUM: rgb.txt and depth.txt list stamps and files; counts of 1/5000 m.
* Redwood and Open3D: color_00000.jpg beside depth_00000.png; millimetres.
* Suffixes: NAME_color beside NAME_depth, files or folders of files; millimetres.
* Pairs: image/, color/ or rgb/ beside depth/ with files of the same names, and sensor/ if a
  sensor's own depth is there too; 16-bit pictures in millimetres.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from promptda_ros.core.errors import FileError
from promptda_ros.messages import millimetres

PICTURES = ('.png', '.jpg', '.jpeg')
TUM_SCALE_M = 1 / 5000
TUM_TOLERANCE_SEC = 0.02
TUM_LISTS = 'rgb.txt', 'depth.txt'
COLOUR, DEPTH = '_color', '_depth'
IMAGE_FOLDERS = ('image', 'color', 'rgb')
EXPECTED = (
    'rgb.txt with depth.txt, nor color_* with depth_*, nor *_color with *_depth, nor image/, '
    'color/ or rgb/ with depth/ and files of the same names'
)


@dataclass(frozen=True)
class PicturePair:
    """The files of one frame."""

    name: str
    image: Path
    depth: Path
    sensor: Path | None = None  # a sensor's own depth, where `depth` is a better one
    scale_m: float = millimetres.METRES  # metres in one count of the depth
    stamp_ns: int = 0  # of the image; 0: it has none


def find_pairs(folder: Path) -> list[PicturePair]:
    """List the frames of whichever of the layouts the folder has; none if it has none of them.

    Raises:
        FileError: a list of files can't be read.
    """
    if all((folder / name).is_file() for name in TUM_LISTS):
        return _tum(folder)
    return _redwood(folder) or _suffixed(folder) or _pairs(folder)


def count_images(folder: Path, pairs: Sequence[PicturePair]) -> int:
    """Count the images of a folder, also those that are in none of its pairs.

    Raises:
        FileError: a list of files can't be read.
    """
    if all((folder / name).is_file() for name in TUM_LISTS):
        return len(listed(folder / TUM_LISTS[0]))
    folders = {pair.image.parent for pair in pairs}
    stems = [stem for each in folders for stem in pictures_in(each)]
    kinds = {_kind(pair.image.stem) for pair in pairs}
    return sum(_kind(stem) in kinds for stem in stems)


def is_picture_folder(folder: Path) -> bool:
    """Tell a folder that has one of the layouts, as far as its names tell."""
    return all((folder / name).is_file() for name in TUM_LISTS) or bool(find_pairs(folder))


def pictures_in(folder: Path) -> dict[str, Path]:
    """List the pictures in a folder by name without ending, sorted."""
    if not folder.is_dir():
        return {}
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES)
    return {path.stem: path for path in paths}


def _tum(folder: Path) -> list[PicturePair]:
    """Give every depth the image nearest in time; each image is used once."""
    images = listed(folder / 'rgb.txt')
    pairs = []
    for stamp_sec, depth in sorted(listed(folder / 'depth.txt').items()):
        nearest_sec = min(images, key=lambda each: abs(each - stamp_sec), default=None)
        if nearest_sec is None or abs(nearest_sec - stamp_sec) > TUM_TOLERANCE_SEC:
            continue
        image, stamp_ns = images.pop(nearest_sec), round(nearest_sec * 1e9)
        pairs.append(PicturePair(depth.stem, image, depth, scale_m=TUM_SCALE_M, stamp_ns=stamp_ns))
    return pairs


def listed(listing: Path) -> dict[float, Path]:
    """Return the files of a list by their stamps in seconds.

    Raises:
        FileError: a line has no stamp.
    """
    lines = [line.split() for line in listing.read_text().splitlines()]
    entries = [words for words in lines if len(words) >= 2 and not words[0].startswith('#')]
    try:
        return {float(stamp): listing.parent / name for stamp, name, *_ in entries}
    except ValueError as error:
        raise FileError(
            f'{listing} has a line that does not begin with a stamp in seconds: {error}'
        ) from None


def _redwood(folder: Path) -> list[PicturePair]:
    pictures = pictures_in(folder)
    numbers = [stem.removeprefix('color_') for stem in pictures if stem.startswith('color_')]
    return [
        PicturePair(number, pictures[f'color_{number}'], pictures[f'depth_{number}'])
        for number in numbers
        if f'depth_{number}' in pictures
    ]


def _suffixed(folder: Path) -> list[PicturePair]:
    """List NAME_color with NAME_depth, and the files of one name in folders called so."""
    found = _suffixed_in(pictures_in(folder))
    for images in sorted(folder.glob(f'*{COLOUR}')):
        name = images.name.removesuffix(COLOUR)
        depths = pictures_in(images.with_name(f'{name}{DEPTH}'))
        found += [
            PicturePair(f'{name}_{stem}', image, depths[stem])
            for stem, image in pictures_in(images).items()
            if stem in depths
        ]
    return found


def _suffixed_in(pictures: Mapping[str, Path]) -> list[PicturePair]:
    stems = [stem.removesuffix(COLOUR) for stem in pictures if stem.endswith(COLOUR)]
    return [
        PicturePair(stem, pictures[f'{stem}{COLOUR}'], pictures[f'{stem}{DEPTH}'])
        for stem in stems
        if f'{stem}{DEPTH}' in pictures
    ]


def _kind(stem: str) -> tuple[bool, bool]:
    """Return what tells images from the depth pictures in the same folder."""
    return stem.startswith('color_'), stem.endswith(COLOUR)


def _pairs(folder: Path) -> list[PicturePair]:
    depths, sensors = pictures_in(folder / 'depth'), pictures_in(folder / 'sensor')
    for name in IMAGE_FOLDERS:
        images = pictures_in(folder / name)
        both = [stem for stem in images if stem in depths]
        if both:
            return [
                PicturePair(stem, images[stem], depths[stem], sensors.get(stem))
                for stem in both
                if stem in sensors or not sensors
            ]
    return []
