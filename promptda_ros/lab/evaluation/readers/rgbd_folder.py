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

from pathlib import Path

from promptda_ros.lab.evaluation.readers.files import FrameFiles, NoFrames, pictures_in

TUM_SCALE_M = 1 / 5000
TUM_TOLERANCE_SEC = 0.02
COLOUR, DEPTH = '_color', '_depth'
IMAGE_FOLDERS = ('image', 'color', 'rgb')


def find_frames(folder: Path) -> list[FrameFiles]:
    """List the frames of whichever of the three layouts the folder has.

    Raises:
        NoFrames: it has none of them.
    """
    folder = folder.absolute()  # its name stands for the sensor, and '.' has none
    if (folder / 'rgb.txt').is_file() and (folder / 'depth.txt').is_file():
        frames = _tum(folder)
    else:
        frames = _redwood(folder) or _suffixed(folder) or _pairs(folder)
    if not frames:
        raise NoFrames(
            f'{folder} has neither rgb.txt with depth.txt, nor color_* with depth_*, nor *_color '
            'with *_depth, nor image/, color/ or rgb/ with depth/ and files of the same names'
        )
    return frames


def _tum(folder: Path) -> list[FrameFiles]:
    """Give every depth the image nearest in time; each image is used once."""
    images = _listed(folder / 'rgb.txt')
    frames = []
    for stamp_sec, depth in sorted(_listed(folder / 'depth.txt').items()):
        nearest_sec = min(images, key=lambda each: abs(each - stamp_sec), default=None)
        if nearest_sec is None or abs(nearest_sec - stamp_sec) > TUM_TOLERANCE_SEC:
            continue
        image = images.pop(nearest_sec)
        frames.append(
            FrameFiles(depth.stem, folder.name, image=image, truth=depth, scale_m=TUM_SCALE_M)
        )
    return frames


def _listed(listing: Path) -> dict[float, Path]:
    lines = [line.split() for line in listing.read_text().splitlines()]
    entries = [words for words in lines if len(words) >= 2 and not words[0].startswith('#')]
    try:
        return {float(stamp): listing.parent / name for stamp, name, *_ in entries}
    except ValueError as error:
        raise NoFrames(
            f'{listing} has a line that does not begin with a stamp in seconds: {error}'
        ) from None


def _redwood(folder: Path) -> list[FrameFiles]:
    pictures = pictures_in(folder)
    numbers = [stem.removeprefix('color_') for stem in pictures if stem.startswith('color_')]
    return [
        FrameFiles(
            number,
            folder.name,
            image=pictures[f'color_{number}'],
            truth=pictures[f'depth_{number}'],
        )
        for number in numbers
        if f'depth_{number}' in pictures
    ]


def _suffixed(folder: Path) -> list[FrameFiles]:
    """List NAME_color with NAME_depth, and the files of one name in folders called so."""
    pairs = [(folder, '')]
    pairs += [(path, path.name.removesuffix(COLOUR)) for path in sorted(folder.glob(f'*{COLOUR}'))]
    return [frame for path, name in pairs for frame in _suffixed_in(folder, path, name)]


def _suffixed_in(folder: Path, images: Path, name: str) -> list[FrameFiles]:
    depths = images.with_name(f'{name}{DEPTH}') if name else images
    colour, depth = ('', '') if name else (COLOUR, DEPTH)
    found, truths = pictures_in(images), pictures_in(depths)
    stems = [stem.removesuffix(colour) for stem in found if stem.endswith(colour)]
    return [
        FrameFiles(
            f'{name}_{stem}' if name else stem,
            folder.name,
            image=found[f'{stem}{colour}'],
            truth=truths[f'{stem}{depth}'],
        )
        for stem in stems
        if f'{stem}{depth}' in truths
    ]


def _pairs(folder: Path) -> list[FrameFiles]:
    depths, sensors = pictures_in(folder / 'depth'), pictures_in(folder / 'sensor')
    for name in IMAGE_FOLDERS:
        images = pictures_in(folder / name)
        both = [stem for stem in images if stem in depths]
        if both:
            return [
                FrameFiles(
                    stem,
                    folder.name,
                    image=images[stem],
                    truth=depths[stem],
                    sensor_depth=sensors.get(stem),
                )
                for stem in both
                if stem in sensors or not sensors
            ]
    return []
