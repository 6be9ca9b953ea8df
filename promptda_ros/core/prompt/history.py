# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the sensor measured just before, averaged in where nothing moves: a still table is still.

The newest measurement always weighs at least 1 / (smoothing + 1), so that even a motion too slow
to be noticed lags by no more than `smoothing` frames. Every one beyond noise is shown at once, a
hole stays a hole, and what was measured before the hole is forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from promptda_ros.core.frame import ByteImage, FloatImage, Frame, Mask
from promptda_ros.core.prompt.prompt import Measured
from promptda_ros.core.settings.depth import PromptSettings

# At fewer frames a second too much can happen between two of them.
OLDEST_NS = 250_000_000
# Change of depth (relative) that noise explains: so many of its median, which is 3.5 standard
# deviations of Gaussian noise, but at least a step of a sensor that counts millimetres, and at
# most the height of a small thing; what is lower is told by its colour.
MEDIANS_OF_NOISE = 4.5
LEAST_GATE, LARGEST_GATE = 0.005, 0.05
# Change of colour (levels of 255, mean of some 16 pixels) that is more than a camera's noise.
PICTURE_STEP = 8
# The camera moves, or all is new, when a larger share changed.
SCENE_CHANGE = 0.3


@dataclass(frozen=True)
class Moment:
    """What is known after one frame."""

    stamp_ns: int
    settings: PromptSettings
    picture: ByteImage  # (h, w, 3) the image at the size of the prompt
    newest_m: FloatImage  # (h, w)
    average_m: FloatImage  # (h, w)
    frames: FloatImage  # (h, w) how many the average stands for, 0 where newest_m is a hole

    def leads_to(self, now: Moment) -> bool:
        """Return whether the other moment follows soon in the same stream."""
        return (
            0 < now.stamp_ns - self.stamp_ns <= OLDEST_NS
            and self.newest_m.shape == now.newest_m.shape
            and self.settings == now.settings
        )


class DepthHistory:
    """Remembers one stream; not for several threads at once."""

    def __init__(self) -> None:
        self._last: Moment | None = None

    def clear(self) -> None:
        """Forget everything, because another stream begins."""
        self._last = None

    @property
    def averaged_fraction(self) -> float:
        """Share of the prompt that rests on more than one frame; any thread may ask."""
        last = self._last
        return 0.0 if last is None else float((last.frames > 1).mean())

    def average(self, found: Measured, frame: Frame, settings: PromptSettings) -> Measured:
        """Return what was found in the frame, averaged with what was found before it."""
        if settings.smoothing == 0:
            self.clear()
            return found
        newest = found.kept
        height, width = newest.depth_m.shape
        # The mean of few pixels shows motion as well as that of all, ten times as fast.
        few = cv2.resize(frame.image, (2 * width, 2 * height), interpolation=cv2.INTER_NEAREST)
        small = cv2.resize(few, (width, height), interpolation=cv2.INTER_AREA)
        now = Moment(
            stamp_ns=frame.stamp_ns,
            settings=settings,
            picture=np.asarray(cv2.blur(small, (3, 3)), np.uint8),
            newest_m=newest.depth_m,
            average_m=newest.depth_m,
            frames=newest.measured.astype(np.float32),
        )
        before = self._last
        if before is not None and before.leads_to(now):
            now = _join(before, now)
        self._last = now
        return replace(found, kept=replace(newest, depth_m=now.average_m))


def _join(before: Moment, now: Moment) -> Moment:
    if np.array_equal(before.newest_m, now.newest_m):
        # One depth serves several images: it is not to be counted again.
        return replace(before, stamp_ns=now.stamp_ns, picture=now.picture)
    still = _still(before, now)
    frames = np.where(still, np.minimum(before.frames + 1, now.settings.smoothing + 1), now.frames)
    average_m = before.average_m + (now.newest_m - before.average_m) / np.maximum(frames, 1)
    return replace(now, average_m=np.where(still, average_m, now.newest_m), frames=frames)


def _still(before: Moment, now: Moment) -> Mask:
    """Mark the pixels (h, w) where neither depth nor colour changed by more than noise."""
    both: Mask = (before.frames > 0) & (now.frames > 0)
    looks_still = both & _same_colour(before.picture, now.picture)
    step_m = np.abs(now.newest_m - before.average_m)
    change = np.divide(step_m, before.average_m, out=np.zeros_like(step_m), where=both)
    still: Mask = looks_still & (change <= _gate(change, looks_still))
    if still.sum() < (1 - SCENE_CHANGE) * both.sum():
        return np.zeros_like(still)
    return still


def _same_colour(before: ByteImage, now: ByteImage) -> Mask:
    same: Mask = cv2.inRange(cv2.absdiff(before, now), (0, 0, 0), (PICTURE_STEP,) * 3) > 0
    return same


def _gate(change: FloatImage, looks_still: Mask) -> float:
    """Return the largest change that is noise, judged by the typical one of this frame."""
    some = change[::2, ::2][looks_still[::2, ::2]]  # enough for a median
    noise = float(np.median(some)) if some.size else 0.0
    return min(max(MEDIANS_OF_NOISE * noise, LEAST_GATE), LARGEST_GATE)
