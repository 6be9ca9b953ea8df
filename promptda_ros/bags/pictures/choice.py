# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which pairs of a folder are worked on; needs no torch."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
import math
from pathlib import Path

from promptda_ros.bags.files import BagError
from promptda_ros.bags.planning.plan import PASSED_OVER
from promptda_ros.bags.planning.stamps import OUTSIDE
from promptda_ros.bags.processing.recipe import Recipe
from promptda_ros.core.pairing.stream import Loss
from promptda_ros.messages.picture_folders import (
    count_images,
    find_pairs,
    PicturePair,
    TUM_TOLERANCE_SEC,
)


@dataclass(frozen=True)
class Choice:
    """The pairs to work on, and why there is no depth for the other images."""

    images: int
    pairs: list[PicturePair]
    drops: Counter[str]


def choose_pairs(folder: Path, recipe: Recipe) -> Choice:
    """Return the pairs between --start and --end, every n-th of them.

    Raises:
        BagError: there are none, or pictures without stamps lie at no time.
        FileError: a list of files can't be read.
    """
    found = find_pairs(folder)
    if not found:
        raise BagError(
            f'{folder} has no image with depth: none has the same name, or in the lists of TUM '
            f'none is within {TUM_TOLERANCE_SEC * 1e3:.0f} ms'
        )
    images = count_images(folder, found)
    inside = _between(found, recipe.start_sec, recipe.end_sec)
    pairs = inside[:: recipe.every]
    if not pairs:
        last_sec = (max(pair.stamp_ns for pair in found) - _first_ns(found)) / 1e9
        raise BagError(
            f'{folder}: none of {len(found)} pairs of pictures lies between --start and --end: '
            f'set them within its {last_sec:.1f} s'
        )
    drops = {
        Loss.UNPAIRED.value: images - len(found),
        OUTSIDE: len(found) - len(inside),
        PASSED_OVER: len(inside) - len(pairs),
    }
    return Choice(images, pairs, Counter({name: count for name, count in drops.items() if count}))


def _between(
    pairs: list[PicturePair], start_sec: float | None, end_sec: float | None
) -> list[PicturePair]:
    if start_sec is None and end_sec is None:
        return pairs
    if not all(pair.stamp_ns for pair in pairs):
        raise BagError(
            '--start and --end need stamps, and these pictures have none: leave them out, or list '
            'the pictures in rgb.txt and depth.txt as TUM does'
        )
    first_ns = _first_ns(pairs)
    begin_ns = first_ns + (start_sec or 0.0) * 1e9
    end_ns = math.inf if end_sec is None else first_ns + end_sec * 1e9
    return [pair for pair in pairs if begin_ns <= pair.stamp_ns < end_ns]


def _first_ns(pairs: list[PicturePair]) -> int:
    return min(pair.stamp_ns for pair in pairs)
