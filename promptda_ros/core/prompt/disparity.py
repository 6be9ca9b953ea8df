# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether depth is the inverse of depth: a disparity, or the output of a network taken for metres.

In a pinhole image the inverse depth of a plane is linear in the pixels, its depth is not. Where
values themselves are linear over a large slanted area, they are no depth of any plane.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from promptda_ros.core.frame import BadFrame, FloatImage

Floats = npt.NDArray[np.float64]

PERIOD_NS = 5_000_000_000
LEAST_PIXELS = 500  # among fewer, as of zones, chance finds planes
PIXELS = 1500
TRIES = 200
TOLERANCE = 0.006  # of the values; about the noise of a depth sensor
# What must be linear: a share of the pixels, from one value to so many times that value, and so
# many times as many as are linear in the inverse. Real depth reaches 1.1 times, its inverse 3.
LEAST_SHARE = 0.2
LEAST_RATIO = 1.4
LEAST_LEAD = 2.0


def period_of(stamp_ns: int) -> int:
    """Return the number of the five seconds in which one frame is checked."""
    return stamp_ns // PERIOD_NS


class DisparityWatch:
    """Checks the first depth of every five seconds, and each frame after a bad one.

    The seconds are those of the stamps, not since the stream began: where a recording is cut
    between two of them, the same frames are checked.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Check the next frame, as listening restarts."""
        self._clean_period: int | None = None

    def check(self, depth_m: FloatImage, stamp_ns: int) -> None:
        """Take the depth (h, w) of the next frame.

        Raises:
            BadFrame: it looks like disparity or inverse depth.
        """
        period = period_of(stamp_ns)
        if period == self._clean_period:
            return
        self._clean_period = None
        refuse_disparity(depth_m)
        self._clean_period = period


def refuse_disparity(depth_m: FloatImage) -> None:
    """Refuse values (h, w) that are linear where depth can't be.

    Raises:
        BadFrame: they look like disparity or inverse depth.
    """
    linear, ratio = _largest_plane(*_sample(depth_m))
    if linear < LEAST_SHARE or ratio < LEAST_RATIO:
        return
    with np.errstate(divide='ignore'):
        inverse, _ = _largest_plane(*_sample(1.0 / depth_m))
    if linear < LEAST_LEAD * inverse:
        return
    raise BadFrame(
        'inverse_depth',
        f'{linear:.0%} of the depth is linear in the pixels and {inverse:.0%} of its inverse is: '
        'it looks like disparity or inverse depth, which is larger for nearer objects; publish '
        'depth in metres along the optical axis (for stereo: focal length * baseline / '
        'disparity), or set trust.gate:=false if it is depth in metres',
    )


def _sample(values: FloatImage) -> tuple[Floats, Floats]:
    """Return some known pixels (N, 3), the last column 1, and their values (N,)."""
    rows, columns = np.nonzero(np.isfinite(values) & (values > 0))
    random = np.random.default_rng(len(rows))
    if len(rows) > PIXELS:
        picks = random.choice(len(rows), PIXELS, replace=False)
        rows, columns = rows[picks], columns[picks]
    pixels = np.stack((columns, rows, np.ones_like(rows)), axis=1).astype(np.float64)
    return pixels, values[rows, columns].astype(np.float64)


def _largest_plane(pixels: Floats, values: Floats) -> tuple[float, float]:
    """Return the share of the values that one plane explains, and their greatest over least."""
    if len(values) < LEAST_PIXELS:
        return 0.0, 1.0
    triples = np.random.default_rng(len(values)).integers(len(values), size=(TRIES, 3))
    corners = pixels[triples]
    spans = np.abs(np.linalg.det(corners)) > 1.0  # not on one line
    planes = np.linalg.solve(corners[spans], values[triples[spans]][..., None])[..., 0]
    fits = np.abs(planes @ pixels.T - values) < TOLERANCE * values  # (tries, N)
    if not len(fits):
        return 0.0, 1.0
    explained = values[fits[np.argmax(fits.sum(axis=1))]]
    low, high = np.quantile(explained, (0.02, 0.98))
    return len(explained) / len(values), float(high / low)
