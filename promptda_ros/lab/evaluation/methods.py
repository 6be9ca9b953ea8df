# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Everything that turns an image and sensor depth into dense depth, behind one signature.

All baselines but `nearest` see the hole-filled sensor depth that the network sees. Their
parameters were chosen by MAE on validation scenes of the cell, never on held-out ones
(docs/metrics.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar, Protocol

import cv2
import numpy as np

from promptda_ros.core.depth_space import DepthSpace, METRES
from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import ByteImage, FloatImage, Frame
from promptda_ros.core.geometry.aspect import same_aspect
from promptda_ros.core.geometry.enlarge import enlarge_bilinear, enlarge_nearest
from promptda_ros.core.prompt.history import DepthHistory
from promptda_ros.core.prompt.prompt import condition
from promptda_ros.core.settings.schema import Settings

FILTERS_MISSING = 'not installed: pip install -r requirements/filters.txt'
# A pixel of the bilateral filter costs the square of its diameter.
DIAMETER_AT_MOST_PX = 31
MOST_REPEATS = 16
PERIOD_NS = 33_333_333  # of a video


class Method(Protocol):
    """Any method that can be evaluated."""

    @property
    def name(self) -> str:
        """Return the name in tables."""

    @property
    def space(self) -> DepthSpace:
        """Return the space of its output."""

    def __call__(self, image: ByteImage, sensor_depth_m: FloatImage) -> FloatImage:
        """Return metres (H, W), NaN unknown, of an image (H, W, 3) and sensor depth (h, w).

        Raises:
            BadFrame: the method can't answer at all.
        """


@dataclass(frozen=True)
class Baseline:
    """What works on metres, without a network."""

    settings: Settings
    space: ClassVar[DepthSpace] = METRES


@dataclass(frozen=True)
class Nearest(Baseline):
    """Sensor depth, upsampled as blocks; holes stay holes."""

    name: str = 'nearest'

    def __call__(self, image: ByteImage, sensor_depth_m: FloatImage) -> FloatImage:
        """Enlarge every measurement as a block."""
        return enlarge_nearest(sensor_depth_m, image.shape[:2])


@dataclass(frozen=True)
class HoleFill(Baseline):
    """The nearest measurement in place of every hole and stray pixel, enlarged as blocks."""

    name: str = 'hole_fill'

    def __call__(self, image: ByteImage, sensor_depth_m: FloatImage) -> FloatImage:
        """Fill holes, then enlarge every pixel as a block."""
        filled_m = condition(sensor_depth_m, self.settings.prompt).depth_m
        return enlarge_nearest(filled_m, image.shape[:2])


@dataclass(frozen=True)
class FullResolution(Baseline):
    """The hole-filled sensor depth at the sensor's own size, which others reduce."""

    name: str = 'full_resolution'

    def __call__(self, image: ByteImage, sensor_depth_m: FloatImage) -> FloatImage:
        """Fill holes at the sensor's own size, then interpolate."""
        own = replace(self.settings.prompt, max_long_side=max(sensor_depth_m.shape))
        return enlarge_bilinear(condition(sensor_depth_m, own).depth_m, image.shape[:2])


@dataclass(frozen=True)
class Bilinear(Baseline):
    """The hole-filled sensor depth, interpolated."""

    name: str = 'bilinear'

    def __call__(self, image: ByteImage, sensor_depth_m: FloatImage) -> FloatImage:
        """Fill holes, then interpolate."""
        prompt = condition(sensor_depth_m, self.settings.prompt)
        return enlarge_bilinear(prompt.depth_m, image.shape[:2])


@dataclass(frozen=True)
class JointBilateral(Baseline):
    """Bilinear depth, averaged over neighbours of similar colour."""

    name: str = 'joint_bilateral'
    sigma_colour: float = 15.0  # sum of the differences of three channels, of 255 each
    sigma_pitches: float = 2.5  # reach in pixels of the sensor

    def __call__(self, image: ByteImage, sensor_depth_m: FloatImage) -> FloatImage:
        """Filter interpolated depth, guided by the image's colours."""
        prompt = condition(sensor_depth_m, self.settings.prompt)
        sigma_px = self.sigma_pitches * image.shape[1] / prompt.depth_m.shape[1]
        filtered_m: FloatImage = cv2.ximgproc.jointBilateralFilter(
            joint=image.astype(np.float32),
            src=enlarge_bilinear(prompt.depth_m, image.shape[:2]),
            d=min(2 * round(1.5 * sigma_px) + 1, DIAMETER_AT_MOST_PX),
            sigmaColor=self.sigma_colour,
            sigmaSpace=sigma_px,
        )
        return filtered_m


@dataclass(frozen=True)
class Guided(Baseline):
    """Bilinear depth as a function of colour, linear within a window."""

    name: str = 'guided'
    radius_pitches: float = 0.5  # in pixels of the sensor
    epsilon: float = 0.01  # a spread of colours far below it is no edge; 1 is white

    def __call__(self, image: ByteImage, sensor_depth_m: FloatImage) -> FloatImage:
        """Filter interpolated depth, guided by the image."""
        prompt = condition(sensor_depth_m, self.settings.prompt)
        pitch_px = image.shape[1] / prompt.depth_m.shape[1]
        filtered_m: FloatImage = cv2.ximgproc.guidedFilter(
            guide=image.astype(np.float32) / 255,
            src=enlarge_bilinear(prompt.depth_m, image.shape[:2]),
            radius=max(1, round(self.radius_pitches * pitch_px)),
            eps=self.epsilon,
        )
        return filtered_m


@dataclass(frozen=True)
class NetworkMethod:
    """A network as the node runs it."""

    settings: Settings
    name: str
    estimator: Estimator

    @property
    def space(self) -> DepthSpace:
        """Return the space of the network's output."""
        return self.estimator.space

    def __call__(self, image: ByteImage, sensor_depth_m: FloatImage) -> FloatImage:
        """Predict the depth of one frame that stands alone."""
        return self.answer(image, sensor_depth_m, stamp_ns=0, history=None)

    def answer(
        self,
        image: ByteImage,
        sensor_depth_m: FloatImage,
        *,
        stamp_ns: int,
        history: DepthHistory | None,
    ) -> FloatImage:
        """Return metres (H, W) of one frame, which stands alone without a history."""
        depth_m = in_shape_of(image, sensor_depth_m)
        frame = Frame(stamp_ns=stamp_ns, frame_id='', image=image, sensor_depth_m=depth_m)
        prompt, output = self.settings.prompt, self.settings.output
        prepared = self.estimator.prepare(frame, prompt, output, history)
        (answer,) = self.estimator.infer([prepared])
        return self.estimator.restore(prepared, answer, output).depth_m


class NetworkOnVideo:
    """The same on one stream, where the node averages over time what doesn't move."""

    def __init__(self, network: NetworkMethod) -> None:
        self.name = network.name
        self.space = network.space
        self._network = network
        self._history = DepthHistory()
        self._stamp_ns = 0

    def __call__(self, image: ByteImage, sensor_depth_m: FloatImage) -> FloatImage:
        """Predict the depth of the next frame of the video."""
        self._stamp_ns += PERIOD_NS
        return self._network.answer(
            image, sensor_depth_m, stamp_ns=self._stamp_ns, history=self._history
        )


def in_shape_of(image: ByteImage, sensor_depth_m: FloatImage) -> FloatImage:
    """Repeat rows and columns until the picture has the image's shape.

    The grid of a zone sensor is square where the image is not; as a registered depth image, which
    is what the node takes, each zone is a block.
    """
    height, width = image.shape[:2]
    rows, columns = sensor_depth_m.shape
    if same_aspect((height, width), sensor_depth_m.shape):
        return sensor_depth_m
    shape = Fraction(height * columns, width * rows).limit_denominator(MOST_REPEATS)
    return sensor_depth_m.repeat(shape.numerator, axis=0).repeat(shape.denominator, axis=1)


BASELINES: dict[str, Callable[[Settings], Method]] = {
    'nearest': Nearest,
    'hole_fill': HoleFill,
    'full_resolution': FullResolution,
    'bilinear': Bilinear,
    'joint_bilateral': JointBilateral,
    'guided': Guided,
}
FILTERS = ('joint_bilateral', 'guided')


def filters_installed() -> bool:
    """Return whether OpenCV has its contributed filters; the usual package has not."""
    return hasattr(cv2, 'ximgproc')
