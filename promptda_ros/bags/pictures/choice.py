# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which pairs of a folder are worked on; needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
import math

from promptda_ros.bags.files import BagError
from promptda_ros.bags.processing.recipe import Recipe
from promptda_ros.messages.picture_folders import PicturePair


def choose_pairs(pairs: Sequence[PicturePair], recipe: Recipe) -> list[PicturePair]:
    """Return the pairs between --start and --end, every n-th of them.

    Raises:
        BagError: pictures without stamps lie at no time.
    """
    start_sec, end_sec = recipe.start_sec, recipe.end_sec
    if start_sec is not None or end_sec is not None:
        if not all(pair.stamp_ns for pair in pairs):
            raise BagError('--start and --end need stamps, and these pictures have none')
        first_ns = min((pair.stamp_ns for pair in pairs), default=0)
        begin_ns = first_ns + (start_sec or 0.0) * 1e9
        end_ns = math.inf if end_sec is None else first_ns + end_sec * 1e9
        pairs = [pair for pair in pairs if begin_ns <= pair.stamp_ns <= end_ns]
    return list(pairs[:: recipe.every])
