# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""By how much the clocks of image and depth differ: from a motion that both have seen.

The stamps say when each saw the camera where. The depth is shifted in time until its motion
fits that of the pictures best. How far the result moves without a part of the time is how far it
can be trusted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
import math

import numpy as np
from numpy.typing import NDArray

from promptda_ros.core.frame import ByteImage, Frame
from promptda_ros.core.pairing.pairing import NANOSECONDS
from promptda_ros.rig.motion import KINDS, PictureMotion
from promptda_ros.rig.sight import Unmeasured

REACH_SEC = 0.3  # within which the offset is looked for, and no more than a share of the time
REACH_SHARE = 0.2
STEP_SEC = 0.005
LEAST_STEPS = 16
LEAST_RATE = 5.0  # frames per second: between slower ones most motion is not seen
SPAN_SEC, SPAN_STEPS = 0.1, 3  # over which motion is compared: against noise
MOVED = 0.01  # share of the longer side of the board's picture; less is a camera that is still
LEAST_MOTION = 0.0005  # the same in SPAN_SEC
LEAST_CORRELATION = 0.7
LEAST_LEAD = 0.05  # of the best correlation before others
SUMMIT_SEC = 0.04  # on either side of the best offset, where the correlation is a parabola
PARTS = 6  # of the time
MOST_ERROR_SEC = 0.02

Series = NDArray[np.float64]


@dataclass(frozen=True)
class ClockOffset:
    """How much later the depth was stamped than an image of the same moment."""

    sec: float
    error_sec: float  # standard error
    correlation: float  # of both motions at that offset
    motion: str  # what told it: one of KINDS
    gap_sec: float = 0.0  # from an image to the nearest depth, once the offset is made up for


class ClockOffsetMeter:
    """Takes frames that follow each other."""

    def __init__(self) -> None:
        self._picture = PictureMotion()
        self._image_ns: list[int] = []
        self._depth_ns: list[int] = []
        self._steps: list[Series] = []
        self._places: list[Series] = []

    def add(self, frame: Frame, image: ByteImage, place: Series) -> None:
        """Take the part of a frame's image that shows the board, and where the board is."""
        stamp_ns, sensor_ns = frame.stamp_ns, frame.sensor_stamp_ns
        if sensor_ns is None or (self._image_ns and stamp_ns <= self._image_ns[-1]):
            return
        self._image_ns.append(stamp_ns)
        self._depth_ns.append(sensor_ns)
        self._steps.append(self._picture.step(image))
        self._places.append(place)

    @property
    def moved(self) -> bool:
        """Return whether the picture shows that the camera moves."""
        if len(self._steps) < 2:
            return False
        path = np.nancumsum(np.array(self._steps), axis=0)
        return bool(np.ptp(path, axis=0).max() > MOVED)

    def result(self) -> ClockOffset | Unmeasured:
        """Return the offset, or why there is none."""
        if len(self._image_ns) <= LEAST_STEPS:
            return Unmeasured(
                f'{len(self._image_ns)} frames are too few, more than {LEAST_STEPS} are needed; '
                'raise --frames, or record for longer'
            )
        image_sec, depth_sec = self._seconds(self._image_ns), self._seconds(self._depth_ns)
        rate = 1.0 / float(np.median(np.diff(image_sec)))
        if rate < LEAST_RATE:
            return Unmeasured(
                f'{rate:.1f} frames/s are too few to follow a motion, {LEAST_RATE:g} are needed; '
                'record the camera and validate the recording'
            )
        if not np.isfinite(self._steps[1:]).any():
            return Unmeasured('nothing in the picture can be followed; it needs texture')
        if not self.moved:
            return Unmeasured('the camera does not move')
        motion = _Motion(
            image_sec, np.array(self._steps), *_distinct(depth_sec, np.array(self._places))
        )
        if motion.count < LEAST_STEPS:
            return Unmeasured(
                f'the motion was seen over {motion.count} spans of time, {LEAST_STEPS} are '
                'needed; move the camera for longer'
            )
        found = _best([motion.offset_of(kind) for kind in range(len(KINDS))])
        if isinstance(found, Unmeasured):
            return found
        apart_sec = float(np.median(depth_sec - image_sec)) - found.sec
        return replace(found, gap_sec=abs(math.remainder(apart_sec, 1.0 / rate)))

    def _seconds(self, stamps_ns: list[int]) -> Series:
        first_ns = self._image_ns[0]
        return np.array([(stamp_ns - first_ns) / NANOSECONDS for stamp_ns in stamps_ns])


class _Motion:
    """The motion of pictures over spans of time, and where depth was at any time."""

    def __init__(
        self, image_sec: Series, steps: Series, depth_sec: Series, places: Series
    ) -> None:
        self._depth_sec, self._places = depth_sec, places
        period_sec = float(np.median(np.diff(image_sec)))
        span = max(SPAN_STEPS, round(SPAN_SEC / period_sec))
        path = np.cumsum(np.nan_to_num(steps), axis=0)
        broken = np.cumsum(np.isnan(steps[:, 0]))
        begin, end = np.arange(len(path) - span), np.arange(span, len(path))
        lasts = image_sec[end] - image_sec[begin] < 2 * span * period_sec  # without a gap
        self._reach_sec = min(REACH_SEC, REACH_SHARE * float(np.ptp(image_sec)))
        within = (image_sec[begin] - self._reach_sec >= depth_sec[0]) & (
            image_sec[end] + self._reach_sec <= depth_sec[-1]
        )
        used = within & lasts & (broken[begin] == broken[end])
        self._begin_sec, self._end_sec = image_sec[begin][used], image_sec[end][used]
        self._moves = (path[end] - path[begin])[used]

    @property
    def count(self) -> int:
        """Return how many spans are compared."""
        return len(self._begin_sec)

    def offset_of(self, kind: int) -> ClockOffset | Unmeasured:
        """Return the offset that one kind of motion tells."""
        known = np.isfinite(self._places[:, kind])
        moves = self._moves[:, kind]
        if known.sum() < LEAST_STEPS or float(np.std(moves)) < LEAST_MOTION:
            return Unmeasured('the camera hardly moves')
        lags_sec = np.arange(-self._reach_sec, self._reach_sec + STEP_SEC / 2, STEP_SEC)
        depth = np.array(
            [self._depth_moves(self._places[known, kind], known, lag) for lag in lags_sec]
        )
        surface = _correlations(moves, depth)
        found_sec = _peak(lags_sec, surface)
        if found_sec is None:
            return Unmeasured(
                'the motions of picture and depth fit nowhere, or at several offsets'
            )
        parts = np.arange(self.count) * PARTS // self.count
        without = [
            _peak(lags_sec, _correlations(moves[parts != part], depth[:, parts != part]), lead=0.0)
            for part in range(PARTS)
        ]
        told_sec = [each for each in without if each is not None]
        if len(told_sec) < PARTS:
            return Unmeasured(
                f'only {len(told_sec)} of {PARTS} parts of the time tell an offset; move the '
                'camera all the time'
            )
        error_sec = math.sqrt((PARTS - 1) * float(np.var(told_sec)))  # jackknife
        return ClockOffset(found_sec, error_sec, float(surface.max()), KINDS[kind])

    def _depth_moves(self, places: Series, known: NDArray[np.bool_], lag_sec: float) -> Series:
        at_sec = self._depth_sec[known]
        return np.asarray(
            np.interp(self._end_sec + lag_sec, at_sec, places)
            - np.interp(self._begin_sec + lag_sec, at_sec, places)
        )


def _best(found: list[ClockOffset | Unmeasured]) -> ClockOffset | Unmeasured:
    """Return the offset of the motion that both saw best."""
    offsets = [each for each in found if isinstance(each, ClockOffset)]
    if not offsets:
        return found[0]
    best = max(offsets, key=lambda each: each.correlation)
    if best.correlation < LEAST_CORRELATION:
        return Unmeasured(
            f'the motions of picture and depth have a correlation of {best.correlation:.2f}, less '
            f'than {LEAST_CORRELATION}; move the camera nearer and farther, slower than 0.3 m/s'
        )
    if best.error_sec > MOST_ERROR_SEC:
        return Unmeasured(
            f'{best.sec * 1e3:.0f} ms +- {best.error_sec * 1e3:.0f} is too uncertain; move the '
            'camera longer, with several turns'
        )
    return best


def _distinct(at_sec: Series, places: Series) -> tuple[Series, Series]:
    """Return each depth once, in the order of the stamps; one may belong to several images."""
    sec, first = np.unique(at_sec, return_index=True)
    return sec, places[first]


def _correlations(moves: Series, depth: Series) -> Series:
    """Return the correlation of moves (N,) with those of each row of depth (lags, N)."""
    centred, others = moves - moves.mean(), depth - depth.mean(axis=1, keepdims=True)
    size = np.linalg.norm(centred) * np.linalg.norm(others, axis=1)
    return np.asarray(others @ centred / np.maximum(size, 1e-12))


def _peak(lags_sec: Series, surface: Series, lead: float = LEAST_LEAD) -> float | None:
    """Return where the correlation is highest; None at the ends, or where others are as high."""
    best = int(surface.argmax())
    near = np.abs(lags_sec - lags_sec[best]) <= SUMMIT_SEC
    if best in (0, len(surface) - 1) or not near.any():
        return None
    away = surface[np.abs(lags_sec - lags_sec[best]) > 3 * SUMMIT_SEC]
    if len(away) and surface[best] - away.max() < lead:
        return None
    bend, slope, _ = np.polyfit(lags_sec[near] - lags_sec[best], surface[near], 2)
    if bend >= 0:
        return None
    beside_sec = float(np.clip(-slope / (2 * bend), -SUMMIT_SEC, SUMMIT_SEC))
    return float(lags_sec[best]) + beside_sec
