# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Distorted pictures -> the pictures that a pinhole camera would have taken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from promptda_ros.core.errors import PromptdaError
from promptda_ros.core.frame import ByteImage, FloatImage, Intrinsics, Mask
from promptda_ros.core.geometry import camera
from promptda_ros.core.geometry.camera_info import STRAIGHT
from promptda_ros.core.peer_text import shorten

# How many coefficients each model of sensor_msgs/distortion_models may have. OpenCV takes more of
# plumb_bob's for those of rational_polynomial, so that a wrong number means other coefficients.
COEFFICIENTS = {
    'plumb_bob': (4, 5),
    'rational_polynomial': (4, 5, 8, 12, 14),  # its first five are those of plumb_bob
    'equidistant': (4,),
}
FISHEYE_MODEL = 'equidistant'
# Names as drivers write them, without case, spaces, dashes and underscores.
MODELS = {
    'plumbbob': 'plumb_bob',
    'rationalpolynomial': 'rational_polynomial',
    **dict.fromkeys(('equidistant', 'fisheye', 'kannalabrandt', 'kannalabrandt4'), FISHEYE_MODEL),
}
BETWEEN_WORDS = str.maketrans('', '', ' -_')
SIZES_KEPT = 4  # image and depth, and those before a change of resolution


class UnknownLens(PromptdaError, ValueError):
    """A distortion that can't be rectified; the text says why."""


@dataclass(frozen=True)
class Lens:
    """The distortion of a lens, and the pinhole camera that replaces it."""

    model: str  # as sensor_msgs/CameraInfo names it
    coefficients: tuple[float, ...]
    distorted: Intrinsics
    rectified: Intrinsics
    rotation: tuple[float, ...] = STRAIGHT  # (9,) row by row: rectified = rotation @ distorted


@dataclass(frozen=True)
class _Maps:
    """The remapping of the pixels of a rectified image of one size."""

    between: tuple[Any, Any]  # whole pixels (H, W, 2) and fractions (H, W), for cv2.remap
    nearest: Any  # (H, W, 2)
    stretch: FloatImage | None  # (H, W) rectified over distorted depth; None where it is 1
    uncovered: Mask | None  # (H, W) what the camera did not see; None where it saw all


class Rectifier:
    """Rectifies images of any size that one lens took."""

    def __init__(self, lens: Lens) -> None:
        """Check the lens; maps are made for each size when it comes first.

        Raises:
            UnknownLens: the model is unknown, or has another number of coefficients.
        """
        self.lens = known_lens(lens)
        self._maps_of = lru_cache(maxsize=SIZES_KEPT)(self._make_maps)

    def image(self, picture: ByteImage) -> ByteImage:
        """Return the rectified picture (H, W, 3); what the camera did not see is black."""
        maps = self._maps_of(*picture.shape[:2])
        found: ByteImage = cv2.remap(picture, *maps.between, cv2.INTER_LINEAR)
        return found

    def depth(self, depth_m: FloatImage) -> FloatImage:
        """Return rectified depth (h, w) whose pixels are those of the distorted image.

        Each pixel takes the nearest one, because a mean of two surfaces lies on neither.
        """
        stretch = self._maps_of(*depth_m.shape).stretch
        found_m = self.distance(depth_m)
        return found_m if stretch is None else found_m * stretch

    def distance(self, distance_m: FloatImage) -> FloatImage:
        """Return rectified distances (h, w) along the rays, which no turn of the axis changes."""
        maps = self._maps_of(*distance_m.shape)
        found_m: FloatImage = cv2.remap(
            distance_m, maps.nearest, None, cv2.INTER_NEAREST, borderValue=float('nan')
        )
        return found_m

    def mask(self, mask: Mask) -> Mask:
        """Return the rectified mask (H, W)."""
        maps = self._maps_of(*mask.shape)
        found = cv2.remap(mask.view(np.uint8), maps.nearest, None, cv2.INTER_NEAREST)
        rectified: Mask = found.view(np.bool_)
        return rectified

    def uncovered(self, height: int, width: int) -> Mask | None:
        """Return which pixels (H, W) show nothing that the camera saw; None for no pixel."""
        return self._maps_of(height, width).uncovered

    def _make_maps(self, height: int, width: int) -> _Maps:
        distorted = camera.resize(self.lens.distorted, width=width, height=height)
        rectified = camera.resize(self.lens.rectified, width=width, height=height)
        rotation = np.reshape(self.lens.rotation, (3, 3))
        lenses = cv2.fisheye if self.lens.model == FISHEYE_MODEL else cv2
        columns, rows = lenses.initUndistortRectifyMap(
            distorted.matrix,
            np.asarray(self.lens.coefficients),
            rotation,
            rectified.matrix,
            (width, height),
            cv2.CV_32FC1,
        )
        places = np.nan_to_num(np.rint(np.stack((columns, rows), axis=2)), nan=-1.0)
        nearest = places.clip(-1, 32767).astype(np.int16)
        covered = (nearest >= 0) & (nearest < (width, height))
        uncovered = ~covered.all(axis=2)
        return _Maps(
            between=cv2.convertMaps(columns, rows, cv2.CV_16SC2),
            nearest=nearest,
            stretch=_stretch(rectified, rotation),
            uncovered=uncovered if uncovered.any() else None,
        )


def known_lens(lens: Lens) -> Lens:
    """Return the lens of a distortion model, with as many coefficients as the model has.

    Zeros at the end say nothing: Orbbec's driver publishes eight of plumb_bob, the T265 five of
    equidistant, others leave out the last of rational_polynomial. Fewer than the least number are
    refused: three of plumb_bob may be k1, k2, p1 or k1, k2, k3.

    Raises:
        UnknownLens: the model is unknown, has another number of coefficients, or no finite ones.
    """
    model = MODELS.get(lens.model.lower().translate(BETWEEN_WORDS))
    if model is None:
        raise UnknownLens(
            f"distortion_model '{shorten(lens.model)}' is unknown; "
            f'known: {", ".join(COEFFICIENTS)}'
        )
    given = lens.coefficients
    if not np.isfinite([*given, *lens.rotation]).all():
        raise UnknownLens(f'{model} has coefficients that are not finite')
    numbers = COEFFICIENTS[model]
    used, surplus = given[: numbers[-1]], given[numbers[-1] :]
    if any(surplus) or len(given) < numbers[0]:
        wanted = ' or '.join(str(number) for number in numbers)
        raise UnknownLens(f'{model} has {len(given)} coefficients, not {wanted}')
    number = next(each for each in numbers if each >= len(used))
    filled = (*used, *(0.0,) * (number - len(used)))
    return replace(lens, model=model, coefficients=filled)


def _stretch(rectified: Intrinsics, rotation: npt.NDArray[np.float64]) -> FloatImage | None:
    """Return by what depth along the optical axis changes where rectifying turns the axis."""
    if np.array_equal(rotation, np.eye(3)):
        return None
    columns, rows = camera.rays(rectified)
    # A point at rectified depth 1 lies at this depth before the camera was turned.
    before = rotation[0, 2] * columns + rotation[1, 2] * rows + rotation[2, 2]
    stretch: FloatImage = (1.0 / before).astype(np.float32)
    return stretch
