# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which side of its range a sensor reports: beyond it, nearer than it, within it, or unknown.

In sensor depth +inf is beyond and -inf is nearer, as REP 117 has it, and so is every number
outside the range. Zero, NaN and negative numbers are unknown. Only what is unknown may be filled.
"""

from __future__ import annotations

import cv2
import numpy as np

from promptda_ros.core.frame import FloatImage, Mask, Prompt, Reading
from promptda_ros.core.geometry.enlarge import enlarge_mask
from promptda_ros.core.settings.depth import PromptSettings

# Measurements are sparse where fewer than this share of them fill half of a block.
SPARSE_WHERE_LOST = 0.3


def read_sides(depth_m: FloatImage, settings: PromptSettings) -> Reading:
    """Sort sensor depth (h, w) by the side of the range that it is on."""
    # Positive tests, because NaN fails them. The end itself is beyond: a renderer that hits
    # nothing reports its far clip exactly.
    measured = (depth_m >= settings.min_depth) & (depth_m < settings.max_depth)
    beyond = depth_m >= settings.max_depth
    nearer = depth_m < settings.min_depth
    if nearer.any():
        nearer &= (depth_m > 0) | np.isneginf(depth_m)
    return Reading(
        depth_m=np.where(measured, depth_m, np.float32(0)),
        measured=measured,
        beyond=beyond if beyond.any() else None,
        nearer=nearer if nearer.any() else None,
    )


def reduce_reading(reading: Reading, max_long_side: int) -> Reading:
    """Average blocks of measured pixels; a pixel that is not measured has no weight.

    A block that is not measured is out of range where any of its pixels is.
    """
    size = reduced_size(reading.measured.shape, max_long_side)
    weight = _share(reading.measured, size)
    covered = _covered(weight, reading.measured)
    total_m = cv2.resize(reading.depth_m, size[::-1], interpolation=cv2.INTER_AREA)
    reduced = np.divide(total_m, weight, out=np.zeros_like(total_m), where=covered)
    beyond, nearer = (
        None if side is None else (_share(side, size) > 0) & ~covered
        for side in (reading.beyond, reading.nearer)
    )
    return Reading(reduced.astype(np.float32, copy=False), covered, beyond, nearer)


def reduce_mask(mask: Mask, max_long_side: int) -> Mask:
    """Mark the blocks that count as marked pixels, as those of a reading count as measured."""
    return _covered(_share(mask, reduced_size(mask.shape, max_long_side)), mask)


def find_out_of_range(prompt: Prompt, size: tuple[int, ...]) -> Mask | None:
    """Mark the pixels (H, W) whose depth may be outside the sensor's range; None: nowhere."""
    if prompt.blocked is None:
        return None
    marked = fit_side(prompt.blocked, size)
    for side in (prompt.reading.beyond, prompt.reading.nearer):
        if side is not None:
            marked |= fit_side(side, size)
    return marked


def fit_side(side: Mask, size: tuple[int, ...]) -> Mask:
    """Resize a side of the range (h, w) to an image (H, W), so that no pixel of it is lost."""
    rows, columns = (max(sides) for sides in zip(side.shape, size, strict=True))
    enlarged = enlarge_mask(side, (rows, columns))
    if enlarged.shape == size:
        return enlarged
    some: Mask = _share(enlarged, size) > 0
    return some


def reduced_size(size: tuple[int, ...], max_long_side: int) -> tuple[int, int]:
    """Return the size (h, w) of blocks, which is no larger."""
    scale = min(1.0, max_long_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _covered(share: FloatImage, marked: Mask) -> Mask:
    """Tell which blocks are marked, by the marked share of each.

    Under half a block is a border of a hole, where the rest of the block is no good witness;
    unless nearly all are, because measurements are lines or single pixels.
    """
    covered: Mask = share >= 0.5
    if covered.mean() < SPARSE_WHERE_LOST * marked.mean():
        covered = share > 0
    return covered


def _share(mask: Mask, size: tuple[int, ...]) -> FloatImage:
    """Return the marked share of each block, for a size (h, w)."""
    share: FloatImage = cv2.resize(
        mask.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA
    )
    return share
