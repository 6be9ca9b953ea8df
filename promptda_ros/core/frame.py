# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Value types that move from stage to stage: metres, NaN = unknown, optical frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from promptda_ros.core.errors import PromptdaError

if TYPE_CHECKING:  # at run time nothing here needs torch
    from torch import Tensor

FloatImage = npt.NDArray[np.float32]
ByteImage = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Size = tuple[int, ...]  # (height, width)


class BadFrame(PromptdaError, ValueError):
    """A frame that must be dropped: `reason` is the name of its counter, the text says why."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True)
class Intrinsics:
    """Pinhole intrinsics of a rectified image in pixels; pixel centres lie at integers."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float

    @property
    def matrix(self) -> npt.NDArray[np.float64]:
        """Return K (3, 3): a point to its pixel, times the distance ahead."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])


@dataclass(frozen=True)
class Frame:
    """One colour image and the depth registered to it, measured at the same moment."""

    stamp_ns: int
    frame_id: str
    image: ByteImage  # (H, W, 3) RGB
    sensor_depth_m: FloatImage  # (h, w), NaN unknown, +inf beyond range, -inf nearer (REP 117)
    mask: Mask | None = None  # (H, W), True where points are taken out of the clouds
    intrinsics: Intrinsics | None = None  # of the image; without them there are no clouds
    points_withheld: bool = False  # no cloud may be shown, because its mask is missing
    sensor_stamp_ns: int | None = None  # of the depth, as it was stamped; None: not known


@dataclass(frozen=True)
class Reading:
    """What the sensor says at its own resolution (h, w); unknown where nothing is marked."""

    depth_m: FloatImage  # of use only where measured
    measured: Mask
    beyond: Mask | None = None  # nothing up to the end of the range; None: nowhere
    nearer: Mask | None = None  # something nearer than the range begins; None: nowhere


@dataclass(frozen=True)
class Prompt:
    """Sensor depth prepared for the network: complete, inside [near_m, far_m]."""

    depth_m: FloatImage  # (h, w), all finite
    measured: Mask  # (h, w), False where depth_m was filled in
    rejected: Mask  # (h, w), measured but not believed: filled in, and no output may rest on it
    near_m: float
    far_m: float
    reading: Reading
    unsupported: Mask | None = None  # (h, w), too far from every measurement; None: nowhere
    blocked: Mask | None = None  # (h, w), out of range, or a hole next to that; None: nowhere


@dataclass(frozen=True, eq=False)
class OnDevice:
    """The parts of a frame that are still on the network's device, for further computing."""

    depth_m: Tensor  # (H, W), as Depth.depth_m
    image: Tensor  # (any, any, 3), as Frame.image


@dataclass(frozen=True)
class Depth:
    """Dense metric depth of one image, and what it rests on.

    (H, W) is the size of the image, or that of the network's input: output.resolution.
    """

    depth_m: FloatImage  # (H, W), NaN unknown
    prompt: Prompt
    saturated: Mask  # (h, w) as the network sees it, at an end of what the prompt lets it express
    on_device: OnDevice | None = None  # None: nowhere but here
    unexplained: float = 0.0  # by the network itself, of the sensor's variance: unexplained.py

    def with_depth(self, depth_m: FloatImage) -> Depth:
        """Return the same for other depth (H, W) of the same image."""
        return replace(self, depth_m=depth_m, on_device=None)

    @property
    def measured_fraction(self) -> float:
        """Return the share of the prompt that the sensor measured."""
        return float(self.prompt.measured.mean())

    @property
    def beyond_fraction(self) -> float:
        """Return the share of the sensor's pixels beyond its range."""
        return _share(self.prompt.reading.beyond)

    @property
    def nearer_fraction(self) -> float:
        """Return the share of the sensor's pixels that show something nearer than its range."""
        return _share(self.prompt.reading.nearer)

    @property
    def saturated_fraction(self) -> float:
        """Return the share of pixels at either end of what the prompt lets the network express."""
        return float(self.saturated.mean())


def _share(marked: Mask | None) -> float:
    return 0.0 if marked is None else float(marked.mean())
