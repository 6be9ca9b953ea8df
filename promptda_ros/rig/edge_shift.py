# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether depth lies where the picture shows things: by how many pixels their edges are apart.

Most edges of a picture are texture and no edges of depth, so that only many together tell. The
parts of the picture are matched one by one: how far the result moves without one of them is how
far it can be trusted.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from promptda_ros.core.frame import ByteImage, FloatImage, Size
from promptda_ros.rig.edges import depth_edges, picture_edges

LONGEST_SIDE = 640  # pixels; a larger picture is reduced
REACH = 0.05  # share of the longer side within which the shift is looked for
PARTS = (3, 4)  # down and across
LEAST_EDGES = 1.0  # summed contrast of a part with edges
LEAST_PARTS = 4  # with edges; fewer may be one object
LEAST_LEAD = 0.25  # share of the best match by which every other one must be worse
MOST_ERROR = 0.005  # share of the longer side
COARSEST = 3  # sensor pixels within the reach
MOST_CELLS = 0.6  # pixels of the depth, whose edges are as coarse as they are

Form = tuple[tuple[int, ...], tuple[int, ...]]  # sizes of picture and depth


@dataclass(frozen=True)
class EdgeShift:
    """How far edges of depth lie from the same edges of the picture, in its pixels."""

    across_px: float  # positive: depth lies too far to the right
    down_px: float  # positive: depth lies too low
    error_px: float  # standard error
    cell_px: float  # pixels of the picture that one of the depth covers
    longest_side: int  # pixels of the picture

    @property
    def px(self) -> float:
        """Return the length of the shift."""
        return math.hypot(self.across_px, self.down_px)

    def most_px(self, share: float) -> float:
        """Return the most that is allowed: this share of the longer side, but for coarse depth."""
        return max(share * self.longest_side, MOST_CELLS * self.cell_px)

    @property
    def where(self) -> str:
        """Say on which side the depth lies."""
        across = f'{abs(self.across_px):.1f} {"right" if self.across_px > 0 else "left"}'
        return f'{across}, {abs(self.down_px):.1f} {"down" if self.down_px > 0 else "up"}'


class EdgeShiftMeter:
    """Takes pictures with depth that should be registered to them; all of one size."""

    def __init__(self) -> None:
        self._form: Form | None = None
        self._sums = np.zeros(0)
        self._weights = np.zeros(0)

    def add(self, image: ByteImage, depth_m: FloatImage) -> None:
        """Take a picture (H, W, 3) and its depth (h, w) in metres, NaN unknown."""
        form = image.shape[:2], depth_m.shape
        if form != (self._form or form):
            return
        size = _working_size(*form[0])
        self._add(form, *_match(picture_edges(image, size), depth_edges(depth_m, size)))

    def join(self, other: EdgeShiftMeter) -> None:
        """Take what another meter has taken."""
        if other._form is not None and other._form == (self._form or other._form):
            self._add(other._form, other._sums, other._weights)

    def result(self) -> EdgeShift | None:
        """Return the shift; None where the edges do not tell it, as on a flat scene."""
        used = self._weights > 0
        if self._form is None or used.sum() < LEAST_PARTS:
            return None
        (height, width), sensor = self._form
        rows, columns = _working_size(height, width)
        cell_px = max(rows / sensor[0], columns / sensor[1])
        reach = _reach(rows, columns)
        if COARSEST * cell_px > reach:
            return None
        found = _Fit(self._sums[used], cell_px).solve()
        if found is None:
            return None
        (across, down), error = found
        if error > MOST_ERROR * max(rows, columns):
            return None
        scale = max(height, width) / max(rows, columns)
        return EdgeShift(
            across_px=across * scale,
            down_px=down * scale,
            error_px=error * scale,
            cell_px=cell_px * scale,
            longest_side=max(height, width),
        )

    def _add(self, form: Form, sums: NDArray[np.float64], weights: NDArray[np.float64]) -> None:
        if self._form is None:
            self._form, self._sums, self._weights = form, sums, weights
        else:
            self._sums, self._weights = self._sums + sums, self._weights + weights


class _Fit:
    """Finds the best match of all parts together."""

    def __init__(self, sums: NDArray[np.float64], cell_px: float) -> None:
        self._sums = sums
        self._reach = sums.shape[1] // 2
        self._blur_px = max(1.0, cell_px / 4)
        self._peak_px = max(self._reach / 4, 2 * cell_px)

    def solve(self) -> tuple[tuple[float, float], float] | None:
        """Return the shift of depth and its error, None where several match about as well."""
        total = self._sums.sum(axis=0)
        surface = self._smooth(total)
        across, down = self._peak(surface)
        if not self._leads(surface, across, down):
            return None
        without = [self._peak(self._smooth(total - part)) for part in self._sums]
        count = len(without)
        variance = (count - 1) * np.var(without, axis=0).sum()  # jackknife
        return (-across, -down), math.sqrt(variance)

    def _smooth(self, surface: NDArray[np.float64]) -> NDArray[np.float64]:
        smooth: NDArray[np.float64] = cv2.GaussianBlur(surface, (0, 0), self._blur_px)
        return smooth

    def _peak(self, surface: NDArray[np.float64]) -> tuple[float, float]:
        """Return where the surface is highest, across and down from its middle."""
        row, column = np.unravel_index(int(surface.argmax()), surface.shape)
        across = column + _vertex(surface[row], int(column)) - self._reach
        return float(across), float(row + _vertex(surface[:, column], int(row)) - self._reach)

    def _leads(self, surface: NDArray[np.float64], across: float, down: float) -> bool:
        """Tell whether the best match is within the reach, and all away from it are worse."""
        if max(abs(across), abs(down)) > self._reach - 1:
            return False
        from_middle = np.arange(-self._reach, self._reach + 1)
        away = np.hypot(from_middle - across, from_middle[:, None] - down) > self._peak_px
        best = surface.max()
        return bool(best > 0 and best - surface[away].max() >= LEAST_LEAD * best)


def _working_size(height: int, width: int) -> Size:
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    return round(height * scale), round(width * scale)


def _reach(rows: int, columns: int) -> int:
    return max(1, round(REACH * max(rows, columns)))


def _match(
    picture: FloatImage, depth: FloatImage
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Match each part of the depth with the picture around it.

    Returns for each part how well it matches at every shift (parts, rows, columns), weighted by
    its edges, and these weights.
    """
    rows, columns = picture.shape[:2]
    reach = _reach(rows, columns)
    side = 2 * reach + 1
    sums, weights = [], []
    downs, acrosses = (
        np.linspace(reach, length - reach, parts + 1).astype(int)
        for length, parts in zip((rows, columns), PARTS, strict=True)
    )
    for top, bottom in pairwise(downs):
        for left, right in pairwise(acrosses):
            part = depth[top:bottom, left:right]
            contrast = float(np.square(part - part.mean(axis=(0, 1))).sum())
            around = picture[top - reach : bottom + reach, left - reach : right + reach]
            has_edges = contrast >= LEAST_EDGES
            weights.append(math.sqrt(contrast) if has_edges else 0.0)
            sums.append(
                weights[-1] * cv2.matchTemplate(around, part, cv2.TM_CCOEFF_NORMED)
                if has_edges
                else np.zeros((side, side))
            )
    return np.array(sums, np.float64), np.array(weights)


def _vertex(values: NDArray[np.float64], at: int) -> float:
    """Return how far from the highest value the parabola through its neighbours is highest."""
    if at in (0, len(values) - 1):
        return 0.0
    before, highest, after = values[at - 1 : at + 2]
    bend = before - 2 * highest + after
    return float(0.5 * (before - after) / bend) if bend < 0 else 0.0
